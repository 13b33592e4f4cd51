"""Mailman: a post that a list does not let through, which comes back with the reason.

A sample:

    From: readers-owner@library.example
    Subject: What is new this week

    Your message to the Readers mailing-list was rejected for the following
    reasons:

    The message is not from a list member

    The original message as received by Mailman is attached.

Source: captured from Mailman 3.3.8; Mailman 2.1, Mailman/Handlers/Moderate.py and Mailman/Bouncer.py (BounceMessage).
The notice keeps the subject of the post, and where a filter refused it, the reason stands alone. What a moderator decides
is a notice of the list's own.
"""

from __future__ import annotations

from typing import Final

from bouncelib import address as addresses
from bouncelib.format import Fingerprint, Format, report, returned_to
from bouncelib.message import Message
from bouncelib.model import Action, Evidence, Reading, Refused
from bouncelib.patterns import late

_KEEPER: Final = late(r"-(?:owner|bounces|admin)\Z")
_ATTACHED: Final = late(r"the original message as received by mailman is attached\.?\s*\Z|\[ attachment[^\]]*\]\s*\Z")
_ENOUGH: Final = 2000


def read(message: Message) -> Reading | None:
    """Return the list that did not take the post, or None where the notice is of another kind."""
    sender = addresses.clean(message.headers.get(b"from") or "") or ""
    keeper, _, host = sender.lower().rpartition("@")
    name = _KEEPER.sub("", keeper)
    subject = message.headers.get(b"subject")
    returned = message.returned.get(b"subject")
    if name == keeper or message.media != "multipart/mixed" or message.original is None or subject != returned:
        return None
    # Only the list's own address, never that of the member who wrote.
    found = next((one for one in returned_to(message) if one.lower() == f"{name}@{host}"), None)
    if found is None:
        return None
    text = " ".join(message.notice.split())
    said = _ATTACHED.sub("", text.casefold())
    return report(
        "mailman",
        [
            Evidence(
                address=found,
                action=Action.FAILED,
                diagnostic=text[: len(said)].strip()[:_ENOUGH] or None,
                refused=Refused.AFTER_ACCEPTANCE,
                format="mailman",
            )
        ],
    )


FORMAT: Final = Format("mailman", (Fingerprint(headers=("x-mailman-version",), types=("multipart/mixed",)),), read=read)
