"""Rules indexed by what they ask for, so that a reply meets the few rules it could fulfil and not all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bouncelib.model import EnhancedCode
from bouncelib.rulebook.schema import Rule
from bouncelib.words import PhraseIndex, Words

_NO_RULES: Final[tuple[tuple[int, Rule], ...]] = ()


class Facts:
    """What a judge sees of one reply: its codes, its words, where and by whom it was said."""

    __slots__ = ("action", "reply", "stage", "status", "text", "words")

    def __init__(  # noqa: PLR0913, PLR0917 - the conditions of a rule
        self, text: str, status: EnhancedCode | None, reply: str | None, stage: str | None, action: str | None
    ) -> None:
        """Normalise `text` once for all rules."""
        self.text = text
        self.words = Words(text)
        self.status = status
        self.reply = reply
        self.stage = stage
        self.action = action


class RuleSet:
    """Rules of one scope in order of priority."""

    __slots__ = ("_by_code", "_index", "rules")

    def __init__(self, rules: Iterable[Rule]) -> None:
        """Index `rules`."""
        self.rules = tuple(rules)
        self._index = PhraseIndex(
            (phrase, (place, rule, text)) for place, rule in enumerate(self.rules) for text, phrase in rule.says
        )
        self._by_code: dict[tuple[int | None, int] | str | None, list[tuple[int, Rule]]] = {}
        for place, rule in enumerate(self.rules):
            if not rule.says:
                for key in _keys(rule):
                    self._by_code.setdefault(key, []).append((place, rule))

    def hits(self, facts: Facts) -> list[tuple[int, Rule, str]]:
        """Return every rule that `facts` fulfil with its place and the words that did it, in order of priority."""
        words, status, reply = facts.words.text, facts.status, facts.reply
        found = [
            entry
            for entry in self._index.find(facts.words)
            if _fulfilled(entry[1], facts, words, status, reply)
        ]
        by_code = self._by_code
        if by_code:
            candidates = [*by_code.get(None, _NO_RULES)]
            if reply:
                candidates += by_code.get(reply, _NO_RULES)
                candidates += by_code.get(reply[0] + "yz", _NO_RULES)
            if status:
                candidates += by_code.get((status.class_, status.subject), _NO_RULES)
                candidates += by_code.get((None, status.subject), _NO_RULES)
            found += [(place, rule, "") for place, rule in candidates if _fulfilled(rule, facts, words, status, reply)]
        if len(found) > 1:
            found.sort(key=_place)
        return found


def _place(entry: tuple[int, Rule, str]) -> tuple[int, int]:
    # Of the phrases of one rule the longest explains best.
    return entry[0], -len(entry[2])


def _fulfilled(rule: Rule, facts: Facts, words: str, status: EnhancedCode | None, reply: str | None) -> bool:
    return (
        rule.codes_match(status, reply)
        and (not rule.stages or facts.stage in rule.stages)
        and (not rule.actions or facts.action in rule.actions)
        and (not (rule.also or rule.unless) or rule.words_match(words))
        and (rule.pattern is None or rule.pattern.search(facts.text) is not None)
    )


def _keys(rule: Rule) -> Iterable[tuple[int | None, int] | str | None]:
    if rule.statuses:
        return {(class_, subject) for class_, subject, _ in rule.statuses}
    return rule.replies or (None,)
