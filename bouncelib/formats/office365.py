"""Exchange Online: the illustrated notice, whose facts stand in a table of labels and values near its end.

A sample, as the text of its HTML:

    Your message to ann@library.example couldn't be delivered.
    ann wasn't found at library.example.

    Original Message Details
    Created Date:       11/23/2026 9:00:00 AM
    Sender Address:     bob@store.example
    Recipient Address:  ann@library.example
    Subject:            Opening hours

    Error Details
    Error:              550 5.1.1 <ann@library.example>: Recipient address rejected: User unknown
    Message rejected by: mx.library.example

Labels are translated, values are not: the last labelled address before the labelled reply is the recipient.

Source: https://learn.microsoft.com/en-us/exchange/mail-flow-best-practices/non-delivery-reports-in-exchange-online/;
seen in public test data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bouncelib import address as addresses
from bouncelib import smtp
from bouncelib.format import Fingerprint, Format, refusal, report
from bouncelib.model import Action, Evidence, Refused
from bouncelib.patterns import late

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bouncelib.message import Message
    from bouncelib.model import Reading

_REPLY: Final = late(r"[245]\d\d[ -][245]\.\d{1,3}\.\d{1,3}[ ;:]\s?\S")
_ADDRESSES: Final = late(r"[^\s@]{1,254}@[^\s@]{1,254}(?:\s?[,;]\s?[^\s@]{1,254}@[^\s@]{1,254}){0,50}")
_HOST: Final = late(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}(?:\.[A-Za-z0-9_-]{1,63}){1,8}")
_OWN: Final = (".outlook.com", ".exchangelabs.com", ".partner.outlook.cn", ".office365.us")
_OWN_WORDS: Final = late(r"[245]\d\d [245]\.\d{1,3}\.\d{1,3} (?:RESOLVER|STOREDRV|ROUTING|TRANSPORT|AGENT)\.")
_LABEL: Final = 48
# Above a report that somebody forwards.
_FORWARDED: Final = frozenset({"from", "sent", "to", "cc", "subject"})


def read(message: Message) -> Reading | None:
    """Return the recipients of the table, or None where the notice has none."""
    named: list[str] = []
    text = host = reporter = None
    for value in map(addresses.without_links, _values(message.lines)):
        if text is None:
            if _REPLY.match(value):
                text = value
            elif _ADDRESSES.fullmatch(value):
                named = addresses.find_all(value)
        elif _HOST.fullmatch(value):
            name = value.lower()
            if name.endswith(_OWN):
                reporter = reporter or name
            else:
                host = host or smtp.host_name(name)
        elif _HOST.search(value) is None:
            continue
        if reporter:
            break
    if text is None or not named:
        return None
    evidence = [
        Evidence(
            address=address,
            action=Action.FAILED,
            diagnostic=text,
            remote_mta=host,
            host=host,
            refused=Refused.AFTER_ACCEPTANCE if host is None and _OWN_WORDS.match(text) else refusal(text, host),
            format="office365",
        )
        for address in named
    ]
    return report("office365", evidence, [("Reporting-MTA", f"dns; {reporter}")] if reporter else [])


def _values(lines: Sequence[str]) -> Iterator[str]:
    """Yield what stands after a label and its colon, on the same line or the next one with text."""
    waiting = False
    for line in lines:
        bare = line.strip()
        if not bare:
            continue
        label, colon, value = bare.replace("\uff1a", ":").partition(":")
        if waiting and (not colon or _REPLY.match(bare)):
            yield bare
        elif colon and len(label) <= _LABEL and value.strip() and "@" not in label and label.lower() not in _FORWARDED:
            yield value.strip()
        waiting = bool(colon) and not value.strip()


FORMAT: Final = Format(
    "office365",
    (
        Fingerprint(
            phrases=("go microsoft com fwlink", "more info for email admins", "office 365", "cmsimages office365logo")
        ),
        Fingerprint(headers=("x-ms-exchange-message-is-ndr",)),
    ),
    read=read,
)
