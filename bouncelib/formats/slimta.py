"""slimta: a multipart/report whose second part names no recipient; the text lists them all before the one reply.

A sample:

    Delivery failed for:
    - ann@library.example
    - ben@library.example

    Destination host responded:
    550 5.1.1 <ann@library.example>: User unknown

Source: python-slimta 5.0, slimta/bounce/__init__.py. Of several recipients the reply may be that of one: where it names one of
them, it is not told what was said of the others.
"""

from __future__ import annotations

from html import unescape
from typing import Final

from bouncelib import address as addresses
from bouncelib.format import Fingerprint, Format, report
from bouncelib.message import Message
from bouncelib.model import Action, Evidence, Reading, Refused

_HEADING: Final = "Delivery failed for:"
_OPENS: Final = _HEADING.lower()
_SAYS: Final = "destination host responded:"
# Its own words for a server that it did not reach.
_OWN: Final = ("connection failed", "no usable dns records", "dns lookup failed")


def read(message: Message) -> Reading | None:
    """Return the recipients with the reply, or None where there are none."""
    named: list[str] = []
    said: list[str] | None = None
    listing = False
    for line in message.lines:
        bare = line.strip()
        low = bare.lower()
        if low == _OPENS:
            listing = True
        elif low == _SAYS and named:
            said, listing = [], False
        elif said is not None:
            if not bare and said:
                break
            if bare:
                said.append(bare)
        elif listing and bare.startswith("- "):
            address = addresses.clean(unescape(bare[2:]))
            if address:
                named.append(address)
    if not named or not said:
        return None
    text = " ".join(said)
    low = text.lower()
    remote = next(
        (value for group in message.status_groups for name, value in group if name.lower() == "remote-mta"), None
    )
    unreached = any(words in low for words in _OWN)
    about = [one for one in named if f"<{one.lower()}>" in low]
    return report(
        "slimta",
        [
            Evidence(
                address=address,
                action=Action.FAILED,
                diagnostic=text if not about or address in about else _HEADING,
                diagnostic_type="smtp",
                remote_mta=remote.partition(";")[2].strip() or None if remote else None,
                refused=Refused.NEVER_REACHED if unreached else Refused.IN_SESSION if remote else None,
                format="slimta",
            )
            for address in named
        ],
    )


FORMAT: Final = Format("slimta", (Fingerprint(phrases=("destination host responded",)),), read=read)
