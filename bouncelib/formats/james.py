"""Apache James: its mailets that tell the sender (Bounce, NotifySender), and the older remote delivery.

A sample:

    Error message below:
    550 - Requested action not taken: no such user here

    Message details:
      Subject: Opening hours
      MAIL FROM: bob@store.example
      RCPT TO: ann@library.example

and of remote delivery:

    Hi. This is the James mail server at mail.store.example.
    I'm afraid I wasn't able to deliver your message to the following addresses.
    This is a permanent error; I've given up. Sorry it didn't work out.  Below
    I include the list of recipients and the reason why I was unable to deliver
    your message.

    Failed recipient(s):
    ann@library.example

    Error message:
    550 5.1.1 User unknown

Source: seen in public test data (the mailets); the second form imitates qmail's QSBMF and is read as far as that goes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bouncelib import address as addresses
from bouncelib.format import ORIGINAL_MARKS, Fingerprint, Format, failure, report
from bouncelib.patterns import late

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_RCPT: Final = late(r"^\s{0,8}rcpt to:\s*(.{3,2000})$", re.IGNORECASE)
_MORE: Final = late(r"^\s{6,40}(\S{1,320}@\S{1,320})\s*$")
_SOLE: Final = late(r"^\s{0,8}<?([^\s<>]{1,254}@[^\s<>]{1,254})>?\s*$")
_ERROR: Final = late(r"^\s{0,4}error message(?: below)?:\s*(.{0,2000})$", re.IGNORECASE)
_DETAILS: Final = "message details:"
_GREETING: Final = "this is the james mail server"


def read(message: Message) -> Reading | None:
    """Return the recipients with the one error that the report tells, or None where there are none."""
    named: list[str] = []
    said: list[str] = []
    failing = listing = greeted = False
    for line in message.lines:
        bare = line.strip()
        low = bare.lower()
        if named and low.startswith(ORIGINAL_MARKS):
            break
        error = _ERROR.match(line)
        rcpt = _RCPT.match(line)
        more = (
            (_MORE if not greeted else _SOLE).match(line)
            if "@" in line and (listing or (greeted and not failing))
            else None
        )
        greeted = greeted or _GREETING in low
        if error:
            failing, listing = True, False
            said += [error[1].strip()] if error[1].strip() else []
        elif rcpt or more:
            failing, listing = False, True
            named += addresses.find_all(rcpt[1] if rcpt else more[1] if more else "")
        elif low.startswith(_DETAILS):
            failing = False
        elif failing and bare:
            said.append(bare)
        else:
            listing = listing and not bare
    text = " ".join(said)
    recipients = [failure("james", address, text) for address in dict.fromkeys(named)]
    return report("james", recipients) if recipients and (text or greeted) else None


FORMAT: Final = Format(
    "james",
    (Fingerprint(phrases=("this is the james mail server", "error message below ... message details")),),
    read=read,
)
