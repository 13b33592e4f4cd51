"""The benchmarks run, and say something; what they say is for people to read on a quiet machine."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from benchmarks.run import BEGIN, END, SECTIONS, main
from benchmarks.table import Row, Table

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_every_section_gives_a_table_of_finite_ratios(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "performance.md"
    page.write_text(f"Before\n\n{BEGIN}\n\nold figures\n\n{END}\n\nBehind\n", "utf-8")
    assert main(["--quick", "--page", str(page)]) == 0
    printed = capsys.readouterr().out
    tables = re.findall(r"^### .+?(?=^### |\Z)", printed, re.MULTILINE | re.DOTALL)
    assert len(tables) == len(SECTIONS)
    for table in tables:
        rows = [line for line in table.splitlines() if line.startswith("| ")][2:]
        assert rows, table
        for row in rows:
            ratios = [cell.strip() for cell in row.strip("| ").split(" | ")[2:]]
            assert ratios
            assert all(float(ratio) > 0 for ratio in ratios if ratio), row
    written = page.read_text("utf-8")
    assert written.startswith("Before\n")
    assert written.endswith(f"{END}\n\nBehind\n")
    assert "old figures" not in written
    assert tables[0].strip() in written


def test_a_folder_of_ones_own_is_measured_instead(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "1.eml").write_bytes(b"From: ann@library.example\nSubject: Lunch\n\nAt one?\n")
    assert main(["--quick", "--messages", str(tmp_path), "throughput"]) == 0
    printed = capsys.readouterr().out
    assert "0 reports, 1 ordinary messages" in printed
    assert "| **ordinary mail** (1) |" in printed


def test_numbers_keep_three_figures() -> None:
    rows = [Row("one", "1 ms", (0.123, 12.34, 1234.5, None))]
    assert "| one | 1 ms | 0.12 | 12.3 | 1234 |  |" in Table("T", "says", "case", "taken", ("a",), rows).markdown()
