"""Every fixture: NAME.eml is read as NAME.json says, whatever its line ends and whatever dress it comes in."""

from __future__ import annotations

import email
import json
from pathlib import Path
from typing import Any

import pytest

from bouncelib import parse_bounce

FIXTURES = Path(__file__).parent.parent / "fixtures"
MAILS = sorted(FIXTURES.rglob("*.eml"))
NOTES = frozenset({"why", "provenance"})
FLOORS = {"textbook": 18, "rfc3464": 60, "other": 60, "auto_reply": 40, "feedback": 10}


def expected(path: Path) -> dict[str, Any]:
    wanted: dict[str, Any] = json.loads(path.with_suffix(".json").read_text("utf-8"))
    return {key: value for key, value in wanted.items() if key not in NOTES}


def shown(report: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """The part of `report` that `wanted` speaks of."""
    part = {key: report[key] for key in wanted}
    if isinstance(wanted.get("original"), dict):
        part["original"] = report["original"] and {key: report["original"][key] for key in wanted["original"]}
    if "recipients" in wanted:
        rows = wanted["recipients"]
        part["recipients"] = [
            {key: got[key] for key in (rows[place] if place < len(rows) else ("address",))}
            for place, got in enumerate(report["recipients"])
        ]
    return part


def check(path: Path, raw: Any) -> None:
    wanted = expected(path)
    assert shown(parse_bounce(raw).to_dict(), wanted) == wanted


def ids(path: Path) -> str:
    return path.relative_to(FIXTURES).with_suffix("").as_posix()


@pytest.mark.parametrize("path", MAILS, ids=ids)
def test_reads_as_the_expectation_says(path: Path) -> None:
    check(path, path.read_bytes())


@pytest.mark.parametrize("path", MAILS, ids=ids)
@pytest.mark.parametrize("end", [b"\r\n", b"\r"], ids=["CRLF", "CR"])
def test_line_ends_change_nothing(path: Path, end: bytes) -> None:
    raw = path.read_bytes().replace(b"\r\n", b"\n")
    if end == b"\r" and b"\r" in raw:
        pytest.skip("holds bare CRs of its own")
    check(path, raw.replace(b"\n", end))


@pytest.mark.parametrize("path", MAILS, ids=ids)
def test_text_and_message_objects_read_as_bytes_do(path: Path) -> None:
    raw = path.read_bytes()
    wanted = parse_bounce(raw)
    assert parse_bounce(raw.decode("utf-8", "surrogateescape")) == wanted
    if raw.isascii():
        assert [r.address for r in parse_bounce(email.message_from_bytes(raw)).recipients] == [
            r.address for r in wanted.recipients
        ]


@pytest.mark.parametrize("folder", sorted(FLOORS))
def test_no_fixtures_vanish(folder: str) -> None:
    assert len(list((FIXTURES / folder).rglob("*.eml"))) >= FLOORS[folder]


@pytest.mark.parametrize("path", MAILS, ids=ids)
def test_expectations_say_why_and_whence(path: Path) -> None:
    notes = json.loads(path.with_suffix(".json").read_text("utf-8"))
    assert notes["why"]
    assert notes["provenance"].startswith(("written", "captured"))
