"""Comma-separated values after RFC 4180, safe to open with a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from bouncelib.cli.output import clean
from bouncelib.cli.rows import FIELDS, rows
from bouncelib.cli.sinks.stream import Stream

if TYPE_CHECKING:
    from bouncelib.model import BounceReport

# A spreadsheet takes a cell that begins so for a formula, and runs it.
_FORMULA: Final = ("=", "+", "-", "@")


class Csv:
    """A header, and one line a row. A cell that a spreadsheet would run begins with an apostrophe."""

    def __init__(self, path: str | None, fields: Sequence[str]) -> None:
        """Write to `path`, or to standard output."""
        self._stream = Stream(path)
        self._fields = fields or FIELDS
        self._writer = csv.writer(self._stream)
        self._writer.writerow(self._fields)

    def write(self, origin: str, report: BounceReport) -> None:
        """Write the rows of `report`."""
        for row in rows(origin, report, self._fields):
            self._writer.writerow([_cell(cell) for cell in row.values()])

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


def _cell(text: str | None) -> str:
    text = clean(text) if text else ""
    return f"'{text}" if text.startswith(_FORMULA) else text
