"""The lint of a rule file: everything that is wrong with it at once, not only the first thing that stops the loader.

The loader's own checks are asked key by key, so that both always agree. What they cannot see follows: rules that never
decide, examples that another rule decides, patterns that take too long.
"""

from __future__ import annotations

import os
import re
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from bouncelib.errors import RuleError
from bouncelib.model import BounceReport, Judgement, Reason
from bouncelib.parser import BounceParser
from bouncelib.rulebook import DEFAULT_RULES, Rule, Rulebook, Rules
from bouncelib.rulebook.schema import read_rule
from bouncelib.words import Phrase

__all__ = ["Problem", "check_rules", "judge_example", "rule_hits"]

_T = TypeVar("_T")
_Good = tuple[str, dict[str, Any], Rule]
"""A rule that is right in itself: its label, its table, and the rule."""
Example = str | Mapping[str, Any]
"""A reply, or a table of its text and what else is known of it."""
_Codes = tuple[int | None, int, range | None]

_HOST: Final = re.compile(r"(?!-)[\w-]{1,63}(?<!-)(?:\.(?!-)[\w-]{1,63}(?<!-))*\Z")
_FACTS: Final = frozenset({"text", "host", "stage", "status", "smtp_code", "action", "domain", "format"})
_WHO: Final = frozenset({"host", "domain", "format"})
_EXAMPLES: Final = ("examples", "counter_examples")
_WORDS: Final = re.compile(r"\w+")
_LITERALS: Final = re.compile(r"[\w ]+")
_SIZES: Final = (*(int(8 * 1.1**step) for step in range(44)), 512, 1024, 2048, 4096)
"""Lengths of text that a pattern is tried on: in small steps first, to see an exponential one while it still ends."""
_SEEDS: Final = 24
_SLOW: Final = 0.05
"""Seconds of processor time that a pattern may take for the longest text that is ever judged."""
_SHOWN: Final = 80


class Problem(NamedTuple):
    """One thing that is wrong with a rule file."""

    file: str
    rule: str | None
    """The rule's id as the file spells it, ``#3`` where it has none, or None where the file as a whole is meant."""
    text: str

    def __str__(self) -> str:
        rule = "" if self.rule is None else f" rule {self.rule}:"
        return f"{self.file}:{rule} {self.text}"


def rule_hits(reports: Iterable[BounceReport]) -> Counter[str]:
    """Return how often each rule decided in `reports`, by the rule's id; the most frequent with `most_common()`."""
    return Counter(
        recipient.rule for report in reports for recipient in report.recipients if recipient.rule is not None
    )


def judge_example(parser: BounceParser, rules: Rules, example: Example) -> Judgement:
    """Return what `parser` makes of an example in `rules`.

    An example that names nobody who spoke is judged as the words of the file's first host, or of its first format.
    Raises `ValueError` where the example is none.
    """
    if not isinstance(example, (str, Mapping)):
        raise ValueError("neither a text nor a table")  # noqa: TRY004 - a value in a file, not an argument
    facts: dict[str, Any] = {"text": example} if isinstance(example, str) else dict(example)
    unknown = sorted(facts.keys() - _FACTS)
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r}")
    if "text" not in facts:
        raise ValueError("no 'text'")
    wrong = next((key for key, value in facts.items() if not isinstance(value, str)), None)
    if wrong:
        raise ValueError(f"{wrong!r} must be a text")
    text = facts.pop("text")
    if not _WHO & facts.keys():
        if rules.hosts:
            facts["host"] = rules.hosts[0]
        elif rules.formats:
            facts["format"] = rules.formats[0]
    return parser.classify_response(text, **facts)


def check_rules(path: str | os.PathLike[str]) -> list[Problem]:
    """Return all that is wrong with the rule file `path`, in the order of its rules; nothing for a good one.

    Reported are: what `load_rules` would refuse, hosts that are none, rules that can never decide, examples that
    another rule decides, counter-examples that the rule itself decides, and slow patterns. Examples are judged by the
    file's rules with the shipped ones behind them. A file that cannot be read is one problem; nothing is raised.
    """
    name = os.fspath(path)
    try:
        table = tomllib.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        return [Problem(name, None, error.strerror or str(error))]
    except (ValueError, RecursionError) as error:
        return [Problem(name, None, f"no TOML: {error}")]
    return _Check(name, table).run()


class _Check:
    """The lint of one file."""

    def __init__(self, file: str, table: dict[str, Any]) -> None:
        self._file = file
        self._table = table
        self._prefix = Path(file).stem
        self._problems: list[Problem] = []

    def run(self) -> list[Problem]:
        top = self._check_top()
        reasons = self._check_reasons()
        good = self._check_rules(reasons)
        rules = Rules(self._prefix, {**top, "reason": reasons, "rule": [table for _, table, _ in good]})
        try:
            Rulebook((rules, *DEFAULT_RULES))
        except RuleError as error:
            # It speaks of a rule that there is not: the rest is looked at without what it says of others.
            self._note(None, self._bare(error))
            kept = {key: value for key, value in rules.table.items() if key not in {"disable", "rerate"}}
            rules = Rules(self._prefix, kept)
        self._check_order(rules, good)
        self._check_patterns(good)
        if any(key in table for _, table, _ in good for key in _EXAMPLES):
            self._check_examples(rules, good)
        order = {label: place for place, label in enumerate(self._labels())}
        return sorted(self._problems, key=lambda problem: -1 if problem.rule is None else order[problem.rule])

    def _note(self, rule: str | None, text: str) -> None:
        problem = Problem(self._file, rule, " ".join(text.split()))
        if problem not in self._problems:
            self._problems.append(problem)

    def _tables(self) -> list[Any]:
        tables = self._table.get("rule", [])
        return tables if isinstance(tables, list) else []

    def _labels(self) -> list[str]:
        return [
            table["id"] if isinstance(table, dict) and isinstance(table.get("id"), str) else f"#{number}"
            for number, table in enumerate(self._tables(), 1)
        ]

    def _check_top(self) -> dict[str, Any]:
        """Return the top level without what is wrong in it, and without the rules."""
        top: dict[str, Any] = {}
        for key, value in self._table.items():
            if key in {"rule", "reason"}:
                continue
            try:
                Rules(self._prefix, {key: value})
            except RuleError as error:
                self._note(None, self._bare(error))
                continue
            top[key] = value
        for host in top.get("hosts", ()):
            if not _HOST.match(host.lstrip(".")):
                self._note(None, f"{host!r} in 'hosts' is no host name; write 'library.example'")
        if not isinstance(self._table.get("title", ""), str):
            self._note(None, "'title' must be a text")
        if "rule" not in self._table:
            if not (self._table.get("disable") or self._table.get("rerate")):
                self._note(None, "no [[rule]] in it, and nothing that changes others")
        elif not isinstance(self._table["rule"], list):
            self._note(None, "'rule' must be a list of tables; write [[rule]]")
        return top

    def _check_reasons(self) -> dict[str, Reason]:
        reasons: dict[str, Reason] = {}
        words = self._table.get("reason", {})
        if not isinstance(words, dict):
            self._note(None, "'reason' must be a table of words and the reason behind each")
            return reasons
        for word, base in words.items():
            try:
                reasons[word] = Reason(base)
            except ValueError:
                self._note(None, f"reason {word!r} has an unknown base {base!r}")
        return reasons

    def _check_rules(self, reasons: Mapping[str, Reason]) -> list[_Good]:
        """Return the rules that are right in themselves: label, table and rule."""
        good = []
        seen: set[str] = set()
        for label, table in zip(self._labels(), self._tables(), strict=True):
            if not isinstance(table, dict):
                self._note(label, "a rule must be a table; write [[rule]]")
                continue
            if label in seen:
                self._note(label, "stands there twice")
                continue
            seen.add(label)
            before = len(self._problems)
            for probe in _probes(table):
                self._try(label, probe, reasons)
            rule = self._try(label, table, reasons) if len(self._problems) == before else None
            if rule is not None:
                good.append((label, table, rule))
        return good

    def _try(self, label: str, table: Mapping[str, Any], reasons: Mapping[str, Reason]) -> Rule | None:
        try:
            return read_rule(table, self._prefix, reasons)
        except RuleError as error:
            self._note(label, self._bare(error, table.get("id")))
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            self._note(label, str(error))
        return None

    def _bare(self, error: RuleError, rule: object = None) -> str:
        text = str(error).removeprefix(f"{self._prefix}.toml: ")
        return text.removeprefix(f"rule {rule!r}: ")

    def _check_order(self, rules: Rules, good: Sequence[_Good]) -> None:
        selected = bool(rules.hosts or rules.formats or rules.tokens)
        for place, (label, _, rule) in enumerate(good):
            if rule.default and not selected:
                self._note(label, "never decides: 'default' needs 'hosts', 'formats' or 'tokens' in the file")
                continue
            # A default rule is asked after all others, wherever it stands.
            before = [entry for entry in good[:place] if entry[2].default <= rule.default]
            before += [entry for entry in good[place + 1 :] if entry[2].default < rule.default]
            taker = next((other for other, _, earlier in before if _takes_all(earlier, rule)), None)
            if taker is not None:
                self._note(label, f"never decides: rule {taker} is asked before it and takes all that it matches")

    def _check_patterns(self, good: Sequence[_Good]) -> None:
        for label, table, rule in good:
            if rule.pattern is not None and (size := _slow_at(rule.pattern, _seeds(table))):
                self._note(label, f"the pattern {rule.pattern.pattern!r} is slow: over {_SLOW} s for {size} characters")

    def _check_examples(self, rules: Rules, good: Sequence[_Good]) -> None:
        parser = BounceParser(rules=[rules, *DEFAULT_RULES])
        own = {rule.id: label for label, _, rule in good}
        for label, table, rule in good:
            for example in table.get("counter_examples", ()):
                if self._judge(label, parser, rules, example) == rule.id:
                    self._note(label, f"the counter-example {_shown(example)} is decided by this rule")
            judged = [(example, self._judge(label, parser, rules, example)) for example in table.get("examples", ())]
            decided = [(example, decider) for example, decider in judged if decider]
            takers = sorted({own.get(decider, "") for _, decider in decided})
            if decided and "" not in takers and label not in takers:
                self._note(label, f"shadowed: its examples are all taken by rule {' and rule '.join(takers)}")
                continue
            for example, decider in decided:
                if decider != rule.id:
                    self._note(label, f"the example {_shown(example)} is decided by {decider}, not by this rule")

    def _judge(self, label: str, parser: BounceParser, rules: Rules, example: Example) -> str | None:
        try:
            return judge_example(parser, rules, example).rule
        except ValueError as error:
            self._note(label, f"the example {_shown(example)} is none: {error}")
            return None


def _probes(table: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield rules that are right but for what one key of `table` may bring; of a list, one item a rule."""
    right = {"id": "probe", "reason": str(Reason.POLICY), "reply": ["5yz"]}
    for key in ("id", "reason"):
        if key not in table:
            yield {name: value for name, value in right.items() if name != key}
    for key, value in table.items():
        items = value if isinstance(value, list) and key not in _EXAMPLES else ()
        yield from ({**right, key: [item]} for item in items)
        if not items:
            yield {**right, key: value}


def _takes_all(first: Rule, second: Rule) -> bool:
    """Return whether whatever fulfils `second` also fulfils `first`; False where that cannot be told."""
    return (
        _within(second.statuses, first.statuses, _code_within)
        and _within(tuple(second.replies), tuple(first.replies), _reply_within)
        and (not first.stages or (bool(second.stages) and second.stages <= first.stages))
        and (not first.actions or (bool(second.actions) and second.actions <= first.actions))
        and _within(second.says, first.says, lambda narrow, wide: _phrase_within(narrow[1], wide[1]))
        and _within(_phrases(second.also), _phrases(first.also), _phrase_within)
        and all(
            any(_phrase_within(wide, narrow) for narrow in _phrases(second.unless)) for wide in _phrases(first.unless)
        )
        and (first.pattern is None or (second.pattern is not None and first.pattern.pattern == second.pattern.pattern))
    )


def _within(narrow: Sequence[_T], wide: Sequence[_T], inside: Callable[[_T, _T], bool]) -> bool:
    """Return whether each of the conditions in `narrow` lies inside one in `wide`; none at all is the widest."""
    return not wide or (bool(narrow) and all(any(inside(one, other) for other in wide) for one in narrow))


def _code_within(narrow: _Codes, wide: _Codes) -> bool:
    return (
        wide[0] in {None, narrow[0]}
        and wide[1] == narrow[1]
        and (wide[2] is None or (narrow[2] is not None and set(narrow[2]) <= set(wide[2])))
    )


def _reply_within(narrow: str, wide: str) -> bool:
    return wide in {narrow, f"{narrow[0]}yz"}


def _phrases(texts: Iterable[str]) -> list[Phrase]:
    return [Phrase.parse(text) for text in texts]


def _phrase_within(narrow: Phrase, wide: Phrase) -> bool:
    """Return whether a text that holds `narrow` always holds `wide`."""
    return wide.parts == narrow.parts or (len(wide.parts) == 1 and any(wide.parts[0] in part for part in narrow.parts))


def _seeds(table: Mapping[str, Any]) -> list[str]:
    """Return what texts for the rule's pattern are made of: its words, its characters, its examples."""
    pattern = table["pattern"]
    words = [*_LITERALS.findall(pattern), *_WORDS.findall(pattern)]
    examples = [example for example in table.get("examples", ()) if isinstance(example, str)]
    seeds = ["a", "0", " ", *words, *(f"{word} " for word in words), *examples[:3], *pattern]
    return list(dict.fromkeys(seeds))[:_SEEDS]


def _slow_at(pattern: re.Pattern[str], seeds: Iterable[str]) -> int:
    """Return the length of a text for which `pattern` takes too long, 0 where none was found."""
    seeds = tuple(seeds)
    size: int
    for size in _SIZES:
        for seed in seeds:
            # The end is what no pattern expects: it makes a search try all ways.
            text = (seed * (size // len(seed) + 1))[:size] + "\0"
            start = time.thread_time()
            pattern.search(text)
            if time.thread_time() - start > _SLOW:
                return size
    return 0


def _shown(example: object) -> str:
    text = repr(example)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
