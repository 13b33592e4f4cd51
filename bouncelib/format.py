"""What a writer of reports looks like (`Fingerprint`), where it puts the facts (`Layout`), and the one loop that reads a layout.

A format says what stands where. What it means is none of its business: it holds no reasons and asks no rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from attrs import field, frozen

from bouncelib import address as addresses
from bouncelib import smtp
from bouncelib.errors import FormatError
from bouncelib.message import Headers, Message
from bouncelib.model import Action, Evidence, Kind, Reading, Refused, Stage
from bouncelib.patterns import late

ORIGINAL_MARKS: Final = (
    "--- below this line is a copy",
    "------ this is a copy of",
    "------ original message",
    "-----original message",
    "----- original message",
    "--- original message",
    "----- message header follows",
    "----- unsent message follows",
    "--- undelivered message follows",
    "----- returned message",
    "--- returned mail follows",
    "original message follows",
    "--- message header follows",
    "return-path: ",
    "received: from ",
)
"""Opening words of the lines (lower case, without white space around them) after which the returned message stands."""

_RETURNED_TO: Final = (b"x-hmxmroriginalrecipient", b"x-original-recipient", b"delivered-to", b"x-original-to", b"to")


def _texts(values: Iterable[str]) -> tuple[str, ...]:
    if isinstance(values, str):
        raise FormatError(f"a fingerprint takes tuples of texts, not the text {values!r}")
    return tuple(values)


@frozen
class Fingerprint:
    """What a writer's reports show on the outside. Every kind of clue that is given must be there; any of one kind will do."""

    senders: tuple[str, ...] = field(default=(), converter=_texts)
    """From: the local part (``mailer-daemon``), the whole address, or ``@domain``; lower case."""
    subjects: tuple[str, ...] = field(default=(), converter=_texts)
    """Opening words of the subject, lower case."""
    headers: tuple[str, ...] = field(default=(), converter=_texts)
    """Names of header fields that ordinary mail does not have, lower case; or ``name: value`` where its value begins so."""
    phrases: tuple[str, ...] = field(default=(), converter=_texts)
    """Phrases within the first 2 kB of the notice (as in the rules, but for addresses: their words stay)."""
    types: tuple[str, ...] = field(default=(), converter=_texts)
    """Media types of the whole message; after a space, the report type of a multipart/report (RFC 6522, section 3)."""
    topics: tuple[str, ...] = field(default=(), converter=_texts)
    """Phrases anywhere in the subject (as in the rules); not to be given beside ``phrases``."""
    parts: tuple[str, ...] = field(default=(), converter=_texts)
    """Media types of a part that is neither text nor the returned message."""


def _fixed(fields: Mapping[str, str]) -> Mapping[str, str]:
    # A copy, and not a read-only view: formats are pickled with their parser.
    return {**fields}


@frozen
class Layout:
    """Where a notice puts the facts. Patterns are asked line by line, without case."""

    recipient: str
    """A pattern for the line that names a recipient: its group ``address`` and, where they stand there, ``text``, ``host``."""
    opens: tuple[str, ...] = ()
    """Texts (lower case) one of which is in the line that opens the block; none: the block opens at once."""
    closes: tuple[str, ...] = ORIGINAL_MARKS
    """Opening words (lower case) of the lines that end the block."""
    fields: Mapping[str, str] = field(factory=dict, converter=_fixed)
    """Opening words (lower case) of lines that carry a fact, and its name: ``diagnostic``, ``host``, ``remote_mta``,
    ``original_address``, ``status``, or ``skip`` for a line without one."""
    said: bool = True
    """Whether the lines after the recipient, up to a blank one, are what was said of it."""
    said_before: bool = False
    """Whether what was said stands before the recipients and holds for all of them."""
    blanks: int = 0
    """How many blank lines may stand between the recipient and what was said of it."""
    delays: tuple[str, ...] = ()
    """Texts (lower case) in the notice that make it a delay."""
    action: Action = Action.FAILED


@frozen
class Format:
    """One writer of reports."""

    name: str
    fingerprints: tuple[Fingerprint, ...] = ()
    """Any of them will do. None: the format is always asked, in its place."""
    layout: Layout | None = None
    read: Callable[[Message], Reading | Iterable[Evidence] | None] | None = None
    """What reads the message, where no layout does; a user's may yield bare evidence."""
    kind: Kind = Kind.BOUNCE
    """What its reports are, by and large: where in the order it is asked."""
    last_resort: bool = False
    """Whether it guesses: asked only where nobody else reads the message, and the header has something of a failure report's."""
    bare: bool = False
    """Whether it finds addresses and nothing of what was said: it has nothing to fill a gap with."""

    def run(self, message: Message) -> Reading | Iterable[Evidence] | None:
        """Return what this format makes of `message`, or None; nothing is checked."""
        if self.read is not None:
            return self.read(message)
        if self.layout is not None:
            return read_layout(self.layout, message, self.name)
        return None


@lru_cache(maxsize=512)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


def read_layout(layout: Layout, message: Message, name: str) -> Reading | None:
    """Return what `layout` finds in the notice of `message`, or None where it finds no recipient."""
    found = read_lines(layout, message.lines)
    if not found:
        return None
    action = layout.action
    if layout.delays:
        notice = message.notice.lower()
        if any(text in notice for text in layout.delays):
            action = Action.DELAYED
    return report(name, [Evidence(action=action, format=name, **facts) for facts in found])


def returned_to(message: Message) -> list[str]:
    """Return the one recipient that the header of the returned message names, or nothing where it names none or several."""
    original = message.original
    if not original:
        return []
    headers = Headers(original)
    for name in _RETURNED_TO:
        value = headers.get(name)
        found = addresses.find_all(value) if value else []
        if len(found) == 1 and not found[0].lower().startswith("redacted"):
            return found
        if found:
            return []
    return []


def report(name: str, recipients: Sequence[Evidence], fields: Sequence[tuple[str, str]] = ()) -> Reading:
    """Return a delivery report; its kind follows from the actions: any failed is a bounce, else any delayed a delay."""
    kind = Kind.SUCCESS if recipients else Kind.BOUNCE
    # By identity: an enum's hash is a call of Python's.
    for evidence in recipients:
        action = evidence.action
        if action is Action.FAILED or action is None:
            kind = Kind.BOUNCE
            break
        if action is Action.DELAYED:
            kind = Kind.DELAY
    return Reading(kind, tuple(recipients), tuple(fields), name)


# On text in lower case: without regard to case, every alternative would be tried at every character.
_UNREACHED: Final = late(
    r"timed out|timeout|connection (?:refused|reset|dropped|lost)|connect to |no route|unreachable|name service|"
    r"host (?:not found|unknown)|"
    r"unknown host|lookup fail|no such (?:host|domain)|find any host|mail exchanger|smtp connection|"
    r"unrout(?:e)?able (?:mail )?domain|retry timeout|all hosts|network error|could not connect|unable to connect|does not resolve"
)


def refusal(text: str, remote: str | None = None) -> Refused | None:
    """Return who speaks in `text`: `remote` (or a server that it quotes), the reporter itself, or nobody that was reached."""
    if not text:
        return None
    reply = smtp.find_reply(text)
    if reply.code and (remote or smtp.find_stage(text)):
        return Refused.IN_SESSION
    return Refused.NEVER_REACHED if _UNREACHED.search(text.lower()) else Refused.AFTER_ACCEPTANCE


def failure(
    name: str,
    address: str,
    said: str,
    host: str | None = None,
    *,
    remote: bool = False,
    stage: Stage | None = None,
    kind: str | None = None,
) -> Evidence:
    """Return what the format `name` reads of a recipient whom the mail did not reach, and why: what `host` or the reporter `said`.

    `remote` says that it was another server's word where no host is named, `stage` at which step of the session, `kind` of
    which type the words are (RFC 3464, section 2.3.6).
    """
    return Evidence(
        address=address,
        action=Action.FAILED,
        diagnostic=said or None,
        diagnostic_type=kind,
        remote_mta=host,
        host=host,
        stage=stage,
        refused=refusal(said, host or ("remote" if remote else None)),
        format=name,
    )


def read_lines(layout: Layout, lines: Sequence[str]) -> list[dict[str, Any]]:
    """Return the facts of each recipient that `layout` finds in `lines`."""
    recipient = _pattern(layout.recipient)
    waiting = bool(layout.opens)
    found: list[dict[str, Any]] = []
    texts: list[list[str]] = []
    before: list[str] = []
    blanks = 0
    open_text: list[str] | None = None
    for line in lines:
        bare = line.strip()
        low = bare.lower()
        # The line that opens the block may name the recipient too.
        waiting = waiting and not any(text in low for text in layout.opens)
        if waiting:
            continue
        known_marks = layout.closes is ORIGINAL_MARKS and not (found or before)
        if (found or bare) and low.startswith(layout.closes) and not known_marks:
            break
        if not bare:
            blanks += 1
            if blanks > layout.blanks and open_text:
                open_text = None
            continue
        match = recipient.search(line)
        address = addresses.clean(match["address"]) if match else None
        if match and address:
            groups = match.groupdict()
            facts: dict[str, Any] = {"address": address}
            if groups.get("host"):
                facts["host"] = groups["host"]
            found.append(facts)
            open_text = [groups["text"].strip()] if groups.get("text") else []
            texts.append(open_text)
            blanks = 0
            continue
        key = next((key for key in layout.fields if low.startswith(key)), None)
        if key is not None:
            name = layout.fields[key]
            value = bare[len(key) :].strip()
            if name != "skip" and found and value:
                if name == "diagnostic":
                    texts[-1].append(value)
                    open_text = texts[-1]
                    blanks = 0
                else:
                    found[-1].setdefault(name, value)
            continue
        if not found:
            before.append(bare)
        elif open_text is not None and layout.said and (open_text or blanks <= layout.blanks):
            open_text.append(bare)
            blanks = 0
    return _with_texts(layout, found, texts, " ".join(before))


def _with_texts(
    layout: Layout, found: list[dict[str, Any]], texts: list[list[str]], before: str
) -> list[dict[str, Any]]:
    shared = before if layout.said_before else ""
    merged: dict[str, dict[str, Any]] = {}
    # Recipients that follow each other without a word share what is said after the last of them.
    for facts, text in zip(reversed(found), reversed(texts), strict=True):
        said = " ".join(text)
        if layout.said:
            said = shared = said or shared
        else:
            said = said or shared
        if said:
            facts["diagnostic"] = said
        merged[facts["address"].lower()] = facts | merged.get(facts["address"].lower(), {})
    return list(reversed(merged.values()))
