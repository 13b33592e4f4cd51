"""The phrases of rule files, numbered in one row, so that where each is filed can be worked out before it is needed.

The wheel's build hook runs this too: nothing here needs more than the standard library.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Any

from bouncelib.words import Filing, file_phrases, spell_out

Table = Mapping[str, Any]
"""A rule file as TOML has it."""
_Unit = tuple[int, int, list[str]]
"""The number of a file, the place of a rule in it (-1 for the file's own tokens), and the phrases, as they stand there."""


def file_rules(tables: Iterable[Table], start: int = 0) -> Filing:
    """Return where the phrases of the rule files `tables` are filed; their numbers follow each other from `start`."""
    return file_phrases((text for _, _, texts in _units(tables) for text in spell_out(texts)), start)


def _units(tables: Iterable[Table]) -> Iterator[_Unit]:
    for number, table in enumerate(tables):
        yield number, -1, table.get("tokens", [])
        for place, rule in enumerate(table.get("rule", ())):
            yield number, place, rule.get("says", [])


class Numbers:
    """Finds the phrase that a number stands for."""

    __slots__ = ("_spelt", "_starts", "_units")

    def __init__(self, tables: Iterable[Table]) -> None:
        """Number the phrases of `tables` as `file_rules` does."""
        self._units = list(_units(tables))
        self._starts = [0, *accumulate(len(spell_out(texts)) for _, _, texts in self._units)]
        self._spelt: dict[int, list[str]] = {}

    def find(self, number: int) -> tuple[int, int, str]:
        """Return the number of the file, the place of the rule in it (-1 for the file's own tokens), and the phrase."""
        unit = bisect_right(self._starts, number) - 1
        file, place, texts = self._units[unit]
        if unit not in self._spelt:
            self._spelt[unit] = spell_out(texts)
        return file, place, self._spelt[unit][number - self._starts[unit]]
