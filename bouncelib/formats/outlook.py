"""Microsoft's SMTP service: Windows Server and Exchange 2000/2003 at the edge, Hotmail and Outlook.com of old.

A sample:

    This is an automatically generated Delivery Status Notification.

    Delivery to the following recipients failed.

           ann@library.example

Source: seen in public test data (SMTPSVC 5.0 to 7.5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bouncelib import address as addresses
from bouncelib.format import ORIGINAL_MARKS, Fingerprint, Format, refusal, report
from bouncelib.model import Action, Evidence
from bouncelib.patterns import late

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_DELAYED: Final = ("delivery to the following recipients has been delayed", "this is a warning message only")
_OPENS: Final = (
    "delivery to the following recipients failed",
    "unable to deliver message to the following recipients",
    "delivery to the following recipients has been delayed",
    "your message has been successfully relayed to the following recipients",
)
_SOLE: Final = late(r"^\s{0,16}(\S{1,320}@\S{1,320})\s*$")


def read(message: Message) -> Reading | None:
    """Return the recipients under the opening line, or None where there are none."""
    opening: str | None = None
    named: list[str] = []
    action = Action.FAILED
    for line in message.lines:
        low = line.strip().lower()
        if opening is None:
            if low.startswith(_DELAYED):
                action = Action.DELAYED
            if low.startswith(_OPENS):
                opening = line.strip()
                if "successfully relayed" in low:
                    action = Action.RELAYED
        elif low.startswith(ORIGINAL_MARKS):
            break
        elif "@" in line:
            match = _SOLE.match(line)
            address = addresses.clean(match[1]) if match else None
            if address and address not in named:
                named.append(address)
        elif not named and low:
            opening += f" {line.strip()}"
    # The bare sentence says no more than that delivery failed.
    text = opening if opening and "due to" in opening else None
    recipients = [
        Evidence(
            address=address, action=action, diagnostic=text, refused=refusal(text) if text else None, format="outlook"
        )
        for address in named
    ]
    return report("outlook", recipients) if recipients else None


FORMAT: Final = Format(
    "outlook",
    (
        Fingerprint(
            phrases=(
                "delivery to the following recipients failed",
                "unable to deliver message to the following recipients due to",
                "delivery to the following recipients has been delayed",
                "your message has been successfully relayed to the following recipients",
            ),
        ),
    ),
    read=read,
)
