"""docs/extending.md, followed to the letter: its files are written, its commands run, their output is what the page says."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import bouncelib

PAGE = Path(__file__).parents[1] / "docs" / "extending.md"
BLOCK = re.compile(r"(?:<!-- file: (\S+) -->\n)?^```([\w-]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (.+)\n((?:(?!\$ ).*\n?)*)", re.MULTILINE)
PROGRAMS = {"bouncelib": ("-m", "bouncelib"), "pytest": ("-m", "pytest", "-p", "no:cacheprovider", "--rootdir", ".")}


def run(command: str, folder: Path) -> str:
    program, *arguments = shlex.split(command)
    if program == "cat":
        return "".join((folder / name).read_text("utf-8") for name in arguments)
    environment = {**os.environ, "PYTHONPATH": str(Path(bouncelib.__file__).parents[1]), "PYTHONIOENCODING": "utf-8"}
    # The page shows what `pytest` prints, whatever options this run of it has.
    environment.pop("PYTEST_ADDOPTS", None)
    done = subprocess.run(
        [sys.executable, "-P", *PROGRAMS[program], *arguments],
        capture_output=True,
        encoding="utf-8",
        cwd=folder,
        env=environment,
        check=False,
        timeout=120,
    )
    return done.stdout + done.stderr


def test_the_page_leads_from_a_message_to_a_tested_heuristic(tmp_path: Path) -> None:
    commands = 0
    for name, language, text in BLOCK.findall(PAGE.read_text("utf-8")):
        if name:
            (tmp_path / name).write_text(text, "utf-8", newline="\n")
        for command, expected in COMMAND.findall(text) if language == "shell-session" else ():
            got = run(command, tmp_path)
            assert doctest.OutputChecker().check_output(expected, got, doctest.ELLIPSIS), f"{command}\n{got}"
            commands += 1
    assert commands == 7


@pytest.mark.parametrize("language", ["toml", "python"])
def test_what_the_page_shows_is_whole(language: str) -> None:
    assert any(found == language for _, found, _ in BLOCK.findall(PAGE.read_text("utf-8")))


def test_the_heuristic_of_the_page_is_under_fifteen_lines() -> None:
    (text,) = (text for name, _, text in BLOCK.findall(PAGE.read_text("utf-8")) if name == "pigeons.py")
    assert len([line for line in text.splitlines() if line.strip()]) < 15
