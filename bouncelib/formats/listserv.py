"""L-Soft's LSMTP and LISTSERV: errors in a form that LISTSERV reads, and posts that a list does not take.

A sample:

    --> Error description:
    Error-for:  ann@library.example
    Error-Code: 0
    Error-Text: Mailer mx.library.example said:
                "550 5.1.1 User unknown"

    Error-End:  One error reported.

    Subject: Rejected posting to READERS@LIBRARY.EXAMPLE

    You are not authorized to send mail to the READERS list from your
    bob@store.example account.

Source: seen in public test data (LSMTP for Windows NT 1.1b); LISTSERV 1.8's notice to those who post is
remembered, not looked up.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bouncelib import address as addresses
from bouncelib import smtp
from bouncelib.format import Fingerprint, Format, failure, report
from bouncelib.patterns import late

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_FIELD: Final = late(r"^\s{0,4}error-(for|code|text|end|host):\s*(.{0,2000})$", re.IGNORECASE)
_REJECTED: Final = late(r"rejected posting to (\S{1,320}@\S{1,255})", re.IGNORECASE)
_ENOUGH: Final = 2000
_MAILER: Final = late(r"^mailer\s([A-Za-z0-9][A-Za-z0-9._-]{0,252})\ssaid:?\s*(.{0,4000})$", re.IGNORECASE)


def read(message: Message) -> Reading | None:
    """Return the recipients with their error texts, or the list that refused, or None where there are none."""
    rejected = _REJECTED.match(message.headers.get(b"subject") or "")
    refuser = addresses.clean(rejected[1]) if rejected else None
    if refuser:
        return report("listserv", [failure("listserv", refuser, " ".join(message.notice.split())[:_ENOUGH], None)])
    found: list[tuple[str, list[str]]] = []
    last = ""
    for line in message.lines:
        bare = line.strip()
        match = _FIELD.match(line)
        if match:
            last = match[1].lower()
            address = addresses.clean(match[2]) if last == "for" else None
            if address:
                found.append((address, []))
            elif last == "text" and found and match[2].strip():
                found[-1][1].append(match[2].strip())
            elif last == "end":
                break
        elif bare and last == "text" and found:
            found[-1][1].append(bare)
    recipients = []
    for address, said in found:
        text = " ".join(said)
        mailer = _MAILER.match(text)
        host = smtp.host_name(mailer[1]) if mailer else None
        if mailer:
            text = mailer[2].strip().strip('"')
        recipients.append(failure("listserv", address, text, host))
    return report("listserv", recipients) if recipients else None


FORMAT: Final = Format(
    "listserv",
    (
        Fingerprint(phrases=("error description error for", "allows software like listserv to")),
        Fingerprint(senders=("listserv",), subjects=("rejected posting to",)),
    ),
    read=read,
)
