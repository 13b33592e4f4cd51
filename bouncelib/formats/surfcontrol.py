"""SurfControl E-mail Filter, later Websense and Forcepoint.

A sample:

    Your message could not be sent.
    A transcript of the attempts to send the message follows.
    The number of attempts made: 1
    Addressed To: ann@library.example

    Mon, 23 Nov 2026 09:00:00 +0000
    Failed to send to identified host,
    ann@library.example: [192.0.2.25], 550 ann@library.example... No such user
    --- Message non-deliverable.

Source: reports as seen in public test data.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bouncelib import address as addresses
from bouncelib.format import Fingerprint, Format, failure, report
from bouncelib.model import Evidence
from bouncelib.patterns import late

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_TO: Final = late(r"addressed to:\s*(\S.{0,2000})", re.IGNORECASE)
_TRIED: Final = late(r"<?([^\s<>\[\],]{1,254}@[^\s<>\[\],:]{1,254})>?: (?:\[([0-9A-Fa-f:.]{2,60})\],? ?)?(.*)")


def read(message: Message) -> Reading | None:
    """Return the recipients with the last attempt at each, or None where there is none."""
    found: dict[str, tuple[str | None, list[str]]] = {}
    said: list[str] | None = None
    for line in message.lines:
        bare = line.strip()
        to = _TO.match(bare)
        if to:
            found.update((address, (None, [])) for address in addresses.find_all(to[1]))
            continue
        if bare.startswith("---") or not bare:
            said = None
            continue
        tried = _TRIED.match(bare)
        address = addresses.clean(tried[1]) if tried else None
        if tried and address and (address in found or tried[2]):
            said = [tried[3]]
            found[address] = (tried[2], said)
        elif said is not None:
            said.append(bare)
    return (
        report("surfcontrol", [_evidence(address, host, " ".join(words)) for address, (host, words) in found.items()])
        if found
        else None
    )


def _evidence(address: str, host: str | None, text: str) -> Evidence:
    return failure("surfcontrol", address, text, host)


FORMAT: Final = Format(
    "surfcontrol", (Fingerprint(phrases=("a transcript of the attempts to send the message follows",)),), read=read
)
