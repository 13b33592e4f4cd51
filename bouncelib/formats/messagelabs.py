"""MessageLabs, later Symantec (Broadcom) Email Security.cloud.

A sample:

    This is the mail delivery agent at messagelabs.com.
    I was unable to deliver your message to the following addresses:

    ann@library.example

    Reason: 550 ann@library.example... No such user

    The message subject was: Opening hours
    The message date was: Mon, 23 Nov 2026 09:00:00 +0000

Source: reports as seen in public test data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bouncelib.format import Fingerprint, Format, Layout, failure, read_lines, report

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_LAYOUT: Final = Layout(
    opens=("unable to deliver your message to the following address",),
    recipient=r"^\s{0,20}<?(?P<address>[^\s<>,]{1,254}@[^\s<>,]{1,254})>?\s*$",
    closes=("the message subject was", "the message date was", "the message identifier was", "please do not reply"),
    fields={"reason:": "diagnostic"},
)


def read(message: Message) -> Reading | None:
    """Return the addresses of the list, or None where there is none."""
    found = read_lines(_LAYOUT, message.lines)
    if not found:
        return None
    return report(
        "messagelabs",
        [failure("messagelabs", facts["address"], facts.get("diagnostic", ""), remote=True) for facts in found],
    )


FORMAT: Final = Format("messagelabs", (Fingerprint(phrases=("this is the mail delivery agent at",)),), read=read)
