"""A plugin for pytest: every NAME.eml with NAME.json in the folders of `bounce_fixtures` is a test.

It is named where it is wanted and loads nowhere else::

    [tool.pytest.ini_options]
    addopts = ["-p", "bouncelib.testing.plugin"]
    bounce_fixtures = ["tests/fixtures"]

A test that fails leaves NAME.got.json, what NAME.json would have to say. `--bounce-regen` writes the expectations instead. A
``conftest.py`` with a function `pytest_bounce_parser()` says which parser reads the messages below its folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from bouncelib.parser import BounceParser

_WRITTEN: Final = "bounce_expectation"
_PARSERS: Final = pytest.StashKey[dict[Path, Any]]()


class Hooks:
    """What a ``conftest.py`` may define."""

    @staticmethod
    @pytest.hookspec(firstresult=True)
    def pytest_bounce_parser(config: pytest.Config) -> BounceParser | None:
        """Return the parser that reads the messages below the folder of this ``conftest.py``."""


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Add `pytest_bounce_parser`."""
    pluginmanager.add_hookspecs(Hooks)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--bounce-regen` and `bounce_fixtures`."""
    parser.getgroup("bouncelib").addoption(
        "--bounce-regen",
        action="store_true",
        help="write the expectations NAME.json: a new one in full, in others the keys that they have",
    )
    parser.addini("bounce_fixtures", "folders of messages NAME.eml, each with its expectation NAME.json", "paths", [])


def pytest_configure(config: pytest.Config) -> None:
    """Make room for the parsers, one a folder."""
    config.stash[_PARSERS] = {}


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Return the test of the message `file_path`, or of an expectation without one."""
    wanted = file_path.suffix == ".eml" or (
        file_path.suffix == ".json"
        and not file_path.name.endswith(".got.json")
        and not file_path.with_suffix(".eml").exists()
    )
    if not wanted or not any(file_path.is_relative_to(folder) for folder in parent.config.getini("bounce_fixtures")):
        return None
    return BounceFile.from_parent(parent, path=file_path)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which expectations were written."""
    reports = [report for report in terminalreporter.getreports("passed") if report.when == "call"]
    written = [
        (report.nodeid.partition("::")[0], how)
        for report in reports
        for name, how in report.user_properties
        if name == _WRITTEN
    ]
    if written:
        terminalreporter.section("expectations of bounces")
        for name, how in sorted(written):
            terminalreporter.line(f"{how}: {name.removesuffix('.eml')}.json")
        terminalreporter.line("Read the difference before you believe it.")


class MismatchError(AssertionError):
    """A report that is not as expected: a line for each difference."""

    def __init__(self, lines: Iterable[str], note: str = "") -> None:
        """Keep `lines`, and what to do about them."""
        super().__init__("\n".join([*lines, *([note] if note else [])]))


class BounceFile(pytest.File):
    """One message, or an expectation without one."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield its test."""
        yield BounceItem.from_parent(self, name="reads")


class BounceItem(pytest.Item):
    """That a message is read as its expectation says, in every dress."""

    def runtest(self) -> None:
        """Read the message; raise `MismatchError` where a report is not as expected."""
        from bouncelib.testing.expectation import check_case, read_expectation, rewritten, write_expectation

        path = self.path.with_suffix(".json")
        if self.path == path:
            raise MismatchError([f"no message {path.stem}.eml beside it"])
        raw = self.path.read_bytes()
        parser = self._parser()
        got = parser.parse(raw).to_dict()
        try:
            wanted = read_expectation(path) if path.exists() else None
        except ValueError as error:
            raise MismatchError([f"{path.name}: {error}"]) from error
        if self.config.getoption("bounce_regen"):
            made = rewritten(wanted, got)
            if made != wanted:
                write_expectation(path, made)
                self.user_properties.append((_WRITTEN, "new" if wanted is None else "changed"))
            wanted = made
        if wanted is None:
            raise MismatchError([f"no expectation {path.name} beside it"], "pytest --bounce-regen writes one")
        lines = check_case(raw, wanted, parser)
        beside = path.with_suffix(".got.json")
        if lines:
            raise MismatchError(lines, _left(beside, rewritten(wanted, got)))
        beside.unlink(missing_ok=True)

    def _parser(self) -> BounceParser:
        """Return the parser of this folder: the one that a ``conftest.py`` names, or that of `parse_bounce()`."""
        from bouncelib.parser import default_parser

        parsers = self.config.stash[_PARSERS]
        folder = self.path.parent
        if folder not in parsers:
            parsers[folder] = self.ihook.pytest_bounce_parser(config=self.config) or default_parser()
        parser: BounceParser = parsers[folder]
        return parser

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:  # noqa: ANN401 - as pytest has it
        """Return the differences without a traceback; of anything else, the traceback."""
        if isinstance(excinfo.value, MismatchError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return where the message is, and what it is called."""
        return self.path, None, self.nodeid.removesuffix(f"::{self.name}")


def _left(path: Path, made: dict[str, Any]) -> str:
    from bouncelib.testing.expectation import write_expectation

    try:
        write_expectation(path, made)
    except OSError:
        # The folder is somebody else's, or read-only: the lines above say it all.
        return ""
    return f"what was read is in {path.name}"
