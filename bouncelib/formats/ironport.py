"""Cisco Email Security (IronPort AsyncOS), which Amazon SES once ran on.

A sample:

    The following message to <ann@library.example> was undeliverable.
    The reason for the problem:
    5.1.0 - Unknown address error 550-'5.1.1 <ann@library.example>... User unknown'

Source: Cisco AsyncOS user guide, chapter "Configuring Routing and Delivery Features" (bounce profiles); reports
as seen in public test data. The status before the hyphen tells the stage that failed; the remote server's own reply
stands in quotation marks.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bouncelib.format import Fingerprint, Format, Layout, read_lines, refusal, report
from bouncelib.model import Action, Evidence
from bouncelib.patterns import late

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_LAYOUT: Final = Layout(
    recipient=r"^\s{0,20}the following message to <(?P<address>[^<>\s]{1,320})>",
    fields={"the reason for the problem": "skip"},
    blanks=1,
)
_QUOTED: Final = late(r"\b[45]\d\d-'|\('?[45]\d\d'?,")
_DELAYED: Final = late(r"has been delayed|is being delayed|was delayed|4\.1\.0 - ", re.IGNORECASE)


def read(message: Message) -> Reading | None:
    """Return the recipients, or None where there is none."""
    found = read_lines(_LAYOUT, message.lines)
    if not found:
        return None
    action = Action.DELAYED if _DELAYED.search(message.notice) else Action.FAILED
    return report(
        "ironport",
        [
            Evidence(
                address=facts["address"],
                action=action,
                diagnostic=facts.get("diagnostic"),
                refused=refusal(
                    facts.get("diagnostic", ""), "remote" if _QUOTED.search(facts.get("diagnostic", "")) else None
                ),
                format="ironport",
            )
            for facts in found
        ],
    )


FORMAT: Final = Format(
    "ironport", (Fingerprint(phrases=("the following message to ... the reason for the problem",)),), read=read
)
