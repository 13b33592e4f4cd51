"""Rows for readers and for the shell: a table as wide as the terminal, and cells with tabs between."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import click

from bouncelib.cli.output import clean
from bouncelib.cli.rows import rows
from bouncelib.cli.sinks.stream import Stream

if TYPE_CHECKING:
    from bouncelib.model import BounceReport

_USUAL: Final = ("kind", "address", "verdict", "reason", "rule", "origin")
_WIDTHS: Final = MappingProxyType(
    {
        "kind": 10,
        "action": 9,
        "verdict": 7,
        "reason": 17,
        "fault": 9,
        "advice": 10,
        "confidence": 10,
        "status": 9,
        "smtp_code": 9,
    }
)
"""How wide the columns are whose words are known; the others share the rest."""
_COLOURS: Final = MappingProxyType({"hard": "red", "soft": "yellow"})
_GAP: Final = 2
_LEAST: Final = 8
_WIDE: Final = 120


class Tabs:
    """One line a row, with tabs between the cells; what is absent is ``-``."""

    def __init__(self, path: str | None, fields: Sequence[str]) -> None:
        """Write to `path`, or to standard output."""
        self._stream = Stream(path)
        self._fields = fields or _USUAL

    def write(self, origin: str, report: BounceReport) -> None:
        """Write the rows of `report`."""
        for row in rows(origin, report, self._fields):
            self._stream.write("\t".join(clean(cell) if cell else "-" for cell in row.values()) + "\n")

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


class Table:
    """One line a row, cut to the width of the terminal; hard in red, soft in yellow."""

    def __init__(self, path: str | None, fields: Sequence[str]) -> None:
        """Write to `path`, or to standard output."""
        self._stream = Stream(path)
        self._fields = fields or _USUAL
        width = shutil.get_terminal_size((_WIDE, 0)).columns if path is None else _WIDE
        known = [_WIDTHS[name] for name in self._fields if name in _WIDTHS]
        rest = width - sum(known) - _GAP * (len(self._fields) - 1)
        share = max(_LEAST, rest // max(1, len(self._fields) - len(known)))
        self._widths = [_WIDTHS.get(name, share) for name in self._fields]
        self._started = False

    def write(self, origin: str, report: BounceReport) -> None:
        """Write the rows of `report`, below the names of the columns."""
        if not self._started:
            self._started = True
            self._stream.write(click.style(self._line(self._fields), bold=True) + "\n")
        for row in rows(origin, report, self._fields):
            line = self._line([clean(cell) if cell else "-" for cell in row.values()])
            verdict = report.recipients and row.get("verdict")
            self._stream.write(click.style(line, fg=_COLOURS.get(verdict or "")) + "\n")

    def _line(self, cells: Sequence[str]) -> str:
        from rich.cells import cell_len, set_cell_size

        fitted = []
        for cell, width in zip(cells, self._widths, strict=True):
            cut = cell if cell_len(cell) <= width else f"{set_cell_size(cell, width - 1)}…"
            fitted.append(set_cell_size(cut, width))
        return (" " * _GAP).join(fitted).rstrip()

    def close(self) -> None:
        """Close the file."""
        self._stream.close()
