"""Sendmail 8 and the programs that write as it does: the lists of addresses, and the transcript that belongs to them.

A sample:

       ----- The following addresses had permanent fatal errors -----
    <ann@library.example>
        (reason: 550 5.1.1 <ann@library.example>... User unknown)
        (expanded from: <desk@store.example>)

       ----- Transcript of session follows -----
    ... while talking to mx.library.example.:
    >>> DATA
    <<< 550 5.1.1 <ann@library.example>... User unknown
    550 5.1.1 <ann@library.example>... User unknown
    <<< 503 5.0.0 Need RCPT (recipient)

Source: Sendmail 8.17, sendmail/savemail.c (errbody) and deliver.c; releases 8.6 to 8.8, which give no reasons, as
seen in public test data. The reply that belongs to the recipient is the one that its reason begins, or the one
before the note that names it; the 503 after it answers a command that came too late.
"""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING, Final

from attrs import define

from bouncelib import address as addresses
from bouncelib import smtp
from bouncelib.format import ORIGINAL_MARKS, Fingerprint, Format, report
from bouncelib.model import Action, Evidence, Stage
from bouncelib.patterns import late

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bouncelib.message import Message
    from bouncelib.model import Reading
    from bouncelib.smtp import Turn

_SECTIONS: Final = (
    ("had permanent fatal errors", Action.FAILED),
    ("had permanent delivery errors", Action.FAILED),
    ("had delivery problems", Action.FAILED),
    ("had delivery errors", Action.FAILED),
    ("had transient non-fatal errors", Action.DELAYED),
    ("had successful delivery notifications", Action.DELIVERED),
)
_SUCCESS: Final = (("expanded by alias", Action.EXPANDED), ("relayed", Action.RELAYED))
_TRANSCRIPT: Final = ("transcript of session follows", "transcript of the session follows")
_MUTE: Final = "unrecoverable error"
_REASON: Final = late(r"\(reason: (.{1,2000}?)\)?$")
_EXPANDED: Final = late(r"\(expanded from: (.{1,400}?)\)?$")
_COMMENT: Final = late(r"[ \t]{1,40}[(\[]([^()\[\]]{1,400})[)\]]$")
_LATE: Final = late(r"503\b|5\d\d .{0,40}no valid recipients", re.IGNORECASE)
_NAMING: Final = late(r"^(?:\d{3} (?:[245]\.\d{1,2}\.\d{1,3} )?)?<?([^\s<>]{1,320})>?\.\.\. ")
_WARNING: Final = ("this is a warning message only", "will keep trying until message is")
_SHORTENED: Final = 40
_PROGRAMS: Final = ('"|', "|", "/", '"/', ":")
_ENOUGH: Final = 3000


@define
class _Entry:
    """One address of a list, while it is read."""

    name: str
    action: Action
    fatal: bool = False
    """Whether its list is that of the permanent errors."""
    reason: str = ""
    comment: str = ""
    original: str | None = None


def read(message: Message) -> Reading | None:
    """Return the addresses of the lists, or None where there are none."""
    entries, transcript = _split(message.lines)
    if not entries:
        return None
    turns = smtp.read_transcript(transcript)
    warning = any(text in message.notice[:_ENOUGH].lower() for text in _WARNING)
    found: dict[str, Evidence] = {}
    for entry in entries:
        # Beside those that are late, a list of its own names those that have failed.
        late_too = warning and not (entry.fatal and any(one.action is Action.DELAYED for one in entries))
        evidence = _evidence(entry, turns, warning=late_too, alone=len(entries) == 1)
        if evidence:
            found.setdefault((evidence.address or "").lower(), evidence)
    return report("sendmail", list(found.values())) if found else None


def _split(lines: Sequence[str]) -> tuple[list[_Entry], list[str]]:
    """Return the entries of the lists, and the lines of the transcript."""
    entries: list[_Entry] = []
    transcript: list[str] = []
    action: Action | None = None
    talking = fatal = False
    for line in lines:
        bare = line.strip()
        low = bare.lower()
        if bare.startswith("--"):
            section = next((action for text, action in _SECTIONS if text in low), None)
            if section:
                action, talking, fatal = section, False, "permanent" in low
            elif any(text in low for text in _TRANSCRIPT):
                action, talking = None, True
            elif entries and (low.startswith(ORIGINAL_MARKS) or " -----" in low or talking):
                break
        elif talking:
            transcript.append(line)
        elif action and bare:
            _add(entries, action, line, fatal=fatal)
    return entries, transcript


def _add(entries: list[_Entry], action: Action, line: str, *, fatal: bool) -> None:
    bare = line.strip()
    reason, expanded = _REASON.match(bare), _EXPANDED.match(bare)
    if reason and entries:
        entries[-1].reason = reason[1]
    elif expanded and entries:
        entries[-1].original = addresses.clean(expanded[1])
    elif not bare.startswith("("):
        comment = _COMMENT.search(bare)
        name = bare[: comment.start()] if comment else bare
        if comment and action is Action.DELIVERED:
            action = next((action for text, action in _SUCCESS if text in comment[1]), action)
        entries.append(_Entry(name, action, fatal, comment=comment[1] if comment and comment[1] != _MUTE else ""))


def _evidence(entry: _Entry, turns: Sequence[Turn], *, warning: bool, alone: bool) -> Evidence | None:
    original = entry.original
    address = None if entry.name.startswith(_PROGRAMS) else addresses.clean(entry.name)
    if address is None:
        # A program or a file took the mail of this address.
        address, original = original, None
    if address is None:
        return None
    action = Action.DELAYED if warning and entry.action is Action.FAILED else entry.action
    turn, said = _said(entry, address, turns, alone=alone)
    host = turn.host if turn and turn.reply and turn.host and "." in turn.host else None
    return Evidence(
        address=address,
        original_address=original,
        action=action,
        diagnostic=said[:_ENOUGH] or None,
        remote_mta=host,
        host=host,
        stage=_stage(turn, turns) if turn and turn.reply else None,
        format="sendmail",
    )


def _said(entry: _Entry, address: str, turns: Sequence[Turn], *, alone: bool) -> tuple[Turn | None, str]:
    """Return what was said of `address`, and the turn of the transcript that says it."""
    if entry.reason:
        return _by_reason(entry.reason, address, turns, alone=alone)
    turn = _by_note(address, turns) or _by_command(address, turns)
    if turn and alone and not any(one.reply for one in turns):
        # The note sums up what a local program wrote above it.
        return turn, " ".join([turn.text, *(one.text for one in takewhile(lambda one: one is not turn, turns))])
    if turn:
        return turn, turn.text
    if entry.name.startswith(_PROGRAMS) and (told := _by_program(entry.name, turns)):
        return None, told
    if alone and turns:
        last = next((turn for turn in reversed(turns) if _is_refusal(turn)), None)
        return (last, last.text) if last else (None, " ".join(turn.text for turn in turns if not turn.reply))
    return None, entry.comment


def _by_reason(reason: str, address: str, turns: Sequence[Turn], *, alone: bool) -> tuple[Turn | None, str]:
    """Return the reply that `reason` begins, in full; or what the notes add to it where no server spoke."""
    replies = [turn for turn in turns if turn.reply]
    for turn in replies:
        if turn.text[:3] == reason[:3] and turn.text[4:].startswith(reason[4:_SHORTENED]):
            return turn, turn.text
    coded = smtp.find_reply(reason).code is not None
    naming = next((turn.text for turn in turns if not turn.reply and _names(turn, address)), "")
    if coded:
        if not replies and naming[:3] == reason[:3]:
            # The note repeats the reason, with its enhanced code and the details.
            return None, naming
        # ``554 5.3.5 Local configuration error`` follows the note that says what is wrong.
        above = (
            [turn.text for turn in turns if turn.text[:3].isdigit() and turn.text != reason]
            if alone and not replies
            else []
        )
        return None, " ".join([reason, *above])
    notes = [turn.text for turn in turns if not turn.reply] if alone and not replies else [reason, naming]
    return None, " ".join(filter(None, notes)) or reason


def _by_note(address: str, turns: Sequence[Turn]) -> Turn | None:
    """Return the note that names `address`, or the reply that it sums up."""
    for place, turn in enumerate(turns):
        if not turn.reply and _names(turn, address):
            before = turns[place - 1] if place else None
            return before if before and _is_refusal(before) and _fits(before, turn) else turn
    return None


def _by_command(address: str, turns: Sequence[Turn]) -> Turn | None:
    """Return the refusal of the command that names `address`."""
    low = address.lower()
    return next((turn for turn in turns if low in turn.command.lower() and _is_refusal(turn)), None)


def _by_program(name: str, turns: Sequence[Turn]) -> str:
    """Return the note on the program or file `name`, which took the mail of an address, and what that wrote above it."""
    for place, turn in enumerate(turns):
        if not turn.reply and name in turn.text:
            above = turns[place - 1] if place else None
            wrote = above is not None and not above.reply and smtp.find_reply(above.text).code is None
            return f"{turn.text} {above.text}" if above and wrote else turn.text
    return ""


def _is_refusal(turn: Turn) -> bool:
    return turn.reply and turn.text[:1] in {"4", "5"} and not _LATE.match(turn.text)


def _names(turn: Turn, address: str) -> bool:
    match = _NAMING.match(turn.text)
    return bool(match and match[1].lower() == address.lower())


def _fits(reply: Turn, note: Turn) -> bool:
    return not note.text[:1].isdigit() or note.text[:1] == reply.text[:1]


def _stage(turn: Turn, turns: Sequence[Turn]) -> Stage | None:
    if not turn.command:
        return Stage.CONNECT
    stage = smtp.command_stage(turn.command)
    # With pipelining, answers to RCPT are read after DATA was sent; then DATA itself has no valid recipients.
    if stage is Stage.DATA and any(other.reply and _LATE.match(other.text) for other in turns):
        return Stage.RCPT
    return stage


FORMAT: Final = Format(
    "sendmail",
    (
        Fingerprint(
            phrases=(
                "the following addresses had permanent fatal errors",
                "the following addresses had permanent delivery errors",
                "the following addresses had delivery problems",
                "the following addresses had delivery errors",
                "the following addresses had transient non fatal errors",
                "the following addresses had successful delivery notifications",
            )
        ),
    ),
    read=read,
)
