"""Complaints in the Abuse Reporting Format: RFC 5965, with RFC 6591 (failed authentication) and RFC 6650.

A sample of the machine-readable part:

    Feedback-Type: abuse
    User-Agent: LibraryFBL/2.1
    Version: 1
    Original-Mail-From: <news@store.example>
    Original-Rcpt-To: <ann@library.example>

Source: RFC 5965, section 3; RFC 6591, section 3; Removal-Recipient and Redacted-Address as seen in public test data.
The recipients are those who complained, as far as they are named; every field is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bouncelib import address as addresses
from bouncelib.format import Fingerprint, Format, returned_to
from bouncelib.message import Group, Message, split_groups
from bouncelib.model import Evidence, Kind, Reading
from bouncelib.patterns import late
from bouncelib.signs import Signs

_TYPE: Final = "message/feedback-report"
_COMPLAINANTS: Final = ("original-rcpt-to", "removal-recipient", "original-recipient", "final-recipient")
# The fields one of which stands beside Feedback-Type in every report, however carelessly it is written.
_BESIDE: Final = frozenset(
    {
        "user-agent",
        "version",
        "source-ip",
        "original-mail-from",
        "original-rcpt-to",
        "arrival-date",
        "received-date",
        "reported-domain",
    }
)
_FIELD: Final = late(r"(?im)^[ \t]{0,4}feedback-type[ \t]*:[ \t]*[a-z]")
_START: Final = late(
    r"(?im)^(?:feedback-type|user-agent|version|abuse-type|arrival-date|received-date|source-ip|"
    r"original-[a-z-]{4,20}|reported-domain)[ \t]*:"
)


def read(message: Message) -> Reading | None:
    """Return the complaint that `message` is, all its fields kept, or None where it is none."""
    fields: Group = [field for group in _groups(message) for field in group]
    names = {name.lower() for name, _ in fields}
    # maildrop's mailbot leaves out the type, though it is required.
    if "feedback-type" not in names and names.isdisjoint(_BESIDE):
        return None
    found: dict[str, str] = {}
    for wanted in _COMPLAINANTS:
        for name, value in fields:
            if name.lower() == wanted:
                address = addresses.from_field(value)[1]
                if address and "@" in address and not address.lower().startswith("redacted@"):
                    found.setdefault(address.lower(), address)
    people = list(found.values()) or returned_to(message)
    return Reading(Kind.FEEDBACK, tuple([Evidence(address=one, format="arf") for one in people]), tuple(fields), "arf")


def _groups(message: Message) -> Iterator[Group]:
    limit = message.limits.status_bytes
    declared = [part for part in message.attachments if part.content_type == _TYPE]
    if declared:
        for part in declared:
            yield from part.fields(limit)
        return
    # The machine part under a wrong label, or its fields in the text itself.
    if message.media != "multipart/report" and (
        Signs.of(message).personal or message.headers.raw(b"list-post") is not None
    ):
        return
    parts = (*message.attachments, *message.plain) if message.media == "multipart/report" else message.plain
    for part in parts:
        text = part.text(message.limits.notice_bytes)
        if not _FIELD.search(text):
            continue
        start = _START.search(text)
        groups = split_groups(text[start.start() :]) if start else []
        for group in groups:
            names = {name.lower() for name, _ in group}
            if "feedback-type" in names and not names.isdisjoint(_BESIDE):
                yield group
                return


FORMAT: Final = Format(
    "arf",
    (
        Fingerprint(parts=(_TYPE,)),
        Fingerprint(types=("multipart/report feedback-report",)),
        Fingerprint(
            topics=(
                "abuse report",
                "spam report",
                "feedback report",
                "spam complaint",
                "abuse complaint",
                "complaint about message",
            )
        ),
        Fingerprint(
            senders=(
                "feedbackloop",
                "fbl",
                "scomp",
                "arf",
                "feedback",
                "abuse-report",
                "@email-abuse.amazonses.com",
                "@arf.mail.yahoo.com",
            )
        ),
    ),
    read=read,
    kind=Kind.FEEDBACK,
)
