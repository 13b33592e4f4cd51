"""Exchange Server 2000 and 2003: prose in the reader's language, and after it a token that is the same in all of them.

A sample:

    Your message did not reach some or all of the intended recipients.

          Subject: Opening hours
          Sent:    11/23/2005 9:00 AM

    The following recipient(s) could not be reached:

          ann@library.example on 11/23/2005 9:00 AM
                The e-mail account does not exist at the organization this message was sent to.
                <mail.store.example #5.1.1 smtp;550 5.1.1 User unknown>

Read by the token, so that the language does not matter.

Source: seen in public test data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bouncelib import address as addresses
from bouncelib import smtp
from bouncelib.format import ORIGINAL_MARKS, Fingerprint, Format, refusal, report
from bouncelib.model import Action, Evidence
from bouncelib.patterns import late

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bouncelib.message import Message
    from bouncelib.model import Reading

_TOKEN: Final = late(r"<([A-Za-z0-9_.-]{1,253})\s{1,3}#(\d\.\d{1,3}\.\d{1,3})(?:\s+smtp;(.*?))?>?$")
_TOKEN_OPENS: Final = late(r"<[A-Za-z0-9_.-]{1,253}\s{1,3}#\d\.\d{1,3}\.\d{1,3}")
_LABELLED: Final = late(r"^\s{0,16}[^\s:@]{1,24}\s?:\s")
_DATED: Final = late(r"[>'\"\w]\s+\S{1,6}\s+\d{1,4}[/.-]\d")
_ROWS: Final = 8
_LONGEST: Final = 1000


def read(message: Message) -> Reading | None:
    """Return the recipients whose lines are followed by a token, or None where there are none."""
    found: list[tuple[str, list[str]]] = []
    reporter: str | None = None
    open_token = False
    for line in message.lines:
        bare = line.strip()
        low = bare.lower()
        if found and low.startswith(ORIGINAL_MARKS):
            break
        if not bare:
            continue
        short = len(bare) < _LONGEST
        named = (
            addresses.find_all(bare)
            if short and not _LABELLED.match(line) and "<" not in bare.partition("#")[0]
            else []
        )
        if not named and short and "@" in bare and _DATED.search(bare):
            address = addresses.clean(bare)
            named = [address] if address else []
        starts = _TOKEN_OPENS.search(bare)
        if starts and found:
            host = smtp.host_name(bare[starts.start() + 1 :])
            reporter = reporter or host
            found[-1][1].append(bare)
            open_token = not bare.endswith(">")
        elif open_token and found:
            found[-1][1].append(bare)
            open_token = not bare.endswith(">")
        elif named and (_DATED.search(bare) or bare.startswith(named[0])):
            found.append((named[0], []))
        elif found and len(found[-1][1]) < _ROWS:
            found[-1][1].append(bare)
    recipients = [_evidence(address, said) for address, said in found if any(_TOKEN_OPENS.search(row) for row in said)]
    fields = [("Reporting-MTA", f"dns; {reporter}")] if reporter else []
    return report("exchange2003", recipients, fields) if recipients else None


def _evidence(address: str, said: Sequence[str]) -> Evidence:
    rows = list(said)
    # Whatever follows the token belongs to nobody.
    ends = next(place for place, row in enumerate(rows) if _TOKEN_OPENS.search(row))
    while ends + 1 < len(rows) and not rows[ends].endswith(">"):
        ends += 1
    text = " ".join(rows[: ends + 1])
    opening = _TOKEN_OPENS.search(text)
    match = _TOKEN.match(text, opening.start()) if opening else None
    quoted = match[3] if match else None
    return Evidence(
        address=address,
        action=Action.DELAYED if match and match[2].startswith("4") and not quoted and _waits(text) else Action.FAILED,
        diagnostic=text,
        refused=refusal(quoted, "quoted") if quoted else refusal(text),
        format="exchange2003",
    )


def _waits(text: str) -> bool:
    return "will continue to try" in text or "has not been delivered yet" in text


FORMAT: Final = Format(
    "exchange2003",
    (
        Fingerprint(
            phrases=(
                "following recipient s could not be reached",
                "did not reach some or all of the intended recipients",
                "folgende r empfanger kann konnen nicht erreicht werden",
                "hat einige oder alle empfanger nicht erreicht",
            ),
        ),
        Fingerprint(headers=("content-class",), types=("multipart/report",)),
    ),
    read=read,
)
