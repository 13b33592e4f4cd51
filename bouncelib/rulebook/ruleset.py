"""The rules of one file, as one parser asks them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from bouncelib.rulebook.facts import Facts, Hit, fulfilled
from bouncelib.rulebook.files import Rules
from bouncelib.rulebook.schema import Rule

CONFLICTS, PHRASES, OTHERS, TOKENS, BLOCKLISTS = range(0, 5 << 56, 1 << 56)
"""Where the ranks of a scope begin; those of a file follow each other."""
_FILE: Final = 1 << 28
_SCOPES: Final = MappingProxyType(
    {"standard/conflicts": CONFLICTS, "standard/phrases": PHRASES, "standard/blocklists": BLOCKLISTS}
)


class RuleSet:
    """The rules of one file, as one parser asks them."""

    __slots__ = ("_by_code", "_by_reply", "_changes", "end", "file", "start")

    def __init__(self, file: Rules, changes: Mapping[int, Rule | None], number: int) -> None:
        """Take `file`, the one with this `number`, with other rules in some places, or none."""
        self.file = file
        self.start = _SCOPES.get(file.name, OTHERS) + number * _FILE
        """The rank of its first rule; those of all others are below `end`."""
        self.end = self.start + _FILE
        self._changes = changes
        self._by_code: dict[int, list[Hit]] | None = None
        self._by_reply: dict[str | None, list[Hit]] = {}

    def rule(self, place: int) -> Rule | None:
        """Return the rule at `place`, or None where it is left out."""
        return self._changes[place] if place in self._changes else self.file.rule(place)

    def is_changed(self, place: int) -> bool:
        """Return whether another rule stands at `place`, or none."""
        return place in self._changes

    def fulfilled(self, facts: Facts, found: Sequence[Hit] = ()) -> list[Hit]:
        """Return the rules that `facts` fulfil, in order of priority; `found` are rules whose phrases are in the text."""
        start, end = self.start, self.end
        hits = [hit for hit in found if start <= hit[0] < end]
        hits += self.coded(facts)
        if len(hits) > 1:
            hits.sort()
        return list(fulfilled(hits, facts)) if hits else hits

    def first(self, facts: Facts) -> Hit | None:
        """Return the first rule without words that `facts` fulfil, or None."""
        hits = self.coded(facts)
        if len(hits) > 1:
            return next(fulfilled(sorted(hits), facts), None)
        return hits[0] if hits and (hits[0][3].plain or [*fulfilled(hits, facts)]) else None

    def coded(self, facts: Facts) -> Sequence[Hit]:
        """Return the rules without words whose codes or replies may be those of `facts`."""
        if self._by_code is None:
            self._by_code, self._by_reply = self._file_by_code()
        get = self._by_code.get
        hits = [*get(facts.code, ()), *get(facts.subject, ())]
        if self._by_reply:
            for reply in (facts.reply, facts.reply_class, None):
                hits += self._by_reply.get(reply, ())
        return hits

    def _file_by_code(self) -> tuple[dict[int, list[Hit]], dict[str | None, list[Hit]]]:
        """Return the rules without words by the numbers of their codes, or else by their replies; None stands for any."""
        by_code: dict[int, list[Hit]] = {}
        by_reply: dict[str | None, list[Hit]] = {}
        for place, table in enumerate(self.file.table.get("rule", ())):
            if place in self._changes or "says" not in table:
                rule = self.rule(place)
                if rule is None or rule.has_words:
                    continue
                hit: Hit = (self.start + place, 0, "", rule)
                for code in rule.codes:
                    by_code.setdefault(code, []).append(hit)
                for reply in () if rule.codes else rule.replies or (None,):
                    by_reply.setdefault(reply, []).append(hit)
        return by_code, by_reply
