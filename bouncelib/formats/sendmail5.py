"""Sendmail 5 and IDA: nothing but the transcript of the session.

A sample:

       ----- Transcript of session follows -----
    While talking to mx.library.example:
    >>> RCPT To:<ann@library.example>
    <<< 550 <ann@library.example>, User Unknown
    550 <ann@library.example>... User unknown

       ----- Unsent message follows -----

Source: Sendmail 5.65 and its descendants as seen in public test data. A note that begins with a code and names an
address tells of a failed recipient; the server's reply before it, if there is one, says why.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bouncelib import address as addresses
from bouncelib import smtp
from bouncelib.format import Fingerprint, Format, report
from bouncelib.model import Action, Evidence, Stage
from bouncelib.patterns import late

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bouncelib.message import Message
    from bouncelib.model import Reading
    from bouncelib.smtp import Turn

_OPENS: Final = "transcript of session follows"
_CLOSES: Final = late(
    r"-{3,} ?(?:unsent message|message header|original message|returned message|recipients of this|message text)",
    re.IGNORECASE,
)
_NOTE: Final = late(
    r"^(?:([245]\d\d) (?:[245]\.\d{1,2}\.\d{1,3} )?)?<?([^\s<>]{1,254}@[^\s<>]{1,254}?)>?\.\.\.[ ]?(.*)"
)
_REMOTE: Final = ("remote protocol error", "user unknown", "service unavailable")
_WARNING: Final = ("this is a warning message only", "will keep trying until")
_RECIPIENT: Final = late(r"RCPT To:\s?<([^<>]{1,320})>", re.IGNORECASE)
_REFUSED: Final = ("4", "5")


def read(message: Message) -> Reading | None:
    """Return the recipients that the transcript tells of, or None where it tells of none."""
    lines = _transcript(message.lines)
    turns = smtp.read_transcript(lines)
    warning = any(text in message.notice.lower() for text in _WARNING)
    found: dict[str, Evidence] = {}
    for place, turn in enumerate(turns):
        evidence = _from_note(turns, place, warning=warning) if not turn.reply else None
        if evidence:
            found.setdefault((evidence.address or "").lower(), evidence)
    if not found:
        # Without a note: the command that was refused names the recipient.
        for turn in turns:
            match = _RECIPIENT.match(turn.command) if turn.reply and turn.text.startswith(_REFUSED) else None
            address = addresses.clean(match[1]) if match else None
            if address:
                found.setdefault(address.lower(), _evidence(address, turn, turn.text, Action.FAILED))
    return report("sendmail5", list(found.values())) if found else None


def _transcript(lines: Sequence[str]) -> list[str]:
    inside = False
    kept: list[str] = []
    for line in lines:
        bare = line.strip()
        if inside and _CLOSES.match(bare):
            break
        if inside:
            kept.append(line)
        inside = inside or _OPENS in bare.lower()
    return kept


def _from_note(turns: Sequence[Turn], place: int, *, warning: bool) -> Evidence | None:
    match = _NOTE.match(turns[place].text)
    address = addresses.clean(match[2]) if match else None
    if match is None or address is None or (match[1] or "").startswith("2"):
        return None
    deferred = match[3].lower().startswith("deferred")
    if deferred and not warning and match[1]:
        return None
    said = match[3] if smtp.find_reply(match[3]).code else turns[place].text
    reply = _reply_before(turns, place) if match[3].lower().startswith(_REMOTE) else None
    if not reply and place and _is_output(turns[place - 1]):
        # The note sums up what a local program wrote above it.
        said = f"{said} {turns[place - 1].text}"
    action = Action.DELAYED if warning else Action.FAILED
    return _evidence(address, reply, reply.text if reply else said, action)


def _is_output(turn: Turn) -> bool:
    return not turn.reply and _NOTE.match(turn.text) is None and smtp.find_reply(turn.text).code is None


def _reply_before(turns: Sequence[Turn], place: int) -> Turn | None:
    """Return the refusal that the note at `place` sums up: the last since another was named."""
    for turn in reversed(turns[:place]):
        if turn.reply:
            return turn if turn.text.startswith(_REFUSED) and not turn.text.startswith("503") else None
        if _NOTE.match(turn.text):
            return None
    return None


def _evidence(address: str, reply: Turn | None, said: str, action: Action) -> Evidence:
    host = reply.host if reply and reply.host and "." in reply.host else None
    stage: Stage | None = None
    if reply:
        stage = smtp.command_stage(reply.command) if reply.command else Stage.CONNECT
    return Evidence(
        address=address,
        action=action,
        diagnostic=said,
        remote_mta=host,
        host=host,
        stage=stage,
        format="sendmail5",
    )


FORMAT: Final = Format(
    "sendmail5", (Fingerprint(phrases=("unsent message follows", "recipients of this delivery")),), read=read
)
