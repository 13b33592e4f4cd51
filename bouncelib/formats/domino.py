"""HCL (IBM, Lotus) Domino: the router's report.

A sample:

    Your message

      Subject: Opening hours

    was not delivered to:

      ann@library.example

    because:

      User ann (ann@library.example) not listed in Domino Directory

The sentences around address and reason are translated; that each stands in a paragraph of its own is not.

Source: seen in public test data (Domino 4.6 to 9, English and Japanese); RFC 3464 diagnostics of the type X-Notes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bouncelib import address as addresses
from bouncelib.format import ORIGINAL_MARKS, Fingerprint, Format, failure, report
from bouncelib.patterns import late

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_SOLE: Final = late(r"^\s{0,8}<?([^\s<>]{1,254}@[^\s<>]{1,254})>?\s*$")
_PREFIX: Final = "delivery failure:"


def read(message: Message) -> Reading | None:
    """Return the recipients with the router's reason, or None where there are none."""
    named: list[str] = []
    said: list[str] = []
    because = False
    for line in message.lines:
        bare = line.strip()
        if not bare:
            continue
        if named and bare.lower().startswith(ORIGINAL_MARKS):
            break
        match = _SOLE.match(line) if "@" in line and not because else None
        address = addresses.clean(match[1]) if match else None
        if address:
            named.append(address)
        elif named and not because:
            # "because:", in whatever language.
            because = True
            if not bare.endswith((":", "\uff1a")):
                said.append(bare)
        elif because:
            said.append(bare)
    if not said:
        subject = (message.headers.get(b"subject") or "").strip()
        if subject.lower().startswith(_PREFIX):
            said = [subject[len(_PREFIX) :].strip()]
            named = named or addresses.find_all(subject)[:1]
    text = " ".join(said)
    recipients = [failure("domino", address, text, kind="x-notes") for address in dict.fromkeys(named)]
    return report("domino", recipients) if recipients else None


FORMAT: Final = Format(
    "domino",
    (
        Fingerprint(subjects=("delivery failure:",)),
        Fingerprint(phrases=("was not delivered to ... because",)),
    ),
    read=read,
)
