"""SendGrid (Twilio), where its report comes without a delivery-status part.

A sample:

    This is an automatically generated message from SendGrid.

    I'm sorry to have to tell you that your message was not able to be
    delivered to one of its intended recipients.

    If you require assistance with this, please contact SendGrid support.

    ann:000000:<ann@library.example> : 192.0.2.10 : mx.library.example:[192.0.2.25] : 550 5.1.1 User unknown  in RCPT TO

Source: reports as seen in public test data.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bouncelib import address as addresses
from bouncelib import smtp
from bouncelib.format import Fingerprint, Format, failure, report
from bouncelib.model import Evidence
from bouncelib.patterns import late

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_LINE: Final = late(r"[^\s:<>]{1,254}:\w{1,20}:<([^<>\s]{1,320})> : (.*)")
_HOST: Final = late(r"(?:[0-9A-Fa-f:.]{2,60} : )?([A-Za-z0-9][A-Za-z0-9_.-]{0,253}):\[[0-9A-Fa-f:.]{2,60}\] : ")
_STEP: Final = late(r"\s{1,4}in (MAIL FROM|RCPT TO|DATA|EHLO|HELO|STARTTLS|connect|end of data)\s*$", re.IGNORECASE)


def read(message: Message) -> Reading | None:
    """Return the recipients of the lines, or None where there is none."""
    found: dict[str, list[str]] = {}
    said: list[str] | None = None
    for line in message.lines:
        bare = line.strip()
        match = _LINE.match(bare)
        address = addresses.clean(match[1]) if match else None
        if match and address:
            said = found.setdefault(address, [])
            said.append(match[2])
        elif not bare:
            said = None
        elif said is not None:
            said.append(bare)
    return (
        report("sendgrid", [_evidence(address, " ".join(words)) for address, words in found.items()]) if found else None
    )


def _evidence(address: str, text: str) -> Evidence:
    server = _HOST.match(text)
    host = smtp.host_name(server[1]) if server else None
    if server:
        text = text[server.end() :]
    step = _STEP.search(text)
    return failure("sendgrid", address, text.strip(), host, stage=smtp.command_stage(step[1]) if step else None)


FORMAT: Final = Format(
    "sendgrid", (Fingerprint(phrases=("automatically generated message from sendgrid",)),), read=read
)
