"""What `bouncelib parse` writes: one file a format, and one table that names them."""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bouncelib.model import BounceReport


class Sink(Protocol):
    """Takes report after report."""

    def write(self, origin: str, report: BounceReport) -> None:
        """Take one."""
        ...

    def close(self) -> None:
        """Write what is left."""
        ...


SINKS: Final = MappingProxyType(
    {
        "table": "lines:Table",
        "tsv": "lines:Tabs",
        "jsonl": "json:Lines",
        "json": "json:Array",
        "csv": "csv:Csv",
        "sqlite": "sqlite:Sqlite",
        "parquet": "parquet:Parquet",
    }
)
"""The formats, and the classes that write them."""
SUFFIXES: Final = MappingProxyType(
    {
        ".tsv": "tsv",
        ".jsonl": "jsonl",
        ".ndjson": "jsonl",
        ".json": "json",
        ".csv": "csv",
        ".sqlite": "sqlite",
        ".sqlite3": "sqlite",
        ".db": "sqlite",
        ".parquet": "parquet",
    }
)
"""The format that the name of an output file asks for."""


def open_sink(name: str, path: str | None, fields: Sequence[str]) -> Sink:
    """Return the sink of the format `name`, which writes to the file `path`, or to standard output where that is None.

    `fields` are the columns; none stands for those that the format has by itself. Raises `click.UsageError` where the
    format cannot be written there, `OSError` where the file cannot.
    """
    module, _, member = SINKS[name].partition(":")
    sink: Sink = getattr(import_module(f"bouncelib.cli.sinks.{module}"), member)(path, fields)
    return sink
