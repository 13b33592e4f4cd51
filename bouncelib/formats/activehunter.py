"""Active! hunter, a mail filter of Japan.

A sample:

      ----- The following addresses had permanent fatal errors -----

    >>> ann@library.example <ann@library.example>

      ----- Transcript of session follows -----
    550 <ann@library.example>: Recipient address rejected: User unknown in local recipient table

Source: reports as seen in public test data; they carry the header X-AHMailID. The transcript is one for all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bouncelib import address as addresses
from bouncelib.format import Fingerprint, Format, failure, report
from bouncelib.model import Evidence
from bouncelib.patterns import late

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_RECIPIENT: Final = late(r"\s{0,20}>>>\s*(\S.{0,700})")
_CODE: Final = late(r"[245]\d\d[ -]")


def read(message: Message) -> Reading | None:
    """Return the recipients, or None where there is none."""
    named: list[str] = []
    replies: list[str] = []
    inside = False
    for line in message.lines:
        bare = line.strip()
        if not inside:
            match = _RECIPIENT.match(line)
            address = addresses.clean(match[1]) if match else None
            if address and address not in named:
                named.append(address)
            inside = "transcript of session" in bare.lower()
        elif _CODE.match(bare) or not replies:
            if bare:
                replies.append(bare)
        elif bare:
            replies[-1] = f"{replies[-1]} {bare}"
        elif replies and len(named) == 1:
            break
    return report("activehunter", [_evidence(address, replies) for address in named]) if named else None


def _evidence(address: str, replies: list[str]) -> Evidence:
    own = [reply for reply in replies if address.lower() in reply.lower()]
    # A reply that names nobody holds for all.
    text = " ".join(own or [reply for reply in replies if "@" not in reply] or replies)
    return failure("activehunter", address, text, remote=True)


FORMAT: Final = Format("activehunter", (Fingerprint(headers=("x-ahmailid",)),), read=read)
