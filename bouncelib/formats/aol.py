"""AOL's older reports, which name screen names.

A sample:

    Your mail to the following recipients could not be delivered because they are not
    accepting mail from bob@store.example:

            annlibrary

Source: flufl.bounce, _detectors/aol.py. A screen name is reported as it is written: what is reported stands in the message, and
no rule of the vocabulary puts a domain to it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bouncelib import address as addresses
from bouncelib.format import Fingerprint, Format, report
from bouncelib.model import Action, Evidence, Refused
from bouncelib.patterns import late

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_OPENS: Final = late(r"mail to the following recipients could not be delivered", re.IGNORECASE)
_NAME: Final = late(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}|[^\s<>]{1,254}@[^\s<>]{1,254}")


def read(message: Message) -> Reading | None:
    """Return the screen names and addresses in the list, or None where there is none."""
    said: list[str] = []
    named: list[str] = []
    for line in message.lines:
        bare = line.strip()
        if not said:
            if _OPENS.search(bare):
                said.append(bare)
        elif not bare:
            continue
        elif " " not in bare and _NAME.fullmatch(bare):
            address = addresses.clean(bare) if "@" in bare else bare
            if address and address not in named:
                named.append(address)
        elif named:
            break
        else:
            said.append(bare)
    text = " ".join(said)
    return (
        report(
            "aol",
            [
                Evidence(
                    address=one, action=Action.FAILED, diagnostic=text, refused=Refused.AFTER_ACCEPTANCE, format="aol"
                )
                for one in named
            ],
        )
        if named
        else None
    )


FORMAT: Final = Format(
    "aol",
    (Fingerprint(phrases=("mail to the following recipients could not be delivered",), senders=("aol.com",)),),
    read=read,
)
