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

Source: seen in public test data; the sentence of the second form stands there in the reports of a mobile operator too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from attrs import define, field

from bouncelib import address as addresses
from bouncelib.format import ORIGINAL_MARKS, Fingerprint, Format, refusal, report
from bouncelib.model import Action, Evidence, Refused
from bouncelib.patterns import late

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_RECIPIENT: Final = late(r"^\s{0,16}(?:recipient:\s{0,8}|smtp\s{1,4})?<([^<>\s]{1,320})>\s*$", re.IGNORECASE)
_REASON: Final = late(r"^\s{0,16}reason:\s{0,16}(.{1,2000})$", re.IGNORECASE)
_OPENS: Final = "this message was undeliverable due to the following reason"
_NAMES: Final = (
    "the following recipients did not receive",
    "each of the following recipients",
    "the following destination addresses",
)
_CLOSES: Final = (*ORIGINAL_MARKS, "please reply to")
_UNREACHED: Final = late(r"is not responding|not reachable|was not found", re.IGNORECASE)
_ENOUGH: Final = 30


@define
class _Notice:
    """What has been read of a notice so far."""

    found: list[tuple[str, list[str]]] = field(factory=list)
    shared: list[str] = field(factory=list)
    rejected: bool = False
    going_on: bool = False

    def take(self, line: str) -> None:
        """Take one line between the opening and the closing one."""
        bare = line.strip()
        match = _RECIPIENT.match(line)
        address = addresses.clean(match[1]) if match else None
        reason = None if match or not self.found else _REASON.match(line)
        going_on, self.going_on = self.going_on, False
        if address:
            self.found.append((address, []))
        elif reason:
            self.found[-1][1].append(reason[1].strip())
            self.going_on = True
        elif going_on and bare:
            self.found[-1][1].append(bare)
            self.going_on = True
        elif bare.lower().startswith(_NAMES):
            self.rejected = self.rejected or "rejected by a remote" in bare.lower()
            if "unknown" in bare.lower():
                self.shared.append(bare)
        elif bare and not self.found and len(self.shared) < _ENOUGH:
            self.shared.append(bare)


def read(message: Message) -> Reading | None:
    """Return the recipients, each with its own reason or that which the report opens with; None if there are none."""
    notice = _Notice()
    opened = False
    for line in message.lines:
        low = line.strip().lower()
        if not opened:
            opened = _OPENS in low
        elif low.startswith(_CLOSES):
            break
        else:
            notice.take(line)
    recipients = []
    for address, said in notice.found:
        text = " ".join(said) or " ".join(notice.shared)
        recipients.append(
            Evidence(
                address=address,
                action=Action.FAILED,
                diagnostic=text or None,
                refused=_refused(text, rejected=notice.rejected and bool(said)),
                format="netscape",
            )
        )
    return report("netscape", recipients) if recipients else None


def _refused(text: str, *, rejected: bool) -> Refused | None:
    if rejected:
        return Refused.IN_SESSION
    return Refused.NEVER_REACHED if _UNREACHED.search(text) else refusal(text)


FORMAT: Final = Format(
    "netscape", (Fingerprint(phrases=("this message was undeliverable due to the following reason",)),), read=read
)
