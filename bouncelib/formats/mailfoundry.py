"""MailFoundry, a filter appliance.

A sample:

    Unable to deliver message to: <ann@library.example>
    Delivery failed for the following reason:
    Server mx.library.example[192.0.2.25] failed with: 550 <ann@library.example> No such user here

    This has been a permanent failure.  No further delivery attempts will be made.

Source: reports as seen in public test data.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from bouncelib import smtp
from bouncelib.format import Fingerprint, Format, Layout, failure, read_lines, report
from bouncelib.model import Evidence
from bouncelib.patterns import late

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_LAYOUT: Final = Layout(
    recipient=r"^\s{0,20}unable to deliver message to: {0,4}<?(?P<address>[^<>\s]{1,320})>?",
    closes=("this has been a permanent", "this has been a temporary"),
    fields={"delivery failed for the following reason": "skip"},
    blanks=1,
)
_SERVER: Final = late(r"^Server ([A-Za-z0-9][A-Za-z0-9_.-]{0,253})\[[0-9A-Fa-f:.]{2,60}\] failed with: ", re.IGNORECASE)


def read(message: Message) -> Reading | None:
    """Return the recipients, or None where there is none."""
    found = read_lines(_LAYOUT, message.lines)
    return report("mailfoundry", [_evidence(**facts) for facts in found]) if found else None


def _evidence(address: str, diagnostic: str | None = None, **_: Any) -> Evidence:  # noqa: ANN401 - the facts of a layout
    text = diagnostic or ""
    server = _SERVER.match(text)
    host = smtp.host_name(server[1]) if server else None
    said = text[server.end() :] if server else text
    return failure("mailfoundry", address, said, host)


FORMAT: Final = Format(
    "mailfoundry",
    (Fingerprint(phrases=("unable to deliver message to ... delivery failed for the following reason",)),),
    read=read,
)
