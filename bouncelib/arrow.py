"""Reports as Arrow record batches, for Parquet, DuckDB, Polars, pandas, and for engines that work on many machines.

Extra ``arrow``. One row is one recipient, and a message that names none has a row of its own, so that a `GROUP BY` needs no
unnesting; `message` numbers the messages of a batch, and counts them: `COUNT(DISTINCT message)` over one source.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, Self

import pyarrow as pa

from bouncelib.parser import BounceParser, default_parser

if TYPE_CHECKING:
    import os

    from bouncelib.model import BounceReport, Recipient

__all__ = ["SCHEMA", "SCHEMA_VERSION", "ParquetWriter", "parse_batches", "to_batches", "write_parquet"]

SCHEMA_VERSION: Final = 1
"""Goes up where a column goes or changes; a new column leaves it as it is. It stands in the metadata of `SCHEMA`."""

# Plain text: files encode repeated words by themselves, and not every engine takes dictionaries.
_WORD: Final = pa.string()
_DATE: Final = pa.timestamp("us", tz="UTC")

_MESSAGE: Final[tuple[tuple[str, pa.DataType, Callable[[BounceReport], Any]], ...]] = (
    ("kind", _WORD, lambda report: str(report.kind)),
    ("format", _WORD, lambda report: report.format),
    ("genuine", _WORD, lambda report: str(report.genuine)),
    ("date", _DATE, lambda report: report.date),
    ("reporting_mta", pa.string(), lambda report: report.reporting_mta),
    ("envelope_id", pa.string(), lambda report: report.envelope_id),
    ("queue_id", pa.string(), lambda report: report.queue_id),
    ("new_address", pa.string(), lambda report: report.new_address),
    ("message_id", pa.string(), lambda report: report.original and report.original.message_id),
    ("subject", pa.string(), lambda report: report.original and report.original.subject),
    ("list_id", pa.string(), lambda report: report.original and report.original.list_id),
    ("defects", pa.list_(pa.string()), lambda report: list(report.defects)),
)


def _word(name: str) -> Callable[[Recipient], Any]:
    def read(one: Recipient) -> str | None:
        value = getattr(one, name)
        return None if value is None else str(value)

    return read


def _value(name: str) -> Callable[[Recipient], Any]:
    return lambda one: getattr(one, name)


_RECIPIENT: Final[tuple[tuple[str, pa.DataType, Callable[[Recipient], Any]], ...]] = (
    ("address", pa.string(), _value("address")),
    ("original_address", pa.string(), _value("original_address")),
    *((name, _WORD, _word(name)) for name in ("action", "verdict", "reason", "fault", "advice", "confidence", "rule")),
    ("status", _WORD, _word("status")),
    ("smtp_code", _WORD, _value("smtp_code")),
    ("diagnostic", pa.string(), _value("diagnostic")),
    ("remote_mta", pa.string(), _value("remote_mta")),
    ("host", pa.string(), _value("host")),
    ("stage", _WORD, _word("stage")),
    ("refused", _WORD, _word("refused")),
    ("blocklist", pa.string(), _value("blocklist")),
    ("retry_after", pa.int64(), _value("retry_after")),
    ("help_url", pa.string(), _value("help_url")),
    ("last_attempt", _DATE, _value("last_attempt")),
)

SCHEMA: Final = pa.schema(
    [
        pa.field("origin", pa.string()),
        pa.field("message", pa.int64()),
        *(pa.field(name, kind) for name, kind, _ in (*_MESSAGE, *_RECIPIENT)),
    ],
    metadata={"bouncelib.schema": str(SCHEMA_VERSION)},
)
"""The columns: where the message came from, its number from 0, what it says of itself, and what it says of one recipient.

Words of the vocabulary are text, dates are UTC in microseconds. What is absent is null.
"""

_BATCH: Final = 4096


class _Columns:
    """Rows that wait to become a batch."""

    def __init__(self) -> None:
        self._columns: list[list[Any]] = [[] for _ in SCHEMA]

    def __len__(self) -> int:
        return len(self._columns[0])

    def add(self, origin: str | None, number: int, report: BounceReport) -> None:
        """Take the rows of `report`."""
        whole = [None if origin is None else _encodable(origin), number]
        whole += [_storable(read(report)) for _, _, read in _MESSAGE]
        for one in report.recipients or (None,):
            own = [None if one is None else _storable(read(one)) for _, _, read in _RECIPIENT]
            for column, value in zip(self._columns, (*whole, *own), strict=True):
                column.append(value)

    def batch(self) -> pa.RecordBatch:
        """Return the rows as a batch, and begin anew."""
        arrays = [pa.array(column, type=field.type) for column, field in zip(self._columns, SCHEMA, strict=True)]
        self._columns = [[] for _ in SCHEMA]
        return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def _encodable(text: str) -> str:
    """Return `text` with the halves of characters that a file name may hold as escapes: Arrow's text is UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _storable(value: Any) -> Any:  # noqa: ANN401 - a cell
    return _encodable(value) if isinstance(value, str) else value


def to_batches(
    reports: Iterable[tuple[str | None, BounceReport]], *, batch_size: int = _BATCH
) -> Iterator[pa.RecordBatch]:
    """Yield batches of the columns `SCHEMA` with the rows of `reports`, pairs of an origin and a report.

    A batch has `batch_size` rows, and as many more as the recipients of its last message need; no more than one batch is held.
    Raises `ValueError` where `batch_size` is below 1.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size must be 1 or more, not {batch_size}")
    columns = _Columns()
    for number, (origin, report) in enumerate(reports):
        columns.add(origin, number, report)
        if len(columns) >= batch_size:
            yield columns.batch()
    if len(columns):
        yield columns.batch()


class ParquetWriter:
    """Writes reports into a Parquet file as they come; a context manager that closes it."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Make the file `path`, or write over it; raise `OSError` where it cannot be written."""
        from pyarrow import parquet

        self._writer = parquet.ParquetWriter(path, SCHEMA, compression="zstd")
        self._columns = _Columns()
        self._number = 0

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()

    def write(self, origin: str | None, report: BounceReport) -> None:
        """Write the rows of `report`."""
        self._columns.add(origin, self._number, report)
        self._number += 1
        if len(self._columns) >= _BATCH:
            self._writer.write_batch(self._columns.batch())

    def close(self) -> None:
        """Write what is left, and end the file."""
        if len(self._columns):
            self._writer.write_batch(self._columns.batch())
        self._writer.close()


def write_parquet(reports: Iterable[tuple[str | None, BounceReport]], path: str | os.PathLike[str]) -> int:
    """Write `reports`, pairs of an origin and a report, to the Parquet file `path`; return how many there were."""
    count = 0
    with ParquetWriter(path) as writer:
        for origin, report in reports:
            writer.write(origin, report)
            count += 1
    return count


def parse_batches(
    batches: Iterable[pa.RecordBatch],
    *,
    column: str = "raw",
    origin: str | None = None,
    parser: BounceParser | None = None,
) -> Iterator[pa.RecordBatch]:
    """Yield a batch of the columns `SCHEMA` for each of `batches`, whose column `column` holds raw messages.

    This is the function that `DataFrame.mapInArrow` of Spark, `Dataset.map_batches` of Ray and `map_partitions` of Dask want.
    The raw messages are binary or text; null gives the row of an empty message. `origin` names a column whose values become
    the column ``origin``, for joins with what else is known of a message; `message` is the row's place in its batch. Raises
    `KeyError` where there is no such column. No message raises.
    """
    parser = parser or default_parser()
    for batch in batches:
        raws = batch.column(column)
        origins = None if origin is None else batch.column(origin)
        columns = _Columns()
        for place, raw in enumerate(raws):
            named = None if origins is None else origins[place].as_py()
            columns.add(None if named is None else str(named), place, parser.parse(raw.as_py() or b""))
        yield columns.batch()
