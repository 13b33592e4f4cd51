"""A layout proposed from samples: many are made from the lines that name a recipient, and the engine's own loop tries each.

The best one finds exactly the recipients of every sample, and says of each what can be judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Final, NamedTuple

from attrs import evolve

from bouncelib import address as addresses
from bouncelib import smtp
from bouncelib.format import ORIGINAL_MARKS, Layout, read_lines
from bouncelib.message import Headers, Message
from bouncelib.model import Kind, Reason
from bouncelib.parser import BounceParser

_ADDRESS: Final = r"(?P<address>[^\s<>]{1,320})"
_BARE: Final = r"(?P<address>[^\s<>,;:]{1,64}@[^\s<>,;:]{1,255})"
_WHOLE_LINE: Final = r"^(?=\s{0,20}(?P<text>\S.*))"
_TOKEN: Final = re.compile(r"\s+|\S+")
_VARIABLE: Final = re.compile(r"[\d@]|[.:/]\w")
_LABEL: Final = re.compile(r"\s*([^\W\d][\w' -]{1,40}(?:\([^)]{0,20}\))?\s?[:=])\s*(\S.*)?$")
_FIELDS: Final = (
    ("status", re.compile(r"\bstatus\b|enhanced|\bcode\b")),
    ("original_address", re.compile(r"original.{0,3}(?:recipient|address)")),
    ("remote_mta", re.compile(r"\b(?:mta|host|server|relay|mx)\b")),
    (
        "diagnostic",
        re.compile(r"reason|error|diagnos|said|respon|repl|because|cause|explanation|detail|fail|info|problem"),
    ),
)
_STILL_TRIED: Final = (
    "will be retried",
    "will continue",
    "will keep trying",
    "will try again",
    "still trying",
    "not yet been delivered",
    "has been delayed",
    "is delayed",
    "warning message only",
    "no action is required",
    "has not been delivered",
)
_STATUS: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}$")
_ABOVE: Final = 8
_BELOW: Final = 15
_TRIED: Final = 4


class Lines(NamedTuple):
    """The notice of one sample, and the recipients in it."""

    lines: list[str]
    targets: tuple[str, ...]
    """The addresses that did not get the mail, lower case."""
    late: bool
    """Whether it is still being tried."""


def find_targets(message: Message, parser: BounceParser, raw: bytes, told: Sequence[str]) -> Lines:
    """Return the notice of a sample with the recipients in it: those told, found by `parser`, or not ours."""
    lines = message.lines
    text = message.notice.lower()
    report = parser.parse(raw)
    named = [name for name in (told or [one.address or "" for one in report.recipients]) if name]
    found = [name.lower() for name in named if name.lower() in text]
    if not found and not told:
        ours = _ours(message)
        end = next((at for at, line in enumerate(lines) if line.strip().lower().startswith(ORIGINAL_MARKS)), len(lines))
        found = [name for name in map(str.lower, addresses.find_all("\n".join(lines[:end]))) if name not in ours]
    return Lines(lines, tuple(dict.fromkeys(found)), report.kind is Kind.DELAY)


def _ours(message: Message) -> set[str]:
    headers = [message.headers.get(name) for name in (b"from", b"to", b"reply-to", b"return-path", b"delivered-to")]
    if message.original:
        headers += [Headers(message.original).get(name) for name in (b"from", b"sender", b"return-path", b"reply-to")]
    return {name.lower() for value in headers if value for name in addresses.find_all(value)}


def propose(samples: Sequence[Lines], parser: BounceParser) -> Layout | None:
    """Return the layout that reads all `samples` best, or None where none finds their recipients."""
    judged: dict[str, int] = {}
    best: tuple[tuple[int, int, int, int], Layout] | None = None
    for number, layout in enumerate(_layouts(samples)):
        found = [read_lines(layout, sample.lines) for sample in samples]
        if any(
            {facts["address"].lower() for facts in rows} != set(sample.targets)
            for rows, sample in zip(found, samples, strict=True)
        ):
            continue
        said = [facts.get("diagnostic", "") for rows in found for facts in rows]
        telling = sum(_tells(text, parser, judged) for text in said)
        facts = sum(len(one) for rows in found for one in rows)
        if layout.recipient.startswith(_WHOLE_LINE):
            # The address is not what was said: another way that says as much is better.
            telling -= len(said)
        score = (telling, facts, -sum(map(len, said)), -number)
        if best is None or score > best[0]:
            best = (score, layout)
    return evolve(best[1], delays=_delays(samples)) if best else None


def _delays(samples: Sequence[Lines]) -> tuple[str, ...]:
    """Return the texts that only those samples have that report a delay."""
    late = [" ".join(sample.lines).lower() for sample in samples if sample.late]
    final = [" ".join(sample.lines).lower() for sample in samples if not sample.late]
    return tuple(
        text for text in _STILL_TRIED if any(text in one for one in late) and not any(text in one for one in final)
    )


def _tells(text: str, parser: BounceParser, judged: dict[str, int]) -> int:
    """Return how much `text` says: a cause that the rules know, a server's reply, anything, nothing."""
    if text not in judged:
        known = parser.classify_response(text).reason_base is not Reason.UNDETERMINED if text else False
        judged[text] = 3 * known + 2 * bool(smtp.find_reply(text).code) + bool(text)
    return judged[text]


def _layouts(samples: Sequence[Lines]) -> Iterator[Layout]:
    """Yield layouts worth trying, plain ones first."""
    places = [_places(sample) for sample in samples]
    patterns = list(
        dict.fromkeys(pattern for sample, at in zip(samples, places, strict=True) for pattern in _patterns(sample, at))
    )
    first = samples[0]
    opens = [(), *((text,) for text in _openings(samples, places))]
    closes = [ORIGINAL_MARKS, *((*ORIGINAL_MARKS, text) for text in _closings(samples, places))]
    fields: list[Mapping[str, str]] = [{}]
    labels = _labels(first, places[0])
    if labels:
        fields.append(labels)
    for pattern, blanks, names, start, end, before in product(
        patterns, (0, 1, 2), fields, opens, closes, (False, True)
    ):
        if not (before and (blanks or names)):
            yield Layout(pattern, start, end, names, blanks=blanks, said_before=before, said=not before)


def _places(sample: Lines) -> list[tuple[int, str]]:
    """Return the lines that name a recipient: their number, and the address as it stands there."""
    named = [
        (number, [found for found in addresses.find_all(line) if found.lower() in sample.targets])
        for number, line in enumerate(sample.lines)
    ]
    return [(number, found[0]) for number, found in named if found]


def _patterns(sample: Lines, places: Sequence[tuple[int, str]]) -> Iterator[str]:
    """Yield patterns for the lines that name a recipient."""
    for number, address in places[:_TRIED]:
        before, _, after = sample.lines[number].partition(address)
        group = _ADDRESS if before.endswith("<") else _BARE
        head = r"^\s{0,20}" + _literal(before.lstrip())
        mark = re.match(r"[>)\]\"']*\s{0,2}[:,;.]?", after)
        tail = mark[0] if mark else ""
        rest = after[len(tail) :].strip()
        if rest or len(before.split()) > 1:
            # What was said may begin before the address.
            yield f"{_WHOLE_LINE}{head[1:]}{group}"
        close = re.escape(tail.strip()).replace(r"\ ", r"\s?")
        if rest:
            yield f"{head}{group}{close}" + r"\s{0,8}(?P<text>\S.*)$"
            if not _VARIABLE.search(rest):
                yield f"{head}{group}{close}" + r"\s{0,8}" + _literal(rest)
        yield f"{head}{group}{close}" + (r"(?:\s{0,8}(?P<text>\S.*))?$" if rest else r"\s*$")
    yield _BARE


def _literal(text: str) -> str:
    """Return a pattern for `text` in which what is of one message only may be anything."""
    out = []
    for piece in _TOKEN.findall(text.lower()):
        if piece.isspace():
            out.append(r"\s{1,20}")
        elif piece != "<" and _VARIABLE.search(piece):
            out.append(r"\S{1,80}" + ("<" if piece.endswith("<") else ""))
        else:
            out.append(re.escape(piece).replace(r"\-", "-"))
    return "".join(out)


def _fixed(line: str) -> str:
    """Return the opening words of a line that are no name, number or address, lower case."""
    words = []
    for word in line.strip().lower().split(" "):
        if _VARIABLE.search(word) or "<" in word:
            break
        words.append(word)
    return " ".join(words).strip()


def _openings(samples: Sequence[Lines], places: Sequence[list[tuple[int, str]]]) -> list[str]:
    """Return texts that stand above the first recipient in each sample, the nearest first."""
    if not places[0]:
        return []
    start = places[0][0][0]
    nearest = [_fixed(line) for line in reversed(samples[0].lines[max(0, start - _ABOVE) : start + 1])]
    return [
        text
        for text in nearest
        if len(text) >= 10 and all(_stands_above(text, *one) for one in zip(samples, places, strict=True))
    ][:_TRIED]


def _stands_above(text: str, sample: Lines, places: Sequence[tuple[int, str]]) -> bool:
    return bool(places) and any(text in line.lower() for line in sample.lines[: places[0][0] + 1])


def _closings(samples: Sequence[Lines], places: Sequence[list[tuple[int, str]]]) -> list[str]:
    """Return opening words of lines below the last recipient that each sample has."""
    if not all(places):
        return []
    below = [sample.lines[at[-1][0] + 1 :] for sample, at in zip(samples, places, strict=True)]
    texts = [_fixed(line) for line in below[0][:_BELOW]]
    return [
        text
        for text in dict.fromkeys(texts)
        if len(text) >= 8 and all(any(line.strip().lower().startswith(text) for line in rest) for rest in below)
    ][:_TRIED]


def _labels(sample: Lines, places: Sequence[tuple[int, str]]) -> dict[str, str]:
    """Return the labels that stand below a recipient, and the fact that each carries, if any."""
    if not places:
        return {}
    found: dict[str, Any] = {}
    start = places[0][0]
    for line in sample.lines[start + 1 : start + 1 + _BELOW]:
        if line.strip().lower().startswith(ORIGINAL_MARKS):
            break
        match = _LABEL.match(line)
        if match is None or (addresses.find_all(line)[:1] and addresses.find_all(line)[0].lower() in sample.targets):
            continue
        label, value = match[1].lower(), match[2] or ""
        kind = next((name for name, words in _FIELDS if words.search(label)), "skip")
        if kind == "status" and not _STATUS.match(value):
            kind = "diagnostic"
        found.setdefault(label, kind)
    return found if any(kind != "skip" for kind in found.values()) else {}
