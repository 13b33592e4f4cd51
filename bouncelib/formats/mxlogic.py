"""MX Logic, later McAfee SaaS Email Protection.

A sample:

    This message was created automatically by mail delivery software.

    A message that you have sent could not be delivered to one or more
    recipients.  This is a permanent error.  The following address failed:

      <ann@library.example>: 550 5.1.1 <ann@library.example>: Recipient address rejected: User unknown

    Included is a copy of the message header:

Source: reports of mxlogic.net as seen in public test data; they carry the header X-MX-Bounce.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bouncelib.format import Fingerprint, Format, Layout, failure, read_lines, report

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_LAYOUT: Final = Layout(
    opens=("following address failed", "following addresses failed", "following address(es) failed"),
    recipient=r"^\s{0,20}<(?P<address>[^<>\s]{1,320})>:\s*(?P<text>\S.*)?$",
    closes=("included is a copy", "-----"),
)


def read(message: Message) -> Reading | None:
    """Return the addresses of the list, or None where there is none."""
    found = read_lines(_LAYOUT, message.lines)
    if not found:
        return None
    return report(
        "mxlogic",
        [failure("mxlogic", facts["address"], facts.get("diagnostic", ""), remote=True) for facts in found],
    )


FORMAT: Final = Format(
    "mxlogic",
    (
        Fingerprint(headers=("x-mx-bounce",)),
        Fingerprint(phrases=("a message that you have sent could not be delivered to one or more recipients",)),
    ),
    read=read,
)
