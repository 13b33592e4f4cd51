"""What a user's file says of the verdicts of others: another verdict, reason or confidence where some rules decide."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any, Final

from bouncelib.errors import RuleError
from bouncelib.model import Confidence, Reason
from bouncelib.rulebook.facts import Facts, fulfilled
from bouncelib.rulebook.schema import Rule, check_table, check_values
from bouncelib.words import PhraseList

_CONDITIONS: Final = frozenset({"status", "reply", "stage", "action", "says", "also", "unless", "pattern"})
_CHANGES: Final = frozenset({"reason", "verdict", "confidence"})
_PROSE: Final = frozenset({"name", "meaning", "source", "examples", "counter_examples"})
_KEYS: Final = frozenset({"id", "rules", "reasons", "final"}) | _CONDITIONS | _CHANGES | _PROSE


class Rating:
    """Another verdict where some rules decide, and the conditions for it."""

    __slots__ = ("_conditions", "_says", "_table", "id", "reasons", "rules")

    def __init__(self, table: Mapping[str, Any], prefix: str, reasons: Mapping[str, Reason]) -> None:
        """Take a `table` that `read_rating` finds nothing wrong with."""
        self._table = table
        self._conditions = rule = Rule({"reason": Reason.UNDETERMINED.value, **table}, prefix, reasons)
        self._says = PhraseList(rule.says) if rule.has_words else None
        self.id = rule.id
        self.rules = frozenset(table.get("rules", ()))
        """The public ids of the rules that it speaks of; of all, where there are none."""
        self.reasons = frozenset(table.get("reasons", ()))
        """The reasons that it speaks of, or words of the user's own; of all, where there are none."""

    def fits(self, rule: Rule, facts: Facts) -> bool:
        """Return whether it speaks of `rule`, and `facts` meet its conditions."""
        return (
            (not self.rules or rule.id in self.rules)
            and (not self.reasons or rule.reason in self.reasons or rule.base in self.reasons)
            and (self._says is None or bool(self._says.find(facts)))
            and any(fulfilled([(0, 0, "", self._conditions)], facts))
        )

    def applied(self, rule: Rule) -> Rule:
        """Return `rule` with the reason, the verdict and the confidence that are given here."""
        new, given = copy(rule), self._conditions
        new.rated = self.id
        if "reason" in self._table:
            new.reason, new.base, new.fault = given.reason, given.base, given.fault
        if "verdict" in self._table or "reason" in self._table:
            new.verdict, new.final = given.verdict, given.final
        new.ceiling = max(rule.ceiling, given.ceiling, key=list(Confidence).index)
        return new


def read_rating(table: Mapping[str, Any], prefix: str, reasons: Mapping[str, Reason]) -> Rating:
    """Return what the TOML `table` under ``[[rerate]]`` says; raise `RuleError` that names file and entry."""
    where = check_table(table, prefix, "rerate", _KEYS)
    if not ("rules" in table or "reasons" in table):
        raise RuleError(f"{where}: give 'rules' or 'reasons': whose verdict is meant")
    if not _CHANGES & table.keys():
        raise RuleError(f"{where}: nothing changes; give 'verdict', 'reason' or 'confidence'")
    check_values(table, where, reasons)
    for word in table.get("reasons", ()):
        check_values({"reason": word}, where, reasons)
    return Rating(table, prefix, reasons)
