"""The rules: loaded from TOML (or the compiled form that the wheel carries), checked, indexed.

`Rulebook` answers one question: which rules of which scope do these facts fulfil? What follows from them is decided in
`classify`. A vendor's rules are made ready when its host, its format or a tell-tale token first matters.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final, NamedTuple

from bouncelib.errors import RuleError
from bouncelib.model import Reason
from bouncelib.rulebook.ruleset import Facts, Hit, RuleSet
from bouncelib.rulebook.schema import FILE_KEYS, Rule, read_rule
from bouncelib.words import Phrase, PhraseIndex

__all__ = [
    "DEFAULT_RULES",
    "Facts",
    "Found",
    "Hit",
    "Rule",
    "RuleSet",
    "Rulebook",
    "Rules",
    "load_rules",
    "shipped_tables",
]

STANDARD: Final = ("conflicts", "phrases", "status", "reply", "blocklists")


def shipped_tables(*, compiled: bool = True) -> dict[str, dict[str, Any]]:
    """Return the shipped rule files as plain tables by name (``standard/status``, ``vendors/gmail``).

    The wheel's compiled form leaves out what only people read; `compiled=False` reads the TOML itself.
    """
    folder = files("bouncelib") / "rules"
    ready = folder / "compiled.json"
    if compiled and ready.is_file():
        tables: dict[str, dict[str, Any]] = json.loads(ready.read_text("utf-8"))
        return tables
    return dict(_read_folder(folder))


def _read_folder(folder: Traversable) -> Iterator[tuple[str, dict[str, Any]]]:
    for scope in ("standard", "vendors"):
        for file in sorted((folder / scope).iterdir(), key=lambda entry: entry.name):
            if file.name.endswith(".toml"):
                yield f"{scope}/{file.name.removesuffix('.toml')}", tomllib.loads(file.read_text("utf-8"))


class Rules:
    """One file of rules: what selects it, and its rules, made ready when first asked for."""

    def __init__(self, name: str, table: Mapping[str, Any], excluded: frozenset[str] = frozenset()) -> None:
        """Check the top level of `table`; raise `RuleError` that names the file. `excluded` are public ids to leave out."""
        self.name = name
        self._excluded = excluded
        self._table = table
        for key in table:
            if key not in FILE_KEYS:
                raise RuleError(f"{name}.toml: unknown key {key!r}")
        self.hosts: tuple[str, ...] = tuple(host.lower().lstrip(".") for host in self._texts("hosts"))
        self.formats: tuple[str, ...] = self._texts("formats")
        self.tokens: tuple[str, ...] = self._texts("tokens")
        self.disabled: frozenset[str] = frozenset(self._texts("disable"))

    def _texts(self, key: str) -> tuple[str, ...]:
        value = self._table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise RuleError(f"{self.name}.toml: {key!r} must be a list of texts")
        return tuple(value)

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in order; raise `RuleError` that names the file and the rule."""
        reasons = {}
        words, tables = self._table.get("reason", {}), self._table.get("rule", [])
        if not isinstance(words, dict) or not isinstance(tables, list):
            raise RuleError(f"{self.name}.toml: 'reason' must be a table and 'rule' a list of tables, [[rule]]")
        for word, base in words.items():
            try:
                reasons[word] = Reason(base)
            except ValueError:
                raise RuleError(f"{self.name}.toml: reason {word!r} has an unknown base {base!r}") from None
        rules = tuple(read_rule(table, self.name, reasons) for table in tables)
        seen: set[str] = set()
        for rule in rules:
            if rule.id in seen:
                raise RuleError(f"{self.name}.toml: rule {rule.id!r} stands there twice")
            seen.add(rule.id)
        return tuple(rule for rule in rules if rule.id not in self._excluded)

    def without(self, ids: frozenset[str]) -> Rules:
        """Return the same rules but for those with these public ids."""
        return Rules(self.name, self._table, ids)

    @cached_property
    def first(self) -> RuleSet:
        """The rules that are asked before the standard."""
        return RuleSet(rule for rule in self.rules if not rule.default)

    @cached_property
    def last(self) -> RuleSet:
        """The rules that are asked where the standard phrases say nothing."""
        return RuleSet(rule for rule in self.rules if rule.default)


class _Shipped:
    """A lazy handle on the rules that come with the package."""

    def __repr__(self) -> str:
        return "DEFAULT_RULES"

    def __iter__(self) -> Iterator[Rules]:
        for name, table in shipped_tables().items():
            yield Rules(name if name.startswith("standard/") else name.partition("/")[2], table)


DEFAULT_RULES: Final = _Shipped()
"""The rules that come with the package; nothing is read before they are iterated."""


def load_rules(path: str | Path) -> Rules:
    """Return the rules in the TOML file `path`; raise `RuleError` that names the file, and the rule where one is wrong."""
    path = Path(path)
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RuleError(f"{path}: {error}") from error
    rules = Rules(path.stem, table)
    assert rules.rules is not None  # noqa: S101 - checked now, for the error to come from here
    return rules


class Found(NamedTuple):
    """What the words of a text could mean: phrases of rules, tell-tale tokens of vendors, names of blocklists."""

    conflicts: list[Hit]
    phrases: list[Hit]
    tokens: list[Rules]
    blocklists: list[str]


class Rulebook:
    """All rules of one parser, in their scopes."""

    def __init__(self, sources: Iterable[Rules]) -> None:
        """Sort `sources` into the standard scopes, the vendors and the user's own (those that nothing selects)."""
        standard: dict[str, Rules] = {}
        self._by_host: dict[str, list[Rules]] = {}
        self._by_format: dict[str, list[Rules]] = {}
        self.user: list[Rules] = []
        tokens: list[tuple[Phrase, Rules]] = []
        sources = tuple(sources)
        disabled = frozenset(name for rules in sources for name in rules.disabled)
        for given in sources:
            rules = given.without(disabled) if disabled else given
            if rules.name.startswith("standard/"):
                standard[rules.name.partition("/")[2]] = rules
                continue
            if not (rules.hosts or rules.formats or rules.tokens):
                self.user.append(rules)
            for host in rules.hosts:
                self._by_host.setdefault(host, []).append(rules)
            for name in rules.formats:
                self._by_format.setdefault(name, []).append(rules)
            tokens += [(Phrase.parse(token), rules) for token in rules.tokens]
        empty = Rules("standard/none", {})
        self.conflicts = standard.get("conflicts", empty).first
        self.phrases = standard.get("phrases", empty).first
        self.status = standard.get("status", empty).first
        self.reply = standard.get("reply", empty).first
        # One look-up for all that is asked of every text.
        entries: list[tuple[Phrase, tuple[int, Any]]] = []
        for scope, ruleset in enumerate((self.conflicts, self.phrases)):
            entries += [(phrase, (scope, hit)) for phrase, hit in ruleset.phrases()]
        entries += [(phrase, (2, rules)) for phrase, rules in tokens]
        for rule in standard.get("blocklists", empty).rules:
            entries += [(phrase, (3, rule.id.rpartition("/")[2])) for _, phrase in rule.says]
        self._index = PhraseIndex(entries)

    def look_up(self, facts: Facts) -> Found:
        """Return what the words of `facts` could mean, by scope."""
        found = Found([], [], [], [])
        for scope, thing in self._index.find(facts.words):
            found[scope].append(thing)
        return found

    def vendors(self, host: str | None, domain: str, name: str | None, tokens: Sequence[Rules]) -> Sequence[Rules]:
        """Return the vendors that matter, each once: by the host that spoke, the recipient's domain, the format, the text."""
        found: list[Rules] = []
        by_host = self._by_host
        for name_of_host in (host, domain):
            labels = name_of_host
            while labels:
                if labels in by_host:
                    found += by_host[labels]
                labels = labels.partition(".")[2]
        if name:
            found += self._by_format.get(name, ())
        if tokens:
            found += sorted(tokens, key=lambda rules: rules.name) if len(tokens) > 1 else tokens
        return list(dict.fromkeys(found)) if len(found) > 1 else found
