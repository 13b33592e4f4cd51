"""A writer without a name, of Japan, that names the step of the session.

A sample:

    NOTICE: Delivery Failure.

    Your delivery to the following address has been failed.
    Please refer to the below for details.
    ------------------------------------------------------

    Delivery failed: ann@library.example
    192.0.2.25 failed after I sent the message.
    Remote host said[Response Message]: 554 5.4.14 Hop count exceeded
    STEP: DATA SEND

Source: reports as seen in public test data.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bouncelib import address as addresses
from bouncelib.format import Fingerprint, Format, failure, report
from bouncelib.model import Evidence, Stage
from bouncelib.patterns import late

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_RECIPIENT: Final = late(r"delivery failed:\s{0,20}<?([^\s<>]{1,254}@[^\s<>]{1,254})>?", re.IGNORECASE)
_HOST: Final = late(r"(?:connected to )?([0-9A-Fa-f:.]{7,60}) (?:failed|does not|but)")
_SAID: Final = late(r"remote host said\s*(?:\[[^\]]{0,40}\])?:\s*", re.IGNORECASE)
_STEP: Final = late(r"STEP:\s*([A-Z ]{1,30})")
_STEPS: Final = MappingProxyType(
    {
        "CONNECT": Stage.CONNECT,
        "HELO": Stage.EHLO,
        "EHLO": Stage.EHLO,
        "MAIL FROM": Stage.MAIL,
        "RCPT TO": Stage.RCPT,
        "DATA": Stage.DATA,
        "DATA SEND": Stage.END,
    }
)


def read(message: Message) -> Reading | None:
    """Return each recipient with the words up to its step, or None where there is none."""
    found: dict[str, Evidence] = {}
    address: str | None = None
    said: list[str] = []
    for line in [*message.lines, "STEP:"]:
        bare = line.strip()
        match = _RECIPIENT.match(bare)
        if match:
            address, said = addresses.clean(match[1]), []
        elif address and bare.startswith("STEP:"):
            step = _STEP.match(bare)
            found.setdefault(address, _evidence(address, " ".join(said), step[1].strip() if step else ""))
            address = None
        elif bare:
            said.append(bare)
    return report("delivery_step", list(found.values())) if found else None


def _evidence(address: str, text: str, step: str) -> Evidence:
    server, words = _HOST.match(text), _SAID.search(text)
    host = server[1] if server else None
    said = text[words.end() :] if words else text
    return failure("delivery_step", address, said, host, stage=_STEPS.get(step))


FORMAT: Final = Format(
    "delivery_step", (Fingerprint(phrases=("your delivery to the following address has been failed",)),), read=read
)
