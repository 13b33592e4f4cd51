"""Reports as columns: what the rows hold, and that engines get the same as a plain parse."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncelib import BounceReport, parse_bounce

pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")

from bouncelib import arrow  # noqa: E402 - needs pyarrow

if TYPE_CHECKING:
    from collections.abc import Iterable

PLAIN = (
    "address",
    "original_address",
    "diagnostic",
    "remote_mta",
    "host",
    "smtp_code",
    "blocklist",
    "retry_after",
    "help_url",
)
WORDS = ("action", "verdict", "reason", "fault", "advice", "confidence", "rule", "status", "stage", "refused")


@pytest.fixture(scope="module")
def mails(root: Path) -> list[tuple[str, bytes]]:
    return [(str(file), file.read_bytes()) for file in sorted((root / "fixtures").glob("*/*.eml"))]


def expected(origin: str | None, number: int, report: BounceReport) -> list[dict[str, Any]]:
    original = report.original
    whole = {
        "origin": origin,
        "message": number,
        "kind": str(report.kind),
        "format": report.format,
        "genuine": str(report.genuine),
        "date": report.date,
        "reporting_mta": report.reporting_mta,
        "envelope_id": report.envelope_id,
        "queue_id": report.queue_id,
        "new_address": report.new_address,
        "message_id": original.message_id if original else None,
        "subject": original.subject if original else None,
        "list_id": original.list_id if original else None,
        "defects": list(report.defects),
    }
    nobody = dict.fromkeys((*PLAIN, *WORDS, "last_attempt"))
    rows = [
        {name: getattr(one, name) for name in (*PLAIN, "last_attempt")}
        | {name: None if getattr(one, name) is None else str(getattr(one, name)) for name in WORDS}
        for one in report.recipients
    ]
    return [whole | row for row in rows or [nobody]]


def rows(batches: Iterable[Any]) -> list[dict[str, Any]]:
    return [row for batch in batches for row in batch.to_pylist()]


def test_a_row_is_a_recipient_with_all_that_is_said_of_it(mails: list[tuple[str, bytes]]) -> None:
    reports = [(origin, parse_bounce(raw)) for origin, raw in mails]
    found = rows(arrow.to_batches(reports, batch_size=100))
    assert found == [row for number, (origin, report) in enumerate(reports) for row in expected(origin, number, report)]
    assert set(found[0]) == set(arrow.SCHEMA.names)


def test_batches_are_as_large_as_asked_for(mails: list[tuple[str, bytes]]) -> None:
    reports = [(origin, parse_bounce(raw)) for origin, raw in mails[:50]]
    sizes = [batch.num_rows for batch in arrow.to_batches(reports, batch_size=10)]
    assert min(sizes[:-1]) >= 10
    assert all(batch.schema == arrow.SCHEMA for batch in arrow.to_batches(reports))
    assert list(arrow.to_batches([])) == []
    with pytest.raises(ValueError, match="batch_size must be 1 or more"):
        list(arrow.to_batches(reports, batch_size=0))


def test_a_parquet_file_holds_the_same(mails: list[tuple[str, bytes]], tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    reports = [(origin, parse_bounce(raw)) for origin, raw in mails[:300]]
    assert arrow.write_parquet(reports, path) == 300
    table = parquet.read_table(path)
    assert table.to_pylist() == rows(arrow.to_batches(reports))
    assert table.schema.metadata[b"bouncelib.schema"] == str(arrow.SCHEMA_VERSION).encode()


def test_nothing_written_is_a_file_without_rows(tmp_path: Path) -> None:
    assert arrow.write_parquet([], tmp_path / "none.parquet") == 0
    assert parquet.read_table(tmp_path / "none.parquet").num_rows == 0


def test_a_column_of_raw_messages_becomes_reports(mails: list[tuple[str, bytes]]) -> None:
    raws = [raw for _, raw in mails[:40]]
    batches = [
        pa.RecordBatch.from_pydict({"raw": raws[:25], "id": list(range(25))}),
        pa.RecordBatch.from_pydict({"raw": raws[25:], "id": list(range(25, 40))}),
    ]
    out = list(arrow.parse_batches(batches, origin="id"))
    assert len(out) == 2
    want = [
        row
        for start, end in ((0, 25), (25, 40))
        for place in range(start, end)
        for row in expected(str(place), place - start, parse_bounce(raws[place]))
    ]
    assert rows(out) == want


def test_text_and_null_are_messages_too() -> None:
    batch = pa.RecordBatch.from_pydict({"mail": ["Subject: Lunch?\n\nAt one.\n", None]})
    found = rows(arrow.parse_batches([batch], column="mail"))
    assert [(row["kind"], row["address"], row["origin"]) for row in found] == [("other", None, None)] * 2


def test_a_batch_without_rows_stays_one() -> None:
    batch = pa.RecordBatch.from_pydict({"raw": pa.array([], pa.binary())})
    assert [one.num_rows for one in arrow.parse_batches([batch])] == [0]


def test_a_column_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError):
        list(arrow.parse_batches([pa.RecordBatch.from_pydict({"raw": [b""]})], column="mail"))


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=5))
def test_no_bytes_raise(raws: list[bytes]) -> None:
    batch = pa.RecordBatch.from_pydict({"raw": pa.array(raws, pa.binary())})
    assert len({row["message"] for row in rows(arrow.parse_batches([batch]))}) == len(raws)


def test_a_name_that_is_no_text_is_written_escaped() -> None:
    (batch,) = arrow.to_batches([("a\udcff.eml", parse_bounce(b""))])
    assert batch.to_pylist()[0]["origin"] == "a\\udcff.eml"


def test_duckdb_reads_it_as_a_table(mails: list[tuple[str, bytes]], tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
    path = tmp_path / "out.parquet"
    reports = [(origin, parse_bounce(raw)) for origin, raw in mails[:200]]
    arrow.write_parquet(reports, path)
    found = duckdb.sql(f"SELECT count(*) FROM '{path}' WHERE verdict = 'hard'").fetchall()  # noqa: S608 - our own path
    assert found[0][0] == sum(one.verdict == "hard" for _, report in reports for one in report.recipients)
