"""Stalker (CommuniGate Systems) CommuniGate Pro.

A sample:

    Failed to deliver to 'ann@library.example'
    SMTP module(domain library.example) reports:
     host mx.library.example says:
     550 5.1.1 <ann@library.example>: User unknown

Source: wording as remembered from reports of the product; not checked against the program or a page.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bouncelib import address as addresses
from bouncelib import smtp
from bouncelib.format import ORIGINAL_MARKS, Fingerprint, Format, refusal, report
from bouncelib.model import Action, Evidence, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bouncelib.message import Message
    from bouncelib.model import Reading

_RECIPIENT: Final = re.compile(r"^\s{0,4}failed to deliver to '<?([^'<>\s]{1,320})>?'", re.IGNORECASE)
_MODULE: Final = re.compile(r"^\s{0,4}([A-Z]{2,12}) ?module ?\([^()]{0,320}\) reports:", re.IGNORECASE)
_HOST: Final = re.compile(
    r"^\s{0,4}host ([A-Za-z0-9][A-Za-z0-9._-]{0,252})(?: \(?\[?[0-9A-Fa-f:.]{3,45}\]?\)?)? says:", re.IGNORECASE
)


def read(message: Message) -> Reading | None:
    """Return the recipients with what a module reports of each, or None where there are none."""
    found: list[tuple[str, list[str]]] = []
    for line in message.lines:
        bare = line.strip()
        match = _RECIPIENT.match(line)
        address = addresses.clean(match[1]) if match else None
        if address:
            found.append((address, []))
        elif found and bare.lower().startswith(ORIGINAL_MARKS):
            break
        elif found and bare:
            found[-1][1].append(line)
        elif found and found[-1][1]:
            # A blank line ends what was said; the next recipient opens again.
            found[-1][1].append("")
    recipients = [_evidence(address, said) for address, said in found]
    return report("communigate", recipients) if recipients else None


def _evidence(address: str, said: Sequence[str]) -> Evidence:
    host: str | None = None
    local = False
    words: list[str] = []
    for line in said:
        if not line:
            break
        module = _MODULE.match(line)
        server = _HOST.match(line)
        if module:
            local = module[1].upper() != "SMTP"
        elif server:
            host = smtp.host_name(server[1])
        else:
            words.append(line.strip())
    text = " ".join(words)
    return Evidence(
        address=address,
        action=Action.FAILED,
        diagnostic=text or None,
        remote_mta=host,
        host=host,
        refused=Refused.AFTER_ACCEPTANCE if local else refusal(text, host),
        format="communigate",
    )


FORMAT: Final = Format(
    "communigate",
    (Fingerprint(phrases=("failed to deliver to ... module ... reports", "module domain ... reports host ... says")),),
    read=read,
)
