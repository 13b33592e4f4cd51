"""Ipswitch IMail Server, whose delivery program is SMTP32.

A sample:

    Unknown user: ann@library.example

    RCPT TO generated following response:
    553 5.3.0 <ann@library.example>... Addressee unknown, relay=[192.0.2.10]

    Original message follows.

Source: seen in public test data (SMTP32 of 1998 to v9.23).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from attrs import define, field

from bouncelib import address as addresses
from bouncelib import smtp
from bouncelib.format import ORIGINAL_MARKS, Fingerprint, Format, refusal, report
from bouncelib.model import Action, Evidence, Refused, Stage
from bouncelib.patterns import late

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_RECIPIENT: Final = late(
    r"^\s{0,4}((?:unknown (?:user|host)|invalid final delivery userid|user mailbox exceeds allowed size|"
    r"delivery failed \d{1,4} attempts)\s?:|"
    r"undeliverable\s{1,4}to)\s{0,4}(\S{1,320}@\S{1,320})\s*$",
    re.IGNORECASE,
)
_RESPONSE: Final = late(r"^\s{0,4}(.{2,40}) generated (?:the )?(?:following )?response\s?:", re.IGNORECASE)
_BODY: Final = "body of message"


@define
class _Block:
    """A recipient, the words beside it, and what a server answered."""

    address: str
    words: str
    stage: Stage | None = None
    answer: list[str] = field(factory=list)
    answering: bool = False


def read(message: Message) -> Reading | None:
    """Return the recipients, or None where there are none."""
    blocks: list[_Block] = []
    for line in message.lines:
        bare = line.strip()
        match = _RECIPIENT.match(line)
        address = addresses.clean(match[2]) if match else None
        response = _RESPONSE.match(line)
        if match and address:
            blocks.append(_Block(address, bare))
        elif not blocks:
            continue
        elif bare.lower().startswith(ORIGINAL_MARKS):
            break
        elif response:
            command = response[1].lower()
            blocks[-1].answering = True
            blocks[-1].stage = Stage.END if command == _BODY else smtp.command_stage(command.upper())
        elif bare and (blocks[-1].answering or (not blocks[-1].answer and smtp.find_reply(bare[:4]).code)):
            blocks[-1].answer.append(bare)
        elif not bare and blocks[-1].answer:
            blocks[-1].answering = False
    recipients = [
        Evidence(
            address=block.address,
            action=Action.FAILED,
            diagnostic=smtp.join_lines(" ".join(block.answer)) or block.words,
            stage=block.stage,
            refused=Refused.IN_SESSION if block.answer else refusal(block.words),
            format="imail",
        )
        for block in blocks
    ]
    return report("imail", recipients) if recipients else None


FORMAT: Final = Format(
    "imail",
    (
        Fingerprint(
            subjects=("undeliverable mail",),
            phrases=(
                "unknown user",
                "unknown host",
                "invalid final delivery userid",
                "user mailbox exceeds allowed size",
                "delivery failed ... attempts",
                "undeliverable to",
                "generated following response",
                "generated response",
            ),
        ),
    ),
    read=read,
)
