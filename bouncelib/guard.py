"""What a user's function returns, checked before it counts.

Mail never raises, whoever wrote the format: what is wrong with a user's function becomes a defect of the report that names it.
An address or a code that does not stand in the message is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from types import MappingProxyType
from typing import Any, Final

from attrs import evolve, frozen

from bouncelib.format import Format, report
from bouncelib.message import Message
from bouncelib.model import (
    Action,
    EnhancedCode,
    Evidence,
    Field,
    Judgement,
    Kind,
    Reading,
    Refused,
    Stage,
    Verdict,
    decode_xtext,
)

Judge = Callable[[Evidence], Judgement | None]

_SPACE: Final = re.compile(r"\s+")
_UNITEXT: Final = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
_ACTIONS: Final = MappingProxyType(
    {Kind.BOUNCE: Action.FAILED, Kind.DELAY: Action.DELAYED, Kind.SUCCESS: Action.DELIVERED}
)
"""What became of the recipients of each kind of delivery report, where a user's format does not say."""


def _code(value: object) -> EnhancedCode:
    return value if isinstance(value, EnhancedCode) else EnhancedCode.parse(_text(value))


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise TypeError(f"{type(value).__name__} is no text")


def _reply(value: object) -> str:
    text = str(value)
    if len(text) == 3 and text.isdecimal():
        return text
    raise ValueError(f"no reply code: {text[:20]!r}")


def _address(value: object) -> str:
    text = _text(value)
    if text and text.isprintable():
        return text
    raise ValueError(f"no address: {text[:80]!r}")


def _evidence(value: object) -> Evidence:
    if isinstance(value, Evidence):
        return value
    raise TypeError(f"{type(value).__name__} is no Evidence")


def _judgement(value: object) -> Judgement:
    if isinstance(value, Judgement) and isinstance(value.verdict, Verdict):
        return value
    raise TypeError(f"it returned {type(value).__name__}, not a Judgement")


def _pairs(value: object) -> tuple[Field, ...]:
    if not isinstance(value, Iterable):
        raise TypeError(f"{type(value).__name__} is no list of pairs")
    return tuple([(_text(name), _text(text)) for name, text in value])


_CHECKS: Final[tuple[tuple[str, Callable[[Any], Any]], ...]] = (
    ("address", _address),
    ("original_address", _address),
    ("action", Action),
    ("status", _code),
    ("smtp_code", _reply),
    ("diagnostic", _text),
    ("unwrapped", _text),
    ("diagnostic_type", _text),
    ("remote_mta", _text),
    ("host", _text),
    ("stage", Stage),
    ("refused", Refused),
    ("fields", _pairs),
    ("sources", _pairs),
)
"""What each field of the evidence must be, or be made of."""


@frozen
class Guarded:
    """The answer of a user's format, as far as it holds."""

    reading: Reading | None
    whole: bool
    """Whether nothing of it was refused."""


def ask(form: Format, message: Message) -> Guarded:
    """Return what `form` makes of `message`, checked; what is wrong with it is noted as a defect that names the format."""
    try:
        answer: object = form.run(message)
        if answer is None:
            return Guarded(None, whole=True)
        return _Checked(form, message).reading(answer)
    except Exception as error:  # noqa: BLE001 - mail never raises, whoever wrote the format
        message.note(f"format {form.name} failed: {_shown(error)}")
        return Guarded(None, whole=False)


class _Checked:
    """One answer of one format, on its way into the report."""

    __slots__ = ("_form", "_ground", "_message", "_whole")

    def __init__(self, form: Format, message: Message) -> None:
        self._form = form
        self._message = message
        self._ground = Ground(message)
        self._whole = True

    def reading(self, answer: object) -> Guarded:
        form = self._form
        if isinstance(answer, Reading):
            kind = Kind(answer.kind)
            items: Iterable[object] = answer.recipients
            rest = Reading(
                kind,
                (),
                _pairs(answer.fields),
                _text(answer.format) or form.name,
                tuple(map(_text, answer.defects)),
                self._standing(answer.new_address),
            )
        else:
            if not isinstance(answer, Iterable) or isinstance(answer, (str, bytes, dict)):
                raise TypeError(f"it returned {type(answer).__name__}")
            kind, items = form.kind, answer
            rest = Reading(kind, (), (), form.name)
        limit = self._message.limits.recipients
        given = list(islice(items, limit + 1))
        if len(given) > limit:
            raise ValueError(f"it yields more than {limit} recipients")
        recipients = [kept for item in given if (kept := self._evidence(item)) is not None]
        if given and not recipients:
            return Guarded(None, whole=False)
        if kind in _ACTIONS:
            if not recipients and not isinstance(answer, Reading):
                return Guarded(None, whole=True)
            kind = report(form.name, recipients).kind
        return Guarded(evolve(rest, kind=kind, recipients=tuple(recipients)), self._whole)

    def _standing(self, address: str | None) -> str | None:
        if address is None or self._ground.holds(_address(address)):
            return _address(address) if address else None
        self._refuse(f"{address[:254]} does not stand in the message")
        return None

    def _evidence(self, item: object) -> Evidence | None:
        """Return `item` with every value as the field wants it, or None where it is refused."""
        try:
            item = _evidence(item)
            values = [(name, check, getattr(item, name)) for name, check in _CHECKS]
            facts = {name: check(value) for name, check, value in values if value is not None}
        except (TypeError, ValueError) as error:
            self._refuse(str(error))
            return None
        addresses = [facts[name] for name in ("address", "original_address") if name in facts]
        if not addresses:
            self._refuse("it names no address")
            return None
        for address in addresses:
            if not self._ground.holds(address):
                self._refuse(f"{address[:254]} does not stand in the message")
                return None
        for name in ("status", "smtp_code"):
            if name in facts and not self._ground.holds(str(facts[name])):
                self._refuse(f"{facts.pop(name)} does not stand in the message")
        facts.setdefault("action", _ACTIONS.get(self._form.kind))
        return Evidence(**facts, format=item.format or self._form.name, guessed=bool(item.guessed))

    def _refuse(self, why: str) -> None:
        self._whole = False
        # The text may be the plugin's own: no control character of it reaches a log.
        self._message.note(f"format {self._form.name}: {_printable(why)}")


class Ground:
    """All that a message can be read as, for what is reported to stand on."""

    __slots__ = ("_message", "_raw", "_text")

    def __init__(self, message: Message) -> None:
        """Look at nothing yet."""
        self._message = message
        self._raw: bytes | None = None
        self._text: str | None = None

    def holds(self, value: str) -> bool:
        """Return whether `value` stands in the message: as it is, decoded, or in a return path (VERP, RFC 3461 xtext)."""
        wanted = _SPACE.sub("", value).casefold()
        if self._raw is None:
            self._raw = self._message.source.raw.lower()
        if wanted.encode("utf-8", "replace") in self._raw:
            return True
        if self._text is None:
            self._text = "\0".join(self._readings())
        return wanted in self._text

    def _readings(self) -> Iterator[str]:
        message = self._message
        limit = message.limits.notice_bytes
        texts = [part.text(limit) for part in message.parts()]
        texts += [value for _, value in message.headers.decoded(message.limits.header_count)]
        texts += [message.notice, (message.original or b"").decode("utf-8", "replace")]
        texts += [str(message.status_groups)]
        for text in texts:
            bare = _SPACE.sub("", text).casefold()
            yield bare
            yield bare.replace("=", "@")
            yield decode_xtext(_SPACE.sub("", text)).casefold()
            yield _UNITEXT.sub(lambda match: chr(min(int(match[1], 16), 0x10FFFF)), bare).casefold()


def judge_by(judges: Iterable[tuple[str, Judge]], evidence: Evidence) -> tuple[Judgement | None, list[str]]:
    """Return what the first of the named `judges` that answers says of `evidence`, and what was wrong with those before it."""
    defects: list[str] = []
    for name, judge in judges:
        try:
            answer: object = judge(evidence)
            if answer is not None:
                return _judgement(answer), defects
        except Exception as error:  # noqa: BLE001 - mail never raises, whoever wrote the judge
            defects.append(f"judge {name} failed: {_shown(error)}")
    return None, defects


def _shown(error: Exception) -> str:
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - an exception of a user's own may not even tell itself
        text = ""
    return _printable(f"{type(error).__name__}: {text}")


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text[:300])
