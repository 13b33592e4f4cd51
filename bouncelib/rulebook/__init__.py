"""The rules: loaded from TOML (or the compiled form that the wheel carries), checked, indexed.

`Rulebook` answers one question: which rules of which scope do these facts fulfil? What follows from them is decided in
`classify`. A rule is made ready when a text first holds words that it is filed under, or its file first matters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache, partial

from bouncelib.rulebook.facts import Facts, Hit, fulfilled
from bouncelib.rulebook.files import (
    DEFAULT_RULES,
    Rules,
    Shipped,
    ShippedRules,
    load_rules,
    policy,
    shipped,
    shipped_tables,
)
from bouncelib.rulebook.filing import Numbers, file_rules
from bouncelib.rulebook.overlay import UNDETERMINED, Spot, overlay
from bouncelib.rulebook.rating import Rating
from bouncelib.rulebook.ruleset import BLOCKLISTS, OTHERS, PHRASES, TOKENS, RuleSet
from bouncelib.rulebook.schema import Rule
from bouncelib.words import PhraseIndex

__all__ = [
    "DEFAULT_RULES",
    "PHRASES",
    "UNDETERMINED",
    "Facts",
    "Found",
    "Hit",
    "Rating",
    "Rule",
    "RuleSet",
    "Rulebook",
    "Rules",
    "fulfilled",
    "load_rules",
    "policy",
    "shipped_tables",
]


Found = tuple[list[Hit], list[Hit], Sequence[RuleSet], Sequence[str]]
"""What the words of a text could mean: rules of the conflicts and then of the phrases, in order; rules of the user's and the
vendors' files, in no order; vendors that the text gives away; names of blocklists."""


class Rulebook:
    """All rules of one parser, in their scopes."""

    def __init__(self, sources: Iterable[Rules]) -> None:
        """Sort `sources` into the standard scopes, the vendors and the user's own (those that nothing selects).

        Raises `RuleError` where a rule is wrong, or speaks of one that there is not.
        """
        sources = tuple(sources)
        for file in sources:
            file.check()
        changed = overlay(sources)
        sets = [RuleSet(file, changed.changes.get(number, {}), number) for number, file in enumerate(sources)]
        standard: dict[str, RuleSet] = {}
        self._by_host: dict[str, list[RuleSet]] = {}
        self._by_format: dict[str, list[RuleSet]] = {}
        self.user: list[RuleSet] = []
        for rules in sets:
            file = rules.file
            if file.name.startswith("standard/"):
                standard[file.name.partition("/")[2]] = rules
                continue
            if not file.selected:
                self.user.append(rules)
            for host in file.hosts:
                self._by_host.setdefault(host, []).append(rules)
            for name in file.formats:
                self._by_format.setdefault(name, []).append(rules)
        # A mailbox of bounces names the same few hosts again and again.
        self._of_host = lru_cache(maxsize=4096)(partial(_of_host, self._by_host))
        empty = RuleSet(Rules("standard/none", {}), {}, len(sets))
        self.conflicts = standard.get("conflicts", empty)
        self.phrases = standard.get("phrases", empty)
        self.status = standard.get("status", empty)
        self.reply = standard.get("reply", empty)
        self.ratings = [
            (rating, rules if rules.file.selected else None) for rules in sets for rating in rules.file.ratings
        ]
        """The user's own verdicts on what rules decide, each with the file whose host, format or token must fit, if any."""
        self._index = _Shelf(sets, changed.moved).index

    def look_up(self, facts: Facts) -> Found:
        """Return what the words of `facts` could mean, by scope."""
        standard, others = self._index.sort(facts)
        standard += self.conflicts.coded(facts)
        standard += self.phrases.coded(facts)
        if len(standard) > 1:
            standard.sort()
        if not standard or standard[-1][0] < TOKENS:
            return standard, others, (), ()
        return (
            [hit for hit in standard if hit[0] < TOKENS],
            others,
            [hit[3] for hit in standard if TOKENS <= hit[0] < BLOCKLISTS],
            [hit[3] for hit in standard if hit[0] >= BLOCKLISTS],
        )

    def rated(self, rule: Rule, facts: Facts, vendors: Sequence[RuleSet]) -> Rule | None:
        """Return `rule` as the first of the user's ratings has it that fits, or None; `vendors` are those that matter."""
        for rating, rules in self.ratings:
            if (rules is None or rules in vendors) and rating.fits(rule, facts):
                return rating.applied(rule)
        return None

    def vendors(self, host: str | None, domain: str, name: str | None, tokens: Sequence[RuleSet]) -> Sequence[RuleSet]:
        """Return the vendors that matter, each once: by the host that spoke, the recipient's domain, the format, the text."""
        found: list[RuleSet] = []
        if host:
            found += self._of_host(host)
        if domain:
            found += self._of_host(domain)
        if name and name in self._by_format:
            found += self._by_format[name]
        if tokens:
            found += sorted(tokens, key=lambda rules: rules.file.name) if len(tokens) > 1 else tokens
        return list(dict.fromkeys(found)) if len(found) > 1 else found


def _of_host(by_host: Mapping[str, Sequence[RuleSet]], host: str) -> list[RuleSet]:
    """Return what is filed under `host` or a domain that it is in, the nearest first."""
    found: list[RuleSet] = []
    while host:
        found += by_host.get(host, ())
        host = host.partition(".")[2]
    return found


class _Shelf:
    """The phrases of a parser's files, as they are numbered and filed."""

    def __init__(self, sets: Sequence[RuleSet], moved: Mapping[Spot, Spot]) -> None:
        """File those of the user's; those of the package were filed when it was built."""
        self._sets = sets
        self._moved = moved
        numbered = {rules.file: number for number, rules in enumerate(sets)}
        own = [file for file in numbered if not isinstance(file, ShippedRules)]
        package = shipped() if len(own) < len(numbered) else Shipped((), file_rules(()))
        files = [*package.files, *own]
        self._numbers = Numbers(file.table for file in files)
        self._taken = [numbered.get(file, -1) for file in files]
        filings = (package.filing, file_rules((file.table for file in own), package.filing.end))
        self.index = PhraseIndex(self.entry, *filings)

    def entry(self, number: int) -> tuple[str, Hit, bool] | None:
        """Return the phrase with this number and what it stands for; None where no rule of the parser's has it."""
        file, place, text = self._numbers.find(number)
        spot = self._taken[file]
        if spot < 0:
            return None
        rules = self._sets[spot]
        if place < 0:
            return text, (TOKENS + spot, 0, text, rules), False
        if (spot, place) in self._moved:
            spot, place = self._moved[spot, place]
            rules = self._sets[spot]
        elif rules.is_changed(place):
            return None
        rule = rules.rule(place)
        if rule is None:
            return None
        if rules.start >= BLOCKLISTS:
            name = rule.id.rpartition("/")[2]
            return text, (BLOCKLISTS, 0, name, name), False
        return text, (rules.start + place, -len(text), text, rule), rules.start >= OTHERS
