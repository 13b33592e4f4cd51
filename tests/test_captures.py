"""The tables of docs/captures.md hold what is read in the captures today, and nearly all of it is right."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from subprocess import CompletedProcess

TOTAL = re.compile(r"^\| all \|(.*)\|$", re.MULTILINE)


def test_the_page_is_fresh(root: Path, run_python: Callable[..., CompletedProcess[str]]) -> None:
    done = run_python(str(root / "fixtures/servers/table.py"), "--check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_of_all_that_was_played_99_of_100_are_right(root: Path) -> None:
    lines = TOTAL.findall((root / "docs/captures.md").read_text(encoding="utf-8"))
    assert len(lines) == 2
    ratios = [cell.split("/") for line in lines for cell in line.split("|") if "/" in cell]
    assert len(ratios) > 6
    for right, asked in ratios:
        assert int(right) >= 0.99 * int(asked)
