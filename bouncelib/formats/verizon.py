"""Verizon's gateways from mail to text messages (vtext.com) and picture messages (vzwpix.com).

Samples:

    Error: Invalid user address

    Error message below:
    550 - Requested action not taken: no such user here

    Message details:
      Subject: Opening hours
      MAIL FROM: bob@store.example
      RCPT TO: 5550100@vtext.com

and

    Message could not be delivered to mobile.
    Error: No valid recipients for this MM

      From: bob@store.example
      To: 5550100@vzwpix.com

Source: reports of vtext.com as seen in public test data; those of vzwpix.com as they are quoted in public forums.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bouncelib import address as addresses
from bouncelib.format import Fingerprint, Format, report
from bouncelib.model import Action, Evidence, Refused
from bouncelib.patterns import late

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_TO: Final = late(r"\s{0,20}(?:RCPT TO|To):\s*(\S.{0,400})", re.IGNORECASE)
_ERROR: Final = late(r"Error:\s*(\S.*)", re.IGNORECASE)


def read(message: Message) -> Reading | None:
    """Return the mobile's address, or None where the notice has none."""
    address: str | None = None
    error = ""
    below: list[str] | None = None
    for line in message.lines:
        bare = line.strip()
        low = bare.lower()
        if low.startswith("message details"):
            below = below if below is None else [*below, ""]
        if low.startswith("error message below"):
            below = []
        elif below is not None and "" not in below and bare:
            below.append(bare)
        match = _ERROR.match(bare)
        if match and not error:
            error = match[1]
        to = _TO.match(line)
        if to and address is None:
            address = addresses.clean(to[1])
    if address is None:
        return None
    text = " ".join(filter(None, below or ())) or error
    evidence = Evidence(
        address=address,
        action=Action.FAILED,
        diagnostic=text or None,
        refused=Refused.AFTER_ACCEPTANCE,
        format="verizon",
    )
    return report("verizon", [evidence])


FORMAT: Final = Format(
    "verizon",
    (
        Fingerprint(senders=("post_master@vtext.com", "@vtext.com", "@vzwpix.com")),
        Fingerprint(phrases=("message could not be delivered to mobile",)),
    ),
    read=read,
)
