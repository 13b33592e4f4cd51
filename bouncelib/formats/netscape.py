"""Netscape Messaging Server, Software.com Post.Office and Openwave InterMail, which share their reports.

A sample:

    This Message was undeliverable due to the following reason:

    Your message was not delivered within 2 days.
    Host library.example is not responding.

    The following recipients did not receive your message:

         <ann@library.example>

    Please reply to Postmaster@mail.store.example
    if you feel this message to be in error.

Where a remote server refused, each recipient has its reason:

    Each of the following recipients was rejected by a remote mail server.

        Recipient: <ann@library.example>
        Reason:    <ann@library.example>... User unknown

Source: seen in public test data.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bouncelib import address as addresses
from bouncelib.format import ORIGINAL_MARKS, Fingerprint, Format, refusal, report
from bouncelib.model import Action, Evidence, Refused

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_RECIPIENT: Final = re.compile(r"^\s{0,16}(?:recipient:\s{0,8}|smtp\s{1,4})?<([^<>\s]{1,320})>\s*$", re.IGNORECASE)
_REASON: Final = re.compile(r"^\s{0,16}reason:\s{0,16}(.{1,2000})$", re.IGNORECASE)
_OPENS: Final = "this message was undeliverable due to the following reason"
_NAMES: Final = (
    "the following recipients did not receive",
    "each of the following recipients",
    "the following destination addresses",
)
_CLOSES: Final = (*ORIGINAL_MARKS, "please reply to")
_ENOUGH: Final = 30


def read(message: Message) -> Reading | None:
    """Return the recipients with their own reasons, or else the reason that the report opens with; None where there are none."""
    found: list[tuple[str, list[str]]] = []
    shared: list[str] = []
    opened = rejected = own = False
    for line in message.lines:
        bare = line.strip()
        low = bare.lower()
        if not opened:
            opened = _OPENS in low
            continue
        if low.startswith(_CLOSES):
            break
        match = _RECIPIENT.match(line)
        address = addresses.clean(match[1]) if match else None
        reason = None if match else _REASON.match(line)
        if address:
            found.append((address, []))
            own = False
        elif reason and found:
            found[-1][1].append(reason[1].strip())
            own = True
        elif own and bare and found:
            found[-1][1].append(bare)
        elif low.startswith(_NAMES):
            rejected = rejected or "rejected by a remote" in low
            own = False
            if "unknown" in low:
                shared.append(bare)
        elif bare and not found and len(shared) < _ENOUGH:
            shared.append(bare)
        elif not bare:
            own = False
    recipients = []
    for address, said in found:
        text = " ".join(said) or " ".join(shared)
        recipients.append(
            Evidence(
                address=address,
                action=Action.FAILED,
                diagnostic=text or None,
                refused=Refused.IN_SESSION if rejected and said else refusal(text),
                format="netscape",
            )
        )
    return report("netscape", recipients) if recipients else None


FORMAT: Final = Format(
    "netscape", (Fingerprint(phrases=("this message was undeliverable due to the following reason",)),), read=read
)
