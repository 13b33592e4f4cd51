"""A writer without a name (From: Mail.Delivery.System at its own host): a list with stars, the reply between rules.

A sample:

    ============================================================================
          This is an automatically generated Delivery Status Notification.

    Delivery to the following recipients failed permanently:

       * ann@library.example

    ============================================================================
                                 Technical details:

    SMTP:RCPT host 192.0.2.25: 553 5.3.0 <ann@library.example>... No such user here

    ============================================================================

Source: reports as seen in public test data (some say "Delevery").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bouncelib import smtp
from bouncelib.format import Fingerprint, Format, Layout, failure, read_lines, report
from bouncelib.model import Evidence
from bouncelib.patterns import late

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_LAYOUT: Final = Layout(
    opens=("delivery to the following recipients failed", "delevery to the following recipients failed"),
    recipient=r"^\s{0,20}\*\s{1,8}<?(?P<address>[^\s<>]{1,254}@[^\s<>]{1,254})>?\s*$",
    fields={"====": "skip", "technical details": "skip"},
    blanks=6,
)
_STEP: Final = late(r"SMTP:([A-Z]{4,8}) host ([^\s:]{1,255}): ?")


def read(message: Message) -> Reading | None:
    """Return the recipients of the list, or None where there is none."""
    found = read_lines(_LAYOUT, message.lines)
    return report("technical_details", [_evidence(**facts) for facts in found]) if found else None


def _evidence(address: str, diagnostic: str = "", **_: Any) -> Evidence:  # noqa: ANN401 - the facts of a layout
    steps = list(_STEP.finditer(diagnostic))
    # With several recipients each reply names its own.
    step = next(
        (one for one in steps if address in diagnostic[one.end() :].partition("SMTP:")[0]), steps[0] if steps else None
    )
    said = diagnostic[step.end() :].partition("SMTP:")[0].strip() if step else diagnostic
    host = step[2].lower() if step else None
    return failure("technical_details", address, said, host, stage=smtp.command_stage(step[1]) if step else None)


FORMAT: Final = Format(
    "technical_details",
    (
        Fingerprint(
            phrases=(
                "delivery to the following recipients failed permanently",
                "delevery to the following recipients failed permanently",
            ),
            subjects=("delivery status notification",),
        ),
    ),
    read=read,
)
