"""README and docs say what is true: every example runs, generated tables are fresh, tables agree with the code."""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sybil import Sybil
from sybil.parsers.myst import CodeBlockParser, PythonCodeBlockParser

from bouncelib.model import REASONS

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from sybil.example import Example

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def python_blocks() -> PythonCodeBlockParser:
    return PythonCodeBlockParser(doctest_optionflags=doctest.ELLIPSIS | doctest.REPORT_NDIFF)


def console_blocks(run_python: Callable[..., subprocess.CompletedProcess[str]]) -> CodeBlockParser:
    """Runs `$ bouncelib ...` lines of console blocks; what follows each must be its output (`...` for any text)."""

    def evaluate(example: Example) -> str | None:
        for command, expected in re.findall(r"^\$ (.+)\n((?:(?!\$ ).*\n?)*)", example.parsed, re.MULTILINE):
            program, *arguments = shlex.split(command)
            if program != "bouncelib":
                return f"only bouncelib is run here, not: {command}"
            done = run_python("-m", "bouncelib", *arguments)
            got = done.stdout + done.stderr
            if not doctest.OutputChecker().check_output(expected, got, doctest.ELLIPSIS):
                return f"{command}\nexpected:\n{expected}\ngot:\n{got}"
        return None

    return CodeBlockParser("console", evaluate)


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_the_examples_of_a_page_run(
    page: Path,
    run_python: Callable[..., subprocess.CompletedProcess[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    document = Sybil(parsers=[python_blocks(), console_blocks(run_python)]).parse(page)
    for example in document.examples():
        example.evaluate()


def test_the_pages_that_open_the_documentation_have_examples() -> None:
    for page in (ROOT / "README.md", ROOT / "docs" / "quickstart.md"):
        assert list(Sybil(parsers=[python_blocks()]).parse(page).examples()), page


def test_generated_pages_are_fresh(run_python: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    check = "import sys; sys.path.insert(0, 'docs'); import generate; sys.exit(generate.main(['--check']))"
    done = run_python("-c", check)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_reason_table_says_what_the_code_does() -> None:
    page = (ROOT / "docs" / "vocabulary.md").read_text(encoding="utf-8")
    section = page.partition("## Reason")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (\w+) \|", section, re.MULTILINE)
    assert rows == [(str(reason), str(fault), str(verdict)) for reason, (fault, verdict) in REASONS.items()]


def test_the_readme_marks_one_command_for_parsing_and_one_for_testing() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^<!-- ci: (\w+) -->\n```sh\n[^\n]+\n```$", readme, re.MULTILINE) == ["parse", "test"]


def anchors(page: Path) -> set[str]:
    """The names by which the headings of a page are linked."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"(?ms)^```.*?^```", "", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    text = re.sub(r"(?ms)^```.*?^```", "", page.read_text("utf-8"))
    dead = []
    for target in re.findall(r"\]\((?!https?://|mailto:)([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            dead.append(target)
    assert dead == []
