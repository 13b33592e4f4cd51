"""Lotus Notes and Domino 4: the SMTP MTA's report.

A sample:

    ------- Failure Reasons  --------

    User not listed in public Name & Address Book
    ann@library.example

    ------- Returned Message --------

Source: seen in public test data (Lotus SMTP MTA 1.2 and 4.6).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bouncelib import address as addresses
from bouncelib.format import Fingerprint, Format, failure, report
from bouncelib.patterns import late

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_SOLE: Final = late(r"^\s{0,8}<?([^\s<>]{1,254}@[^\s<>]{1,254})>?\s*$")
_OPENS: Final = "------- failure reasons"
_CLOSES: Final = "------- returned message"


def read(message: Message) -> Reading | None:
    """Return the recipients, each with the reason above it, or None where there are none."""
    found: list[tuple[str, str]] = []
    said: list[str] = []
    reason = ""
    opened = False
    for line in message.lines:
        bare = line.strip()
        low = bare.lower()
        if not opened:
            opened = low.startswith(_OPENS)
            continue
        if low.startswith(_CLOSES):
            break
        match = _SOLE.match(line) if "@" in line else None
        address = addresses.clean(match[1]) if match else None
        if address:
            reason = " ".join(said) or reason
            said = []
            found.append((address, reason))
        elif bare:
            said.append(bare)
    recipients = [failure("notes", address, text, kind="x-notes") for address, text in found]
    return report("notes", recipients) if recipients else None


FORMAT: Final = Format("notes", (Fingerprint(phrases=("failure reasons",)),), read=read)
