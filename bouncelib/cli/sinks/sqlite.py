"""An SQLite database with two tables: messages and recipients."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from bouncelib.cli.rows import FIELDS, rows

if TYPE_CHECKING:
    from bouncelib.model import BounceReport

_MESSAGE: Final = (
    "origin", "kind", "format", "genuine", "reporting_mta", "envelope_id", "queue_id", "new_address", "date", "message_id",
    "subject", "list_id",
)  # fmt: skip
_RECIPIENT: Final = tuple(name for name in FIELDS if name not in _MESSAGE)
_BATCH: Final = 1000


class Sqlite:
    """A new database: table `messages`, and table `recipients`, whose `message` is the `id` of its message."""

    def __init__(self, path: str | None, fields: Sequence[str]) -> None:
        """Make the database `path`, which must not be there yet."""
        if path is None:
            raise click.UsageError("sqlite needs a file: -o FILE")
        if fields:
            raise click.UsageError("sqlite holds all fields: leave --fields out")
        if Path(path).exists():
            raise click.UsageError(f"{path} is there already: a database is not written over")
        self._connection = sqlite3.connect(path)
        columns = ", ".join(f'"{name}" TEXT' for name in _MESSAGE)
        self._connection.execute(f"CREATE TABLE messages (id INTEGER PRIMARY KEY, {columns}, defects TEXT)")
        columns = ", ".join(f'"{name}" TEXT' for name in _RECIPIENT)
        self._connection.execute(f"CREATE TABLE recipients (message INTEGER REFERENCES messages (id), {columns})")
        self._messages = _insert("messages", 2 + len(_MESSAGE))
        self._recipients = _insert("recipients", 1 + len(_RECIPIENT))
        self._count = 0

    def write(self, origin: str, report: BounceReport) -> None:
        """Write `report` into both tables."""
        self._count += 1
        first = next(rows(origin, report, _MESSAGE))
        self._connection.execute(
            self._messages, (self._count, *map(_storable, first.values()), json.dumps(report.defects))
        )
        if report.recipients:
            found = rows(origin, report, _RECIPIENT)
            values = [(self._count, *map(_storable, row.values())) for row in found]
            self._connection.executemany(self._recipients, values)
        if self._count % _BATCH == 0:
            self._connection.commit()

    def close(self) -> None:
        """Keep what was written."""
        self._connection.commit()
        self._connection.close()


def _insert(table: str, columns: int) -> str:
    return f"INSERT INTO {table} VALUES ({', '.join('?' * columns)})"  # noqa: S608 - names of our own


def _storable(text: str | None) -> str | None:
    """Return `text` without the halves of characters that a file name may hold, which no database can."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode("utf-8")
