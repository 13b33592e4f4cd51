"""GNU mailutils: what Sieve's reject sends, whose machine-readable part gives no reason.

A sample:

    The original message was received at Mon, Nov 23 09:00:00 2026 +0000 from news@store.example.
    Message was refused by recipient's mail filtering program.
    Reason given was as follows:

    I do not want mail from shops.

Source: captured from mailutils 3.15. The status part has `Action: deleted`, the fields of a disposition notification
(RFC 8098) and no status.
"""

from __future__ import annotations

import re
from typing import Final

from bouncelib import address as addresses
from bouncelib.format import Fingerprint, Format, report, returned_to
from bouncelib.message import Message
from bouncelib.model import Action, Evidence, Reading
from bouncelib.patterns import late

_REFUSED: Final = late(r"message was refused by recipient's mail filtering program\.[\s\S]{0,2000}", re.IGNORECASE)


def read(message: Message) -> Reading | None:
    """Return the refusal and the reason that the user gives, or None."""
    match = _REFUSED.search(message.notice)
    if match is None:
        return None
    stated = (value for group in message.status_groups for name, value in group if name.lower() == "final-recipient")
    found = [address for value in stated if (address := addresses.from_field(value)[1])] or returned_to(message)
    if not found:
        return None
    said = " ".join(match[0].split())
    return report("mailutils", [Evidence(address=found[0], action=Action.FAILED, diagnostic=said, format="mailutils")])


FORMAT: Final = Format(
    "mailutils",
    (Fingerprint(phrases=("message was refused by recipient s mail filtering program",)),),
    read=read,
)
