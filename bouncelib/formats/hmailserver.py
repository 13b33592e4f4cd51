"""hMailServer: facts in indented lines under each recipient.

A sample:

    Your message did not reach some or all of the intended recipients.

       Sent: Mon, 23 Nov 2009 09:00:00 +0000
       Subject: Opening hours

    The following recipient(s) could not be reached:

    ann@library.example
       Error Type: SMTP
       Remote server (192.0.2.25) issued an error.
       hMailServer sent: RCPT TO:<ann@library.example>
       Remote server replied: 550 5.1.1 <ann@library.example>... User unknown

    hMailServer

Source: seen in public test data.
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
    from collections.abc import Sequence

    from bouncelib.message import Message
    from bouncelib.model import Reading

_OPENS: Final = "following recipient(s) could not be reached"
_SOLE: Final = late(r"^<?([^\s<>]{1,254}@[^\s<>]{1,254})>?\s*$")
_SERVER: Final = late(
    r"remote server \(?([0-9a-f.:]{3,45}|[a-z0-9][a-z0-9.-]{1,252})\)? issued an error", re.IGNORECASE
)
_SENT: Final = "hmailserver sent:"
_REPLIED: Final = "remote server replied:"


def read(message: Message) -> Reading | None:
    """Return the recipients with the facts under each, or None where there are none."""
    found: list[tuple[str, list[str]]] = []
    opened = False
    for line in message.lines:
        bare = line.strip()
        if not opened:
            opened = _OPENS in line.lower()
            continue
        match = _SOLE.match(line) if "@" in line else None
        address = addresses.clean(match[1]) if match else None
        if address:
            found.append((address, []))
        elif found and line[:1].isspace() and bare:
            found[-1][1].append(bare)
        elif found and bare:
            # The closing line of the notice, whatever the administrator wrote there.
            break
    recipients = [_evidence(address, said) for address, said in found]
    return report("hmailserver", recipients) if recipients else None


def _evidence(address: str, said: Sequence[str]) -> Evidence:
    host = stage = None
    reply: list[str] = []
    words: list[str] = []
    for row in said:
        low = row.lower()
        server = _SERVER.search(row)
        if server:
            host = server[1].lower()
        elif low.startswith(_SENT):
            stage = smtp.command_stage(row[len(_SENT) :].strip())
        elif low.startswith(_REPLIED):
            reply.append(row[len(_REPLIED) :].strip())
        elif reply:
            reply.append(row)
        elif not low.startswith("error type:"):
            words.append(row)
    text = " ".join(reply or words)
    return failure("hmailserver", address, text, host, stage=stage)


FORMAT: Final = Format(
    "hmailserver",
    (Fingerprint(phrases=("following recipient s could not be reached ... error type", "hmailserver sent")),),
    read=read,
)
