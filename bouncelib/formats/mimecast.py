"""Mimecast's e-mail gateway.

A sample:

    This is a delivery failure notification message indicating that
    an email you addressed to email address :
    -- ann@library.example

    could not be delivered. The problem appears to be :
    -- Recipient email address is possibly incorrect

    Additional information follows :
    -- 5.4.1 [ann@library.example]: Recipient address rejected: Access denied

    This condition occurred after 1 attempt(s) to deliver over
    a period of 0 hour(s).

Source: reports as seen in public test data. The additional information is the remote server's reply;
the problem is Mimecast's summary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bouncelib import address as addresses
from bouncelib.format import Fingerprint, Format, refusal, report
from bouncelib.model import Action, Evidence, Refused

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_OPENERS: Final = (
    ("addressed to email address", "address"),
    ("the problem appears to be", "problem"),
    ("additional information follows", "information"),
    ("this condition occurred after", ""),
    ("with subject", ""),
    ("if you sent the email", ""),
)


def read(message: Message) -> Reading | None:
    """Return the recipient, or None where the notice names none."""
    sections: dict[str, list[str]] = {}
    current = ""
    for line in message.lines:
        bare = line.strip()
        low = bare.lower()
        opened = next((name for text, name in _OPENERS if text in low), None)
        if opened is not None:
            current = opened
        elif bare and current:
            sections.setdefault(current, []).append(bare.removeprefix("--").strip())
    address = addresses.clean((sections.get("address") or [""])[0])
    if not address:
        return None
    problem, information = " ".join(sections.get("problem", ())), " ".join(sections.get("information", ()))
    late = "delay" in (message.headers.get(b"subject") or "").lower()
    evidence = Evidence(
        address=address,
        action=Action.DELAYED if late else Action.FAILED,
        diagnostic=information or problem or None,
        refused=Refused.IN_SESSION if information[:1].isdigit() else refusal(information or problem),
        format="mimecast",
        fields=(("problem", problem),) if problem and information else (),
    )
    return report("mimecast", [evidence])


FORMAT: Final = Format(
    "mimecast",
    (
        Fingerprint(phrases=("this is a delivery failure notification message indicating that",)),
        Fingerprint(
            headers=("x-mimecast-originator",), topics=("delivery failure", "delivery delayed", "delivery delay")
        ),
    ),
    read=read,
)
