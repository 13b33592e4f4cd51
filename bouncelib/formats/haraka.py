"""Haraka: its outbound queue's bounce.

A sample:

    Hi. This is the Haraka Mailer program at mail.store.example.
    I'm afraid I wasn't able to deliver your message
        "What is new in March"
    to the following addresses.
    This is a permanent error; I've given up. Sorry it didn't work out.

    Intended Recipients: <ann@library.example>
    Failure Reason: Some recipients failed: <ann@library.example>

    <ann@library.example>: 550 User unknown

Source: Haraka 3.3, config/outbound.bounce_message and outbound/hmail.js (populate_bounce_message_with_headers).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bouncelib import address as addresses
from bouncelib.format import Fingerprint, Format, report
from bouncelib.model import Action, Evidence
from bouncelib.patterns import late

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_INTENDED: Final = "intended recipients:"
_REASON: Final = "failure reason:"
_EXTENDED: Final = late(r'<?((?:"[^"]{1,64}"|[^\s<>]{1,254})@[^\s<>:]{1,254})>?: (\S.*)')


def read(message: Message) -> Reading | None:
    """Return the intended recipients with the reason of each, or None where there are none."""
    named: list[str] = []
    reason = ""
    own: dict[str, str] = {}
    for line in message.lines:
        bare = line.strip()
        low = bare.lower()
        if low.startswith(_INTENDED):
            named = addresses.find_all(bare)
        elif low.startswith(_REASON):
            reason = bare[len(_REASON) :].strip()
        elif named and reason:
            match = _EXTENDED.match(bare)
            if match:
                own.setdefault(match[1].lower(), match[2])
    found = [
        Evidence(
            address=address,
            action=Action.FAILED,
            diagnostic=own.get(address.lower()) or reason or None,
            format="haraka",
        )
        for address in named
    ]
    return report("haraka", found) if found else None


FORMAT: Final = Format("haraka", (Fingerprint(phrases=("this is the haraka mailer program",)),), read=read)
