"""ZoneMTA: the notice of its bounce plugin.

A sample:

    Delivery to the following recipient failed permanently:
        ann@library.example

    Technical details of permanent failure:

    550 5.1.1 <ann@library.example> User unknown

Source: zone-mta 3.10, plugins/core/email-bounce.js. The words are close to Gmail's; the header X-Sending-Zone is
its own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bouncelib import address as addresses
from bouncelib.format import Fingerprint, Format, report
from bouncelib.model import Action, Evidence
from bouncelib.patterns import late

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_FAILED: Final = "delivery to the following recipient failed permanently"
_DELAYED: Final = late(
    r"there was a temporary problem delivering your message to <?(\S{1,254}@[^\s<>]{1,254}?)>?\.?$", re.IGNORECASE
)
_DETAILS: Final = "technical details of"


def read(message: Message) -> Reading | None:
    """Return the one recipient of the notice, or None where it names none."""
    address: str | None = None
    action = Action.FAILED
    said: list[str] | None = None
    waiting = False
    for line in message.lines:
        bare = line.strip()
        if not bare:
            continue
        delayed = _DELAYED.match(bare)
        if said is not None:
            said.append(bare)
        elif bare.lower().startswith(_DETAILS):
            said = []
        elif delayed and address is None:
            address, action = addresses.clean(delayed[1]), Action.DELAYED
        elif waiting and address is None:
            address = addresses.clean(bare)
        waiting = bare.lower().startswith(_FAILED)
    if address is None:
        return None
    evidence = Evidence(address=address, action=action, diagnostic=" ".join(said or ()) or None, format="zonemta")
    return report("zonemta", [evidence])


FORMAT: Final = Format("zonemta", (Fingerprint(headers=("x-sending-zone",)),), read=read)
