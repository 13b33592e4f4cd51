"""qmail, netqmail, notqmail and the many systems that write QSBMF.

A sample:

    Hi. This is the qmail-send program at mail.store.example.
    I'm afraid I wasn't able to deliver your message to the following addresses.
    This is a permanent error; I've given up. Sorry it didn't work out.

    <ann@library.example>:
    192.0.2.25 does not like recipient.
    Remote host said: 550 5.1.1 User unknown
    Giving up on 192.0.2.25.

    --- Below this line is a copy of the message.

Source: qmail, qmail-send.c and qmail-remote.c; D. J. Bernstein, "The qmail-send Bounce Message Format (QSBMF)";
openings of hosting companies, of Haraka and of vpopmail as seen in public test data. A paragraph that begins with
an address in angle brackets and a colon is a recipient's; one that begins with a dash ends the list.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bouncelib import address as addresses
from bouncelib.format import Fingerprint, Format, report
from bouncelib.model import Action, Evidence, Refused, Stage
from bouncelib.patterns import late

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bouncelib.message import Message
    from bouncelib.model import Reading

_RECIPIENT: Final = late(r"^\s{0,8}<([^<>]{1,320})>\s?:\s*$")
# Imitators leave the brackets or the colon out.
_BARE: Final = late(r"^\s{0,12}<?([^\s<>:]{1,254}@[^\s<>:]{1,254})>?\s?:?\s*$")
_BREAK: Final = late(r"^-{2,}\s?\w|^-{20,}\s*$")
# What qmail-remote says before it quotes: who refused, and at which step.
_STEP: Final = late(
    r"(?:^|\s)(?P<host>[A-Za-z0-9][A-Za-z0-9.:_-]{1,253}) (?P<how>does not like (?:recipient|sender)|"
    r"failed (?:after I sent the message|on DATA command))|Connected to (?P<to>[A-Za-z0-9][A-Za-z0-9.:_-]{1,253}) but "
    r"(?P<but>sender was rejected|my name was rejected|greeting failed|connection died)|"
    r"most progress was (?P<progress>[A-Z]{4})[^;]{0,40}; remote host (?P<last>[A-Za-z0-9][A-Za-z0-9.:_-]{1,253}) said|"
    r"\(connected to (?P<died>[A-Za-z0-9][A-Za-z0-9.:_-]{1,253})\)",
    re.IGNORECASE,
)
_STAGES: Final = (
    ("does not like recipient", Stage.RCPT),
    ("does not like sender", Stage.MAIL),
    ("sender was rejected", Stage.MAIL),
    ("failed after i sent", Stage.END),
    ("failed on data", Stage.DATA),
    ("my name was rejected", Stage.EHLO),
    ("greeting failed", Stage.CONNECT),
    ("most progress was rcpt", Stage.RCPT),
    ("most progress was mail", Stage.MAIL),
    ("most progress was data", Stage.DATA),
    ("most progress was helo", Stage.EHLO),
    ("most progress was ehlo", Stage.EHLO),
)
_QUOTE: Final = late(r"From: <[^<>]{0,320}> RCPT: <[^<>]{0,320}> ")
_UNREACHED: Final = (
    "able to establish an smtp connection",
    "find any host named",
    "find a mail exchanger",
    "name server",
)
_LOOK: Final = 2000
_SKIPPED: Final = ("giving up on ",)


def read(message: Message) -> Reading | None:
    """Return the recipients of the list, or None where there is none."""
    lines = message.lines
    found = _paragraphs(lines, _RECIPIENT) or _paragraphs(lines, _BARE)
    return report("qmail", [_evidence(address, said) for address, said in found.values()]) if found else None


def _paragraphs(lines: Sequence[str], recipient: re.Pattern[str]) -> dict[str, tuple[str, list[str]]]:
    found: dict[str, tuple[str, list[str]]] = {}
    said: list[str] | None = None
    blank = True
    for line in lines:
        bare = line.strip()
        if not bare:
            blank = True
            continue
        if said is not None and blank and _BREAK.match(bare):
            break
        match = recipient.match(line)
        address = addresses.clean(match[1]) if match and (blank or said is None) else None
        if address:
            said = found.setdefault(address.lower(), (address, []))[1]
        elif said is not None and not bare.lower().startswith(_SKIPPED):
            said.append(bare)
        blank = False
    return found


def _evidence(address: str, said: Sequence[str]) -> Evidence:
    text = _QUOTE.sub("", " ".join(said))
    low = text.lower()
    step = _STEP.search(text[:_LOOK])
    host = (step["host"] or step["to"] or step["last"] or step["died"]) if step else None
    return Evidence(
        address=address,
        action=Action.FAILED,
        diagnostic=text or None,
        remote_mta=host.lower() if host else None,
        host=host.lower() if host else None,
        stage=next((stage for words, stage in _STAGES if words in low), None) if step else None,
        refused=Refused.NEVER_REACHED if host is None and any(words in low for words in _UNREACHED) else None,
        format="qmail",
    )


FORMAT: Final = Format(
    "qmail",
    (
        Fingerprint(
            phrases=(
                "this is the qmail send program",
                "afraid i wasn t able to deliver your message to the following addresses",
                "this is a permanent error i ve given up sorry it didn t work out",
                "below this line is a copy of the message",
                "below this line is a copy of the mail header",
                "below this line is the original bounce",
                "enclosed is a copy of the message",
                "enclosed are the original headers of the message",
                "attachment is a copy of the message",
                "mensaje original adjunto",
                "could not be delivered this is a permanent error please verify the addresses",
            )
        ),
    ),
    read=read,
)
