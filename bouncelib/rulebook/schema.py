"""One rule: its TOML keys checked, its conditions made ready."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Final

from attrs import frozen

from bouncelib.errors import RuleError
from bouncelib.model import REASONS, Action, Confidence, EnhancedCode, Fault, Reason, Stage, Verdict
from bouncelib.words import Phrase

FILE_KEYS: Final = frozenset({"title", "hosts", "formats", "tokens", "rule", "disable", "reason"})
_LISTS: Final = frozenset(
    {"status", "reply", "stage", "action", "says", "also", "unless", "examples", "counter_examples"}
)
_TEXTS: Final = frozenset({"id", "name", "meaning", "reason", "verdict", "confidence", "source", "pattern"})
_FLAGS: Final = frozenset({"weak", "default", "final"})
_ID: Final = re.compile(r"[a-z0-9][a-z0-9._-]*\Z")
_STATUS: Final = re.compile(r"([245x])\.(\d)\.(\*|\d{1,3}(?:-\d{1,3})?)\Z")
_REPLY: Final = re.compile(r"[245](?:\d\d|yz)\Z")
_BACKREFERENCE: Final = re.compile(r"\\[1-9]|\(\?(?:<[=!]|P=)")
_RUNAWAY: Final = re.compile(r"[*+}]\)?[*+{]|\([^)]*[*+][^)]*\)[*+{]|\.[*+][^|]*\.[*+]")


@frozen(eq=False)
class Rule:
    """One rule, ready to be asked."""

    id: str
    """The public id: ``gmail/over-quota``."""
    reason: str
    base: Reason
    verdict: Verdict
    says: tuple[tuple[str, Phrase], ...] = ()
    also: tuple[Phrase, ...] = ()
    unless: tuple[Phrase, ...] = ()
    statuses: tuple[tuple[int | None, int, range | None], ...] = ()
    replies: frozenset[str] = frozenset()
    stages: frozenset[str] = frozenset()
    actions: frozenset[str] = frozenset()
    pattern: re.Pattern[str] | None = None
    ceiling: Confidence = Confidence.HIGH
    """The highest confidence that it gives."""
    weak: bool = False
    default: bool = False
    final: bool = False
    """Whether its words say that it can never work, so that a temporary code does not soften it."""
    overrides: bool = False
    """Whether the rule states its own verdict."""

    @cached_property
    def plain(self) -> bool:
        """Whether its phrases are all that it asks for."""
        return not (
            self.statuses or self.replies or self.stages or self.actions or self.also or self.unless or self.pattern
        )

    @cached_property
    def fault(self) -> Fault:
        """Whose move it is."""
        return REASONS[self.base][0]

    def codes_match(self, status: EnhancedCode | None, reply: str | None) -> bool:
        """Return whether the codes meet the rule's conditions."""
        if self.statuses and (status is None or not self.status_matches(status)):
            return False
        return not self.replies or (reply is not None and (reply in self.replies or f"{reply[0]}yz" in self.replies))

    def status_matches(self, status: EnhancedCode) -> bool:
        """Return whether one of the rule's enhanced codes is `status`."""
        for class_, subject, details in self.statuses:
            if (
                (class_ is None or class_ == status.class_)
                and subject == status.subject
                and (details is None or status.detail in details)
            ):
                return True
        return False

    def words_match(self, words: str) -> bool:
        """Return whether normalised text meets what the rule asks of it beside `says`."""
        return (not self.also or _holds(words, self.also)) and not _holds(words, self.unless)


def _holds(words: str, phrases: Iterable[Phrase]) -> bool:
    # Most phrases are not there: they cost no call, and a generator would.
    for phrase in phrases:  # noqa: SIM110
        if phrase.parts[0] in words and (len(phrase.parts) == 1 or phrase.found_in(words)):
            return True
    return False


def read_rule(table: Mapping[str, Any], prefix: str, reasons: Mapping[str, Reason]) -> Rule:
    """Return the rule that the TOML `table` describes; raise `RuleError` that names file and rule.

    `prefix` begins its public id, and `reasons` holds the user's own words with the reason behind each.
    """
    if not isinstance(table, Mapping):
        raise RuleError(f"{prefix}.toml: a rule must be a table, not {table!r}")
    name = table.get("id")
    where = f"{prefix}.toml: rule {name!r}"
    if not isinstance(name, str) or not _ID.match(name):
        raise RuleError(f"{where}: 'id' must be a short name of a-z, 0-9, '.', '_' and '-'")
    _check_keys(table, where)
    if "reason" not in table:
        raise RuleError(f"{where}: no 'reason'")
    word = str(table["reason"])
    base = reasons.get(word)
    if base is None:
        try:
            base = word = Reason(word)
        except ValueError:
            raise RuleError(f"{where}: unknown reason {word!r}") from None
    try:
        verdict = Verdict(table["verdict"]) if "verdict" in table else REASONS[base][1]
        ceiling = Confidence(table.get("confidence", "high"))
    except ValueError as error:
        raise RuleError(f"{where}: {error}") from None
    return Rule(
        id=f"{prefix}/{name}",
        reason=word,
        base=base,
        verdict=verdict,
        says=tuple((text, _phrase(text, where)) for text in table.get("says", ())),
        also=tuple(_phrase(text, where) for text in table.get("also", ())),
        unless=tuple(_phrase(text, where) for text in table.get("unless", ())),
        statuses=tuple(_status(code, where) for code in table.get("status", ())),
        replies=frozenset(_check(_REPLY, table.get("reply", ()), where)),
        stages=_words(Stage, table.get("stage", ()), where),
        actions=_words(Action, table.get("action", ()), where),
        pattern=_pattern(table, where),
        ceiling=ceiling,
        weak=bool(table.get("weak", False)),
        default=bool(table.get("default", False)),
        final=bool(table.get("final", False)),
        overrides="verdict" in table,
    )


def _check_keys(table: Mapping[str, Any], where: str) -> None:
    for key, value in table.items():
        if key in _LISTS:
            right = isinstance(value, list) and bool(value)
        elif key in _TEXTS:
            right = isinstance(value, str)
        elif key in _FLAGS:
            right = isinstance(value, bool)
        else:
            raise RuleError(f"{where}: unknown key {key!r}")
        if not right:
            raise RuleError(f"{where}: {key!r} has a wrong value {value!r}")
    if not any(key in table for key in ("says", "status", "reply", "stage", "action")):
        raise RuleError(f"{where}: no condition; give 'says', 'status', 'reply', 'stage' or 'action'")


def _phrase(text: object, where: str) -> Phrase:
    try:
        return Phrase.parse(str(text))
    except ValueError as error:
        raise RuleError(f"{where}: {error}") from None


def _status(code: object, where: str) -> tuple[int | None, int, range | None]:
    match = _STATUS.match(str(code))
    if match is None:
        raise RuleError(f"{where}: {code!r} is no enhanced code; write '5.1.1', 'x.1.1', '5.7.606-649' or '5.7.*'")
    class_ = None if match[1] == "x" else int(match[1])
    if match[3] == "*":
        return class_, int(match[2]), None
    first, _, last = match[3].partition("-")
    return class_, int(match[2]), range(int(first), int(last or first) + 1)


def _check(pattern: re.Pattern[str], values: Iterable[object], where: str) -> list[str]:
    for value in values:
        if not pattern.match(str(value)):
            raise RuleError(f"{where}: {value!r} is no SMTP reply; write '550' or '5yz'")
    return [str(value) for value in values]


def _words(words: type[Stage | Action], values: Iterable[str], where: str) -> frozenset[str]:
    try:
        return frozenset(words(value) for value in values)
    except ValueError as error:
        raise RuleError(f"{where}: {error}") from None


def _pattern(table: Mapping[str, Any], where: str) -> re.Pattern[str] | None:
    text = table.get("pattern")
    if text is None:
        return None
    if _RUNAWAY.search(text) or _BACKREFERENCE.search(text):
        raise RuleError(f"{where}: the pattern {text!r} can run away: no nested repeats, references or look-around")
    try:
        return re.compile(text, re.IGNORECASE)
    except (re.error, OverflowError) as error:
        raise RuleError(f"{where}: the pattern {text!r} is wrong: {error}") from None
