"""Rules indexed by what they ask for, so that a reply meets the few rules it could fulfil and not all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bouncelib.model import EnhancedCode
from bouncelib.rulebook.schema import Rule
from bouncelib.words import Phrase, PhraseIndex, Words

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


Hit = tuple[int, Rule, str]
"""A rule that a reply fulfils: its place in the order, the rule, the words that did it."""


class RuleSet:
    """Rules of one scope in order of priority."""

    __slots__ = ("_by_code", "_index", "rules")

    def __init__(self, rules: Iterable[Rule]) -> None:
        """Index `rules`."""
        self.rules = tuple(rules)
        self._index: PhraseIndex[Hit] | None = None
        self._by_code: dict[tuple[int | None, int, int | None] | str | None, list[Hit]] = {}
        for place, rule in enumerate(self.rules):
            if not rule.says:
                for key in _keys(rule):
                    self._by_code.setdefault(key, []).append((place, rule, ""))

    def phrases(self) -> Iterator[tuple[Phrase, Hit]]:
        """Yield each phrase of each rule with what it would be a hit for."""
        for place, rule in enumerate(self.rules):
            for text, phrase in rule.says:
                yield phrase, (place, rule, text)

    def hits(self, facts: Facts, found: list[Hit] | None = None) -> list[Hit]:
        """Return every rule that `facts` fulfil, in order of priority; `found` are the phrases in them, if known."""
        if found is None:
            if self._index is None:
                self._index = PhraseIndex(self.phrases())
            found = self._index.find(facts.words)
        hits = [hit for hit in found if _fulfilled(hit[1], facts)]
        by_code = self._by_code
        if by_code:
            candidates = [*by_code.get(None, ())]
            reply, status = facts.reply, facts.status
            if reply:
                candidates += by_code.get(reply, ())
                candidates += by_code.get(reply[0] + "yz", ())
            if status:
                class_, subject, detail = status.class_, status.subject, status.detail
                candidates += by_code.get((class_, subject, detail), ())
                candidates += by_code.get((None, subject, detail), ())
                candidates += by_code.get((class_, subject, None), ())
                candidates += by_code.get((None, subject, None), ())
            hits += [hit for hit in candidates if _fulfilled(hit[1], facts)]
        if len(hits) > 1:
            hits.sort(key=_place)
        return hits


def _place(hit: Hit) -> tuple[int, int]:
    # Of the phrases of one rule the longest explains best.
    return hit[0], -len(hit[2])


def _fulfilled(rule: Rule, facts: Facts) -> bool:
    if rule.plain:
        return True
    return (
        rule.codes_match(facts.status, facts.reply)
        and (not rule.stages or facts.stage in rule.stages)
        and (not rule.actions or facts.action in rule.actions)
        and (not (rule.also or rule.unless) or rule.words_match(facts.words.text))
        and (rule.pattern is None or rule.pattern.search(facts.text) is not None)
    )


def _keys(rule: Rule) -> Iterable[tuple[int | None, int, int | None] | str | None]:
    if not rule.statuses:
        return rule.replies or (None,)
    return {
        (class_, subject, details.start if details is not None and len(details) == 1 else None)
        for class_, subject, details in rule.statuses
    }
