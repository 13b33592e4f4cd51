"""MailEnable.

A sample:

    MailEnable: Message could not be delivered to some recipients.
    The following recipient(s) could not be reached:

        Recipient: [SMTP:ann@library.example]
        Reason: Remote SMTP Server Returned: 550 Requested action not taken: mailbox unavailable

    Message headers follow:

Source: seen in public test data.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bouncelib import address as addresses
from bouncelib.format import Fingerprint, Format, failure, report
from bouncelib.patterns import late

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_RECIPIENT: Final = late(
    r"^\s{0,16}recipient:\s{0,8}\[?(?:[A-Za-z]{2,8}:)?([^\s\[\]]{1,320}@[^\s\[\]]{1,320})\]?\s*$", re.IGNORECASE
)
_REASON: Final = late(r"^\s{0,16}reason:\s{0,8}(.{1,2000})$", re.IGNORECASE)
_RETURNED: Final = "remote smtp server returned:"
_CLOSES: Final = "message headers follow"


def read(message: Message) -> Reading | None:
    """Return the recipients with their reasons, or None where there are none."""
    found: list[tuple[str, list[str]]] = []
    for line in message.lines:
        bare = line.strip()
        if found and bare.lower().startswith(_CLOSES):
            break
        match = _RECIPIENT.match(line)
        address = addresses.clean(match[1]) if match else None
        reason = None if match else _REASON.match(line)
        if address:
            found.append((address, []))
        elif found and (reason or (bare and found[-1][1])):
            found[-1][1].append(reason[1].strip() if reason else bare)
    recipients = []
    for address, said in found:
        text = " ".join(said)
        remote = text.lower().startswith(_RETURNED)
        if remote:
            text = text[len(_RETURNED) :].strip()
        recipients.append(failure("mailenable", address, text, remote=remote))
    return report("mailenable", recipients) if recipients else None


FORMAT: Final = Format(
    "mailenable",
    (Fingerprint(phrases=("mailenable message could not be delivered", "recipient smtp reason")),),
    read=read,
)
