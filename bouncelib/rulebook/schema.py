"""One rule: its TOML keys checked, its conditions made ready."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, Final

from bouncelib.errors import RuleError
from bouncelib.model import REASONS, Action, Confidence, EnhancedCode, Reason, Stage, Verdict
from bouncelib.patterns import late
from bouncelib.words import Phrase, PhraseList, Words, spell_out

FILE_KEYS: Final = frozenset({"title", "hosts", "formats", "tokens", "rule", "disable", "reason", "rerate"})
_CONDITIONS: Final = frozenset({"status", "reply", "stage", "action", "says"})
_EXAMPLES: Final = frozenset({"examples", "counter_examples"})
_LISTS: Final = _CONDITIONS | _EXAMPLES | {"also", "unless", "rules", "reasons"}
_TEXTS: Final = frozenset({"id", "name", "meaning", "reason", "verdict", "confidence", "source", "pattern"})
_FLAGS: Final = frozenset({"weak", "default", "final"})
_RULE_KEYS: Final = (_TEXTS | _LISTS | _FLAGS) - {"rules", "reasons"}
_ID: Final = late(r"[a-z0-9][a-z0-9._-]*(?:/[a-z0-9][a-z0-9._-]*){0,2}\Z")
_STATUS: Final = late(r"([245x])\.(\d)\.(\*|\d{1,3}(?:-\d{1,3})?)\Z")
_REPLY: Final = late(r"[245](?:\d\d|yz)\Z")
_BACKREFERENCE: Final = late(r"\\[1-9]|\(\?(?:<[=!]|P=)")
_RUNAWAY: Final = late(r"[*+}]\)?[*+{]|\([^)]*[*+][^)]*\)[*+{]|\.[*+][^|]*\.[*+]")

Codes = tuple[int | None, int, range | None]
"""Enhanced codes: class (None for any), subject, details (None for any)."""
NO_CODE: Final = -1
"""Stands where there is no enhanced code to number."""
_CLASSES: Final = (2, 4, 5)
_WIDEST: Final = 256
"""The longest range whose every code is filed."""


class Rule:
    """One rule, ready to be asked."""

    __slots__ = (
        "_needed",
        "_table",
        "_unwanted",
        "_wide",
        "actions",
        "base",
        "ceiling",
        "codes",
        "default",
        "fault",
        "final",
        "has_words",
        "id",
        "pattern",
        "plain",
        "rated",
        "reason",
        "replies",
        "simple",
        "stages",
        "statuses",
        "verdict",
        "weak",
    )

    def __init__(self, table: Mapping[str, Any], prefix: str, reasons: Mapping[str, Reason]) -> None:
        """Take a `table` that `read_rule` finds nothing wrong with."""
        name: str = table["id"]
        word: str = table["reason"]
        self.id = name if "/" in name else f"{prefix}/{name}"
        """The public id: ``gmail/over-quota``."""
        self.base = reasons.get(word) or Reason(word)
        self.reason: str = word if word in reasons else self.base
        self.fault, verdict = REASONS[self.base]
        """Whose move it is."""
        self.verdict = Verdict(table["verdict"]) if "verdict" in table else verdict
        self.ceiling = Confidence(table.get("confidence", "high"))
        """The highest confidence that it gives."""
        self.weak: bool = table.get("weak", False)
        self.default: bool = table.get("default", False)
        self.final: bool = table.get("final", False)
        """Whether its words say that it can never work, so that a temporary code does not soften it."""
        self.statuses = tuple(map(_read_codes, table.get("status", ())))
        self.codes = frozenset(number for codes in self.statuses for number in _numbers(*codes))
        """The numbers of its enhanced codes; of their subjects, for all codes of a subject and long ranges."""
        self.replies = frozenset(table.get("reply", ()))
        self.stages = frozenset(table.get("stage", ()))
        self.actions = frozenset(table.get("action", ()))
        self.has_words = "says" in table
        pattern = table.get("pattern")
        self.pattern = None if pattern is None else late(pattern, re.IGNORECASE)
        self._wide = any(details is not None and len(details) > _WIDEST for _, _, details in self.statuses)
        self.simple = not (
            self._wide or self.stages or self.actions or pattern is not None or "also" in table or "unless" in table
        )
        """Whether it asks for nothing but phrases, codes and replies."""
        filed = not (self.codes or self.replies) if self.has_words else not (self.codes and self.replies)
        self.plain = self.simple and filed
        """Whether it asks for nothing but what it is filed under."""
        self.rated: str | None = None
        """The id of what gave it another verdict than its own, if anything did."""
        self._table = table
        self._needed: PhraseList[str] | None = None
        self._unwanted: PhraseList[str] | None = None

    @property
    def says(self) -> tuple[tuple[str, Phrase], ...]:
        """The phrases of which the text must hold one, as they are spelt and made ready."""
        return tuple((text, Phrase.parse(text)) for text in spell_out(self._table.get("says", ())))

    @property
    def also(self) -> list[str]:
        """The phrases of which the text must hold one, too."""
        return spell_out(self._table.get("also", ()))

    @property
    def unless(self) -> list[str]:
        """The phrases of which the text must hold none."""
        return spell_out(self._table.get("unless", ()))

    def status_matches(self, status: EnhancedCode | None) -> bool:
        """Return whether one of the rule's enhanced codes is `status`, if it asks for any."""
        if status is None or not self.statuses:
            return not self.statuses
        for class_, subject, details in self.statuses:
            if (
                (class_ is None or class_ == status.class_)
                and subject == status.subject
                and (details is None or status.detail in details)
            ):
                return True
        return False

    def matches(
        self, status: EnhancedCode | None, stage: str | None, action: str | None, words: Words, said: str
    ) -> bool:
        """Return whether what is known meets what the rule asks of it beside phrases, codes and replies.

        `words` are those of what was `said`. Of the codes only those of a long range are looked at: the others are looked up
        (`codes`).
        """
        if self._unwanted is None:
            self._needed = _listed(self.also) if "also" in self._table else None
            self._unwanted = _listed(self.unless)
        return bool(
            (not self.stages or stage in self.stages)
            and (not self.actions or action in self.actions)
            and (self._needed is None or self._needed.find(words))
            and not self._unwanted.find(words)
            and (self.pattern is None or self.pattern.search(said) is not None)
            and (not self._wide or self.status_matches(status))
        )


def _listed(texts: Iterable[str]) -> PhraseList[str]:
    return PhraseList((text, text) for text in texts)


def number_codes(class_: int, subject: int, detail: int) -> tuple[int, int]:
    """Return the numbers that stand for an enhanced code and for its subject: they are looked up faster than values."""
    number = 1000 * class_ + subject
    return 10_000 * number + detail, -number


def _numbers(class_: int | None, subject: int, details: range | None) -> Iterator[int]:
    for one in _CLASSES if class_ is None else (class_,):
        if details is None or len(details) > _WIDEST:
            yield number_codes(one, subject, 0)[1]
        else:
            yield from (number_codes(one, subject, detail)[0] for detail in details)


def read_rule(table: Mapping[str, Any], prefix: str, reasons: Mapping[str, Reason]) -> Rule:
    """Return the rule that the TOML `table` describes; raise `RuleError` that names file and rule.

    `prefix` begins its public id, and `reasons` holds the user's own words with the reason behind each.
    """
    where = check_table(table, prefix, "rule", _RULE_KEYS)
    if not _CONDITIONS & table.keys():
        raise RuleError(f"{where}: no condition; give 'says', 'status', 'reply', 'stage' or 'action'")
    if "reason" not in table:
        raise RuleError(f"{where}: no 'reason'")
    check_values(table, where, reasons)
    return Rule(table, prefix, reasons)


def check_table(table: object, prefix: str, kind: str, known: Iterable[str]) -> str:
    """Return how to name `table`, a `kind`, in errors; raise `RuleError` where its id or a key is wrong."""
    if not isinstance(table, Mapping):
        raise RuleError(f"{prefix}.toml: a {kind} must be a table, not {table!r}")
    name = table.get("id")
    where = f"{prefix}.toml: {kind} {name!r}"
    if not isinstance(name, str) or not _ID.match(name):
        raise RuleError(f"{where}: 'id' must be a short name of a-z, 0-9, '.', '_' and '-'")
    for key, value in table.items():
        if key not in known:
            raise RuleError(f"{where}: unknown key {key!r}")
        if key in _TEXTS:
            right = isinstance(value, str)
        elif key in _FLAGS:
            right = isinstance(value, bool)
        else:
            right = isinstance(value, list) and bool(value) and (key in _EXAMPLES or all(map(_is_text, value)))
        if not right:
            raise RuleError(f"{where}: {key!r} has a wrong value {value!r}")
    return where


def check_values(table: Mapping[str, Any], where: str, reasons: Mapping[str, Reason]) -> None:
    """Raise `RuleError` where a value of `table` says nothing: words that do not exist, codes that are none."""
    if "reason" in table and table["reason"] not in reasons:
        _word(Reason, table["reason"], f"{where}: unknown reason")
    _word(Verdict, table.get("verdict", "hard"), f"{where}: unknown verdict")
    _word(Confidence, table.get("confidence", "high"), f"{where}: unknown confidence")
    for stage in table.get("stage", ()):
        _word(Stage, stage, f"{where}: unknown stage")
    for action in table.get("action", ()):
        _word(Action, action, f"{where}: unknown action")
    for code in table.get("status", ()):
        if not _STATUS.match(code):
            raise RuleError(f"{where}: {code!r} is no enhanced code; write '5.1.1', 'x.1.1', '5.7.606-649' or '5.7.*'")
    for reply in table.get("reply", ()):
        if not _REPLY.match(reply):
            raise RuleError(f"{where}: {reply!r} is no SMTP reply; write '550' or '5yz'")
    for key in ("says", "also", "unless"):
        try:
            for text in spell_out(table.get(key, ())):
                Phrase.parse(text)
        except ValueError as error:
            raise RuleError(f"{where}: {error}") from None
    if "pattern" in table:
        _check_pattern(table["pattern"], where)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _word(words: type[StrEnum], value: str, where: str) -> None:
    try:
        words(value)
    except ValueError:
        raise RuleError(f"{where} {value!r}") from None


def _check_pattern(text: str, where: str) -> None:
    if _RUNAWAY.search(text) or _BACKREFERENCE.search(text):
        raise RuleError(f"{where}: the pattern {text!r} can run away: no nested repeats, references or look-around")
    try:
        re.compile(text, re.IGNORECASE)
    except (re.error, OverflowError) as error:
        raise RuleError(f"{where}: the pattern {text!r} is wrong: {error}") from None


def _read_codes(spelt: str) -> Codes:
    """Return the enhanced codes that `spelt` stands for: ``5.1.1``, ``x.1.1``, ``5.7.606-649``, ``5.7.*``."""
    class_, subject, details = spelt.split(".")
    first, _, last = details.partition("-")
    return (
        None if class_ == "x" else int(class_),
        int(subject),
        None if details == "*" else range(int(first), int(last or first) + 1),
    )
