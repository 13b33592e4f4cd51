"""L-Soft's LSMTP and LISTSERV: errors in a form that LISTSERV reads.

A sample:

    --> Error description:
    Error-for:  ann@library.example
    Error-Code: 0
    Error-Text: Mailer mx.library.example said:
                "550 5.1.1 User unknown"

    Error-End:  One error reported.

Source: seen in public test data (LSMTP for Windows NT 1.1b).
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
_MAILER: Final = late(r"^mailer\s([A-Za-z0-9][A-Za-z0-9._-]{0,252})\ssaid:?\s*(.{0,4000})$", re.IGNORECASE)


def read(message: Message) -> Reading | None:
    """Return the recipients with their error texts, or None where there are none."""
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
    "listserv", (Fingerprint(phrases=("error description error for", "allows software like listserv to")),), read=read
)
