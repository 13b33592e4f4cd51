"""Exchange Server 4.0 and 5.5: the Internet Mail Connector and Service, the MTA of X.400.

A sample:

    Your message

      To:      ann@library.example
      Subject: Opening hours
      Sent:    Mon, 23 Nov 1998 09:00:00 -0000

    did not reach the following recipient(s):

    ann@library.example on Mon, 23 Nov 1998 09:00:02 -0000
        The recipient name is not recognized
            The MTS-ID of the original message is: c=gb;a= ;p=library;l=POST1
        MSEXCH:IMS:Library:READING ROOM:POST1 0 (000C05A6) Unknown Recipient

Source: seen in public test data (versions 4.0.994 to 5.5.2657).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bouncelib import address as addresses
from bouncelib.format import ORIGINAL_MARKS, Fingerprint, Format, failure, report
from bouncelib.patterns import late

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bouncelib.message import Message
    from bouncelib.model import Reading

_OPENS: Final = ("did not reach the following recipient(s)", "recipient(s) could not be reached")
# The servers of other languages write the same with their own word for "on".
_DATED: Final = late(r"\s(?:on|am|le|el|em|il|op|den)\s(?:[A-Z][a-z]{2},\s\d|\d{1,2}[/.-]\d)")
_NAMED: Final = late(r"['\"<]?[^\s:;]{1,254}@[^\s:;]{1,254}\s")
_DOMAIN_DEFINED: Final = late(r"\bSMTP=([^\s;,]{1,320})", re.IGNORECASE)
_ROUTED: Final = late(r"[cgiops]{1,2}=[^;]{0,64};", re.IGNORECASE)
_CLOSES: Final = (*ORIGINAL_MARKS, "------_=_", "----- transcript of session")
_ID: Final = "the mts-id of the original message is"


def read(message: Message) -> Reading | None:
    """Return the recipients with what the connector says of each, or None where there are none."""
    found: list[tuple[str, list[str]]] = []
    head: list[str] = []
    opened = identifying = False
    for line in message.lines:
        bare = line.strip()
        low = bare.lower()
        if not opened:
            opened = any(text in low for text in _OPENS)
            head.append(bare)
            if opened or not (_DATED.search(bare) and _NAMED.match(bare)):
                continue
            opened = True
        if low.startswith(_CLOSES):
            break
        if _DATED.search(bare) and ("@" in bare or _ROUTED.match(bare)):
            found.append((_DATED.split(bare, maxsplit=1)[0], []))
            identifying = False
        elif found and bare:
            # The id of the original may be folded onto a second line.
            identifying = low.startswith(_ID) or (identifying and not low.startswith("msexch:"))
            if not identifying and not (bare[0].isdigit() and not found[-1][1]):
                found[-1][1].append(bare)
    recipients = [
        failure("exchange55", address, " ".join(said))
        for address, said in ((_address(who) or _only(head, found), said) for who, said in found)
        if address
    ]
    return report("exchange55", recipients) if recipients else None


def _address(who: str) -> str | None:
    match = _DOMAIN_DEFINED.search(who)
    return addresses.clean(match[1] if match else who)


def _only(head: Sequence[str], found: Sequence[object]) -> str | None:
    """Return the one address that the message went to, where the report names its recipient in X.400 terms alone."""
    named = [address for line in head if line.startswith(("To:", "Cc:")) for address in addresses.find_all(line)]
    return named[0] if len(named) == len(found) == 1 else None


FORMAT: Final = Format(
    "exchange55",
    (
        Fingerprint(
            phrases=(
                "did not reach the following recipient s",
                "msexch ims",
                "msexch imc",
                "msexch msexchangemta",
                "mts id of the original message is",
            ),
        ),
    ),
    read=read,
)
