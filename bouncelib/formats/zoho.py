"""Zoho Mail: reports and delay warnings without a delivery-status part.

Samples:

    A message that you sent could not be delivered to one or more of its recipients. This is a permanent error.

    ann@library.example Invalid Address, ERROR_CODE :550, ERROR_CODE :5.1.1 <ann@library.example>... User Unknown

and

    ----- The following addresses had fatal errors -----
    [Status: Error, Address: <ann@library.example>, ResponseCode 421, , Host not reachable.]

Source: reports of zoho.com as seen in public test data.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bouncelib import address as addresses
from bouncelib.format import Fingerprint, Format, refusal, report
from bouncelib.model import Action, Evidence
from bouncelib.patterns import late

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading

_LINE: Final = late(
    r"\s{0,20}<?([^\s<>,]{1,254}@[^\s<>,]{1,254})>?[ ,]\s{0,4}((?:invalid address|(?:[^<>@:,]{1,60}, )?error[ _]?code)\b.*)",
    re.IGNORECASE,
)
_STATUS: Final = late(r"\[status: \w{1,20}, address: <([^<>\s]{1,320})>,\s*(.*?)\]?\s*$", re.IGNORECASE)
_CLOSES: Final = ("received:", "return-path:", "----- transcript", "message-id:", "message will be retried")
_DELAYED: Final = late(r"warning message only|will be retried for", re.IGNORECASE)


def read(message: Message) -> Reading | None:
    """Return the recipients of either form, or None where there is none."""
    found: dict[str, list[str]] = {}
    said: list[str] | None = None
    for line in message.lines:
        bare = line.strip()
        if bare.lower().startswith(_CLOSES) and found:
            break
        match = _LINE.match(line) or _STATUS.match(bare)
        address = addresses.clean(match[1]) if match else None
        if match and address:
            said = found.setdefault(address, [])
            said.append(match[2].strip())
        elif not bare:
            said = None
        elif said is not None:
            said.append(bare)
    if not found:
        return None
    action = Action.DELAYED if _DELAYED.search(message.notice) else Action.FAILED
    return report(
        "zoho",
        [
            Evidence(
                address=address,
                action=action,
                diagnostic=" ".join(words),
                refused=refusal(" ".join(words), "remote"),
                format="zoho",
            )
            for address, words in found.items()
        ],
    )


FORMAT: Final = Format(
    "zoho",
    (
        Fingerprint(
            senders=(
                "mailer-daemon@mail.zoho.com",
                "mailer-daemon@zoho.com",
                "mailer-daemon@mail.zoho.eu",
                "mailer-daemon@mail.zoho.in",
            )
        ),
        Fingerprint(phrases=("invalid address error code", "status error address")),
    ),
    read=read,
)
