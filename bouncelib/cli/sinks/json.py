"""JSON: whole reports, or rows where columns are asked for; in ASCII, so that no character can do harm on a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from bouncelib.cli.rows import rows
from bouncelib.cli.sinks.stream import Stream

if TYPE_CHECKING:
    from bouncelib.model import BounceReport


def _records(origin: str, report: BounceReport, fields: Sequence[str]) -> Iterator[dict[str, Any]]:
    if fields:
        yield from rows(origin, report, fields)
    else:
        yield {"origin": origin, **report.to_dict()}


class Lines:
    """One line a report."""

    def __init__(self, path: str | None, fields: Sequence[str]) -> None:
        """Write to `path`, or to standard output."""
        self._stream = Stream(path)
        self._fields = fields

    def write(self, origin: str, report: BounceReport) -> None:
        """Write `report`."""
        for record in _records(origin, report, self._fields):
            self._stream.write(json.dumps(record) + "\n")

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


class Array:
    """One array of all reports, written as they come."""

    def __init__(self, path: str | None, fields: Sequence[str]) -> None:
        """Write to `path`, or to standard output."""
        self._stream = Stream(path)
        self._fields = fields
        self._before = "["

    def write(self, origin: str, report: BounceReport) -> None:
        """Write `report`."""
        for record in _records(origin, report, self._fields):
            self._stream.write(f"{self._before}\n{json.dumps(record)}")
            self._before = ","

    def close(self) -> None:
        """End the array, and close the file."""
        self._stream.write("[]\n" if self._before == "[" else "\n]\n")
        self._stream.close()
