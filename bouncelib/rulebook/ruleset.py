"""Rules indexed by what they ask for, so that a reply meets the few rules it could fulfil and not all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bouncelib.model import EnhancedCode
from bouncelib.rulebook.schema import Rule
from bouncelib.words import Phrase, PhraseIndex, Words


class Facts:
    """What a judge sees of one reply: its codes, its words, where and by whom it was said."""

    __slots__ = ("action", "reply", "stage", "status", "text", "words")

    def __init__(
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

    def first(self, facts: Facts, found: Sequence[Hit] | None = None, *, strong: bool = False) -> Hit | None:
        """Return the first rule in order of priority that `facts` fulfil, or None; with `strong`, the first that is not weak.

        `found` are the phrases in the text, where they are known.
        """
        if found is None:
            if self._index is None:
                self._index = PhraseIndex(self.phrases())
            found = self._index.find(facts.words)
        hits = [*found, *self._with_codes(facts)] if self._by_code else found
        if not hits:
            return None
        # Conditions are checked in order until one holds: most texts hold phrases of several rules.
        for hit in sorted(hits, key=_place) if len(hits) > 1 else hits:
            rule = hit[1]
            if (rule.plain or _fulfilled(rule, facts)) and not (strong and rule.weak):
                return hit
        return None

    def _with_codes(self, facts: Facts) -> list[Hit]:
        """Return the rules without words that the codes may fulfil."""
        by_code = self._by_code
        hits = [*by_code.get(None, ())]
        reply, status = facts.reply, facts.status
        if reply:
            hits += by_code.get(reply, ())
            hits += by_code.get(reply[0] + "yz", ())
        if status:
            class_, subject, detail = status.class_, status.subject, status.detail
            hits += by_code.get((class_, subject, detail), ())
            hits += by_code.get((None, subject, detail), ())
            hits += by_code.get((class_, subject, None), ())
            hits += by_code.get((None, subject, None), ())
        return hits


def _place(hit: Hit) -> tuple[int, int, str]:
    # Of the phrases of one rule the longest explains best; of those the same one on every run.
    return hit[0], -len(hit[2]), hit[2]


def _fulfilled(rule: Rule, facts: Facts) -> bool:
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
