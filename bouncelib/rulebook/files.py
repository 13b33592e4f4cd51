"""Rule files: the user's own, and those that come with the package, from TOML or from the compiled form that the wheel carries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from os.path import dirname
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bouncelib.errors import RuleError
from bouncelib.model import Reason
from bouncelib.rulebook.filing import Table, file_rules
from bouncelib.rulebook.rating import Rating, read_rating
from bouncelib.rulebook.schema import FILE_KEYS, Rule, read_rule
from bouncelib.words import Filing, spell_out

if TYPE_CHECKING:
    from pathlib import Path

_SCOPES: Final = ("standard", "vendors")


class Rules:
    """One file of rules: what selects it, and its rules, made ready when first asked for."""

    def __init__(self, name: str, table: Table) -> None:
        """Check the top level of `table`; raise `RuleError` that names the file."""
        self.name = name
        self.table = table
        for key in table:
            if key not in FILE_KEYS:
                raise RuleError(f"{name}.toml: unknown key {key!r}")
        self.hosts: tuple[str, ...] = tuple(host.lower().lstrip(".") for host in self._texts("hosts"))
        self.formats: tuple[str, ...] = self._texts("formats")
        self.tokens: tuple[str, ...] = self._texts("tokens")
        try:
            spell_out(self.tokens)
        except ValueError as error:
            raise RuleError(f"{name}.toml: {error}") from None
        self.disabled: tuple[str, ...] = self._texts("disable")
        self.selected = bool(self.hosts or self.formats or self.tokens)
        """Whether it is asked only where a host, a format or a token says so."""
        for key, kind, how in (("reason", dict, "a table"), ("rule", list, "[[rule]]"), ("rerate", list, "[[rerate]]")):
            if not isinstance(table.get(key, kind()), kind):
                raise RuleError(f"{name}.toml: {key!r} must be {how}")

    def _texts(self, key: str) -> tuple[str, ...]:
        value = self.table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise RuleError(f"{self.name}.toml: {key!r} must be a list of texts")
        return tuple(value)

    @cached_property
    def reasons(self) -> Mapping[str, Reason]:
        """The user's own words, each with the reason behind it."""
        reasons = {}
        for word, base in self.table.get("reason", {}).items():
            try:
                reasons[word] = Reason(base)
            except ValueError:
                raise RuleError(f"{self.name}.toml: reason {word!r} has an unknown base {base!r}") from None
        return reasons

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in order; raise `RuleError` that names the file and the rule."""
        reasons = self.reasons
        rules = tuple(read_rule(table, self.name, reasons) for table in self.table.get("rule", ()))
        _check_ids(self.name, [*(rule.id for rule in rules), *(rating.id for rating in self.ratings)])
        return rules

    @cached_property
    def ratings(self) -> tuple[Rating, ...]:
        """What it says of the rules of others; raise `RuleError` that names the file and the entry."""
        return tuple(read_rating(table, self.name, self.reasons) for table in self.table.get("rerate", ()))

    def check(self) -> None:
        """Raise `RuleError` where a rule is wrong."""
        _ = self.rules

    def rule(self, place: int) -> Rule:
        """Return the rule at `place`."""
        return self.rules[place]

    @cached_property
    def replacing(self) -> tuple[int, ...]:
        """The places of the rules that take the place of another file's: their ids are public ones."""
        return tuple(place for place in range(len(self.rules)) if "/" in self.table["rule"][place]["id"])

    @property
    def ids(self) -> list[str]:
        """The public ids of its rules, in order."""
        return [rule.id for rule in self.rules]

    def __reduce__(self) -> tuple[Callable[..., Rules], tuple[Any, ...]]:
        return type(self), (self.name, self.table)


class ShippedRules(Rules):
    """One file of the package. Its rules are known to be good, so that each can be made ready alone, when a text needs it."""

    def __init__(self, name: str, table: Table) -> None:
        super().__init__(name, table)
        self._ready: dict[int, Rule] = {}

    def check(self) -> None:
        """Raise nothing."""

    def rule(self, place: int) -> Rule:
        """Return the rule at `place`."""
        rule = self._ready.get(place)
        if rule is None:
            rule = self._ready[place] = Rule(self.table["rule"][place], self.name, self.reasons)
        return rule

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in order."""
        return tuple(map(self.rule, range(len(self.table.get("rule", ())))))

    @property
    def replacing(self) -> tuple[int, ...]:
        """None of its rules takes another's place."""
        return ()

    @property
    def ids(self) -> list[str]:
        """The public ids of its rules, in order."""
        return [f"{self.name}/{table['id']}" for table in self.table.get("rule", ())]

    def __reduce__(self) -> tuple[Callable[..., Rules], tuple[Any, ...]]:
        # From the package of whoever unpickles it: a parser travels light, and judges as those beside it do.
        return shipped_file, (self.name,)


def _check_ids(name: str, ids: Sequence[str]) -> None:
    seen: set[str] = set()
    for one in ids:
        if one in seen:
            raise RuleError(f"{name}.toml: rule {one!r} stands there twice")
        seen.add(one)


class Shipped(NamedTuple):
    """The rules that come with the package, and where their phrases are filed."""

    files: tuple[Rules, ...]
    filing: Filing


@cache
def shipped() -> Shipped:
    """Return the rules that come with the package, read once."""
    compiled = _read_compiled()
    if compiled is None:
        tables = shipped_tables()
        filing = file_rules(tables.values())
    else:
        import json

        tables, filed = json.loads(compiled)
        filing = Filing(*filed)
    return Shipped(tuple(ShippedRules(_public(name), table) for name, table in tables.items()), filing)


def shipped_file(name: str) -> Rules:
    """Return the file `name` of those that come with the package; raise `RuleError` where it is none."""
    for file in shipped().files:
        if file.name == name:
            return file
    raise RuleError(f"{name}.toml is not among the rules of this version of bouncelib")


def shipped_tables() -> dict[str, dict[str, Any]]:
    """Return the shipped rule files as TOML has them, by path without suffix (``standard/status``, ``vendors/gmail``)."""
    import tomllib
    from importlib.resources import files

    folder = files("bouncelib") / "rules"
    return {
        f"{scope}/{file.name.removesuffix('.toml')}": tomllib.loads(file.read_text("utf-8"))
        for scope in _SCOPES
        for file in sorted((folder / scope).iterdir(), key=lambda entry: entry.name)
        if file.name.endswith(".toml")
    }


def _public(name: str) -> str:
    return name.removeprefix("vendors/")


def _read_compiled() -> bytes | None:
    """Return the compiled rules, or None where the package has none: in the source tree."""
    # As a plain file: `importlib.resources` takes longer to import than this takes to read. In a zip file the TOML is read.
    try:
        with open(f"{dirname(dirname(__file__))}/rules/compiled.json", "rb") as file:  # noqa: PTH120, PTH123 - as above
            return file.read()
    except OSError:
        return None


class _Handle:
    """A lazy handle on the rules that come with the package."""

    def __repr__(self) -> str:
        return "DEFAULT_RULES"

    def __iter__(self) -> Iterator[Rules]:
        return iter(shipped().files)


DEFAULT_RULES: Final = _Handle()
"""The rules that come with the package; nothing is read before they are iterated."""


def load_rules(path: str | Path) -> Rules:
    """Return the rules in the TOML file `path`; raise `RuleError` that names the file, and the rule where one is wrong."""
    import tomllib
    from pathlib import Path

    path = Path(path)
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RuleError(f"{path}: {error}") from error
    rules = Rules(path.stem, table)
    rules.check()
    return rules


def policy(*names: str) -> Rules:
    """Return the policies with these names, for `BounceParser(rules=[policy("disabled-soft"), *DEFAULT_RULES])`.

    They are described in the documentation of rules, each with its risk. Raises `RuleError` where there is no such policy.
    """
    import tomllib
    from importlib.resources import files

    table = tomllib.loads((files("bouncelib") / "rules" / "policies.toml").read_text("utf-8"))
    known = {entry["id"]: entry for entry in table["rerate"]}
    for name in names:
        if name not in known:
            raise RuleError(f"no policy {name!r}: there are {', '.join(known)}")
    return Rules("policies", {"rerate": [known[name] for name in names]})
