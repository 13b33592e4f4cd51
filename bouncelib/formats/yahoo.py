"""Yahoo in all its eras, and the providers that it runs the mail of (sbcglobal.net and others).

Samples:

    Message from yahoo.com.
    Unable to deliver message to the following address(es).

    <ann@library.example>:
    This user doesn't have a library.example account (ann@library.example) [-9]

    --- Original message follows.

and, since 2010:

    Sorry, we were unable to deliver your message to the following address.

    <ann@library.example>:
    550: 5.1.1 <ann@library.example>: Recipient address rejected: User unknown

    --- Below this line is a copy of the message.

Source: reports of yahoo.com, yahoo.co.jp and sbcglobal.net as seen in public test data.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from bouncelib import address as addresses
from bouncelib import smtp
from bouncelib.format import Fingerprint, Format, Layout, read_lines, refusal, report
from bouncelib.model import Action, Evidence, Refused
from bouncelib.patterns import late

if TYPE_CHECKING:
    from bouncelib.message import Message
    from bouncelib.model import Reading, Stage

_LAYOUT: Final = Layout(
    opens=(
        "unable to deliver message to the following address",
        "unable to deliver your message to the following address",
    ),
    recipient=r"^\s{0,20}<(?P<address>[^<>\s]{1,320})>:\s*$",
    closes=(
        "--- original message",
        "--- below this line",
        "---below this line",
        "---------- forwarded message",
        "return-path: ",
    ),
)
_LOST: Final = late(r"wasn't able to deliver the following message", re.IGNORECASE)
_TO: Final = late(r"To:\s*(\S.*)", re.IGNORECASE)
_NO_MX: Final = late(r"no (?:mx|a) record|dns (?:error|lookup)|cname lookup|couldn't find", re.IGNORECASE)
_STEP: Final = late(r"\[(MAIL|RCPT|DATA|HELO|EHLO)(?:_(?:FROM|TO))?\]\s*$")
_SERVER: Final = late(
    r"^(?:connected to )?([0-9.]{7,15}) (?:failed|does not like|but)|remote server \[([0-9.]{7,15})(?::\d{1,5})?\]"
)


def read(message: Message) -> Reading | None:
    """Return the recipients of the list, or the one of the newer report without a list; None where there is neither."""
    found = read_lines(_LAYOUT, message.lines)
    if found:
        return report("yahoo", [_evidence(**facts) for facts in found])
    lost = _LOST.search(message.notice)
    return _lost(message.notice[lost.start() :]) if lost else None


def _lost(text: str) -> Reading | None:
    """Return the recipient that stands in the returned message's To field, which is all that the notice says of it."""
    for line in text.split("\n"):
        bare = line.strip()
        if bare.lower().startswith(("---", "received: ")):
            return None
        match = _TO.match(bare)
        named = addresses.find_all(match[1]) if match else []
        if len(named) == 1:
            return report("yahoo", [Evidence(address=named[0], action=Action.FAILED, format="yahoo")])
        if match:
            return None
    return None


def _evidence(address: str, diagnostic: str | None = None, **_: Any) -> Evidence:  # noqa: ANN401 - the facts of a layout
    text = diagnostic or ""
    server = _SERVER.search(text)
    host = (server[1] or server[2]) if server else None
    step = _STEP.search(text)
    stage: Stage | None = smtp.command_stage(step[1]) if step else None
    remote = host or step or text.lower().startswith("remote host said") or re.match(r"[45]\d\d:", text)
    return Evidence(
        address=address,
        action=Action.FAILED,
        diagnostic=diagnostic,
        remote_mta=host,
        host=host,
        stage=stage,
        refused=Refused.NEVER_REACHED if _NO_MX.search(text) else refusal(text, "remote" if remote else None),
        format="yahoo",
    )


FORMAT: Final = Format(
    "yahoo",
    (
        Fingerprint(
            phrases=(
                "unable to deliver message to the following address(es)",
                "sorry we were unable to deliver your message to the following address",
                "i'm afraid i wasn't able to deliver the following message",
            )
        ),
    ),
    read=read,
)
