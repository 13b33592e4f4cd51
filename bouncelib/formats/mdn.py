"""Read receipts: message disposition notifications, RFC 8098, and RFC 6533 for utf-8 addresses.

A sample of the machine-readable part:

    Reporting-UA: mail.library.example; Lectern 4.1
    Original-Recipient: rfc822;ann@library.example
    Final-Recipient: rfc822;ann@library.example
    Original-Message-ID: <inv-4410@store.example>
    Disposition: manual-action/MDN-sent-manually; displayed

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

_TYPES: Final = ("message/disposition-notification", "message/global-disposition-notification")
_FIELD: Final = late(
    r"(?im)^[ \t]{0,4}disposition[ \t]*:[^\n]{0,200}(?:displayed|deleted|read|processed|dispatched|denied|failed)"
)
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


FORMAT: Final = Format(
    "mdn",
    (Fingerprint(parts=_TYPES), Fingerprint(types=("multipart/report disposition-notification",))),
    read=read,
    kind=Kind.READ_RECEIPT,
)
