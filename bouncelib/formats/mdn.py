"""Read receipts: message disposition notifications, RFC 8098, and RFC 6533 for utf-8 addresses.

A sample of the machine-readable part:

    Reporting-UA: mail.library.example; Lectern 4.1
    Original-Recipient: rfc822;ann@library.example
    Final-Recipient: rfc822;ann@library.example
    Original-Message-ID: <inv-4410@store.example>
    Disposition: manual-action/MDN-sent-manually; displayed

and, of Exchange 5.5 and Notes, which say it in words alone:

    Subject: Gelesen: Angebot 4411

    Ihre Nachricht
      An: ann@library.example
    wurde gelesen am Wed, 11 Jul 2001 08:19:44 +0200

Source: RFC 8098, section 3; deviations as seen in public test data. Refusals in this shape are Dovecot's and Cyrus':
`dovecot`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bouncelib import address as addresses
from bouncelib.format import Fingerprint, Format
from bouncelib.message import Group, Message, split_groups
from bouncelib.model import Evidence, Kind, Reading
from bouncelib.patterns import late
from bouncelib.signs import fold

_TYPES: Final = ("message/disposition-notification", "message/global-disposition-notification")
_FIELD: Final = late(
    r"(?im)^[ \t]{0,4}disposition[ \t]*:[^\n]{0,200}(?:displayed|deleted|read|processed|dispatched|denied|failed)"
)
# What Outlook puts before the subject in each language, and Notes.
_TITLES: Final = (
    "read:", "not read:", "gelesen:", "ungelesen:", "ungelesen geloscht:", "lu:", "lu :", "non lu:", "non lu :", "leido:",
    "no leido:", "letto:", "non letto:", "gelezen:", "niet gelezen:", "lida:", "lido:", "nao lida:", "last:", "olast:",
    "lest:", "ulest:", "læst:", "ulæst:", "return receipt",
)  # fmt: skip
_TOLD: Final = late(
    r"your message\b.{0,400}? (?:was read on|was deleted without being read)|"
    r"ihre nachricht\b.{0,400}? wurde (?:am .{3,40} )?(?:gelesen|ungelesen geloscht)|"
    r"votre message\b.{0,400}? a ete (?:lu|supprime sans)|"
    r"mensaje\b.{0,400}? (?:se leyo|fue leido|ha sido leido|se elimino sin)|"
    r"messaggio\b.{0,400}? stato (?:letto|eliminato senza)|"
    r"sua mensagem\b.{0,400}? foi (?:lida|excluida sem|eliminada sem)|"
    r"(?:uw|je) bericht\b.{0,400}? is (?:op .{3,40} )?(?:gelezen|verwijderd zonder)|"
    r"meddelande\b.{0,400}? (?:lastes|har lasts)|(?:meddelelse|melding)\b.{0,400}? blev? (?:læst|lest)|"
    # Notes wraps the labels of its table.
    r"document:.{0,300}? received .{0,120}?by:.{0,200}? at:"
)
_ENOUGH: Final = 1500
_START: Final = late(r"(?im)^(?:reporting-ua|original-recipient|final-recipient|disposition)[ \t]*:")


def read(message: Message) -> Reading | None:
    """Return the disposition that `message` notifies of, all its fields kept, or None where it is no such thing."""
    fields: Group = []
    for group in _groups(message):
        fields += group
    named = {name.lower() for name, _ in fields}
    if "disposition" not in named:
        return None
    final = _address(fields, "final-recipient")
    original = _address(fields, "original-recipient")
    address = final or original
    found = (
        [Evidence(address=address, original_address=original, format="mdn", fields=tuple(fields))] if address else []
    )
    return Reading(Kind.READ_RECEIPT, tuple(found), tuple(fields), "mdn")


def read_words(message: Message) -> Reading | None:
    """Return the receipt that a mail program words for people only, or None where `message` is none."""
    told = " ".join(fold(message.notice[:_ENOUGH]).split())
    return Reading(Kind.READ_RECEIPT, (), (), "receipt") if _TOLD.search(told) else None


def _groups(message: Message) -> Iterator[Group]:
    limit = message.limits.status_bytes
    declared = False
    for part in message.attachments:
        if part.content_type in _TYPES:
            declared = True
            yield from part.fields(limit)
    if declared or message.media != "multipart/report":
        return
    # The machine part under a wrong label.
    for part in (*message.attachments, *message.plain):
        text = part.text(message.limits.notice_bytes)
        start = _START.search(text)
        if start and _FIELD.search(text, start.start()):
            yield from split_groups(text[start.start() :])
            return


def _address(fields: Group, wanted: str) -> str | None:
    for name, value in fields:
        if name.lower() == wanted:
            found = addresses.from_orcpt(value) if wanted == "original-recipient" else addresses.from_field(value)[1]
            if found:
                return found
    return None


FORMATS: Final = (
    Format(
        "mdn",
        (Fingerprint(parts=_TYPES), Fingerprint(types=("multipart/report disposition-notification",))),
        read=read,
        kind=Kind.READ_RECEIPT,
    ),
    Format("receipt", (Fingerprint(subjects=_TITLES),), read=read_words, kind=Kind.READ_RECEIPT),
)
