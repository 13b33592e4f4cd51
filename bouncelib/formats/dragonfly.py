"""DragonFly Mail Agent (dma), the small agent of DragonFly BSD, FreeBSD and Debian.

A sample:

    This is the DragonFly Mail Agent v0.13 at mail.store.example.

    There was an error delivering your mail to <ann@library.example>.

    mx.library.example [192.0.2.25] did not like our RCPT TO:
    550 5.1.1 <ann@library.example>: User unknown

    Message headers follow.

Source: dma, mail.c and net.c (the strings of release 0.13 as Debian builds it).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bouncelib import address as addresses
from bouncelib import smtp
from bouncelib.format import Fingerprint, Format, report
from bouncelib.model import Action, Evidence, Stage
from bouncelib.patterns import late

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_RECIPIENT: Final = late(r"There was an error delivering your mail to <([^<>]{1,320})>", re.IGNORECASE)
_DISLIKED: Final = late(r"^(\S{1,255}) \[[^\]]{1,80}\] did not like our (final )?([A-Z]{4})[^:]{0,20}:", re.MULTILINE)
_HOST: Final = late(r"(?:connect to|for|to|with|at) (\S{1,255}) \[[^\]]{1,80}\]")
_CLOSES: Final = ("message headers follow.", "original message follows.")


def read(message: Message) -> Reading | None:
    """Return the one recipient of the report, or None where it names none."""
    address: str | None = None
    said: list[str] = []
    for line in message.lines:
        bare = line.strip()
        if address is None:
            match = _RECIPIENT.search(bare)
            if match:
                address = addresses.from_field(match[1])[1]
        elif bare.lower().startswith(_CLOSES):
            break
        elif bare:
            said.append(bare)
    if address is None:
        return None
    text = "\n".join(said)
    disliked = _DISLIKED.search(text)
    other = disliked or _HOST.search(text)
    host = smtp.host_name(other[1]) if other else None
    stage = None
    if disliked:
        stage = Stage.END if disliked[2] else smtp.command_stage(disliked[3])
    evidence = Evidence(
        address=address,
        action=Action.FAILED,
        diagnostic=" ".join(said) or None,
        remote_mta=host,
        host=host,
        stage=stage,
        format="dragonfly",
    )
    return report("dragonfly", [evidence])


FORMAT: Final = Format(
    "dragonfly",
    (Fingerprint(phrases=("this is the dragonfly mail agent", "there was an error delivering your mail to")),),
    read=read,
)
