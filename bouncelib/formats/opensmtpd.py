"""OpenSMTPD: the list in its notice, with or without the status part that releases from 6.0 on send.

A sample:

        Hi!

        This is the MAILER-DAEMON, please DO NOT REPLY to this email.

        An error has occurred while attempting to deliver a message for
        the following list of recipients:

    ann@library.example: 550 5.1.1 <ann@library.example>: User unknown

        Below is a copy of the original message:

Source: OpenSMTPD, usr.sbin/smtpd/bounce.c.
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

_LINE: Final = late(r"<?([^\s<>]{1,320}@[^\s<>:]{1,255})>?: ?(.*)")
_OPENS: Final = (
    ("an error has occurred while attempting to deliver", Action.FAILED),
    ("is delayed for more than", Action.DELAYED),
    ("was successfully delivered to these recipients", Action.DELIVERED),
    ("was relayed to these recipients", Action.RELAYED),
)
_CLOSES: Final = ("below is a copy of", "please note that this is only a temporary")


def read(message: Message) -> Reading | None:
    """Return the recipients of the list, or None where there is none."""
    action: Action | None = None
    found: dict[str, Evidence] = {}
    for line in message.lines:
        low = line.strip().lower()
        if low.startswith(_CLOSES):
            break
        # Each list has its own opening; one notice may hold but one.
        action = next((action for text, action in _OPENS if text in low), action)
        match = _LINE.match(line.rstrip()) if action else None
        address = addresses.clean(match[1]) if match else None
        if match and address:
            found.setdefault(
                address.lower(),
                Evidence(address=address, action=action, diagnostic=match[2].strip() or None, format="opensmtpd"),
            )
    return report("opensmtpd", list(found.values())) if found else None


FORMAT: Final = Format(
    "opensmtpd",
    (Fingerprint(phrases=("this is the mailer daemon please do not reply to this",)),),
    read=read,
)
