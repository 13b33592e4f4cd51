"""The command: `python -m tests.benchmarks`, from the root of the tree, with the packages of the extra `test`."""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bouncelib import __version__

from .mailboxes import mailboxes
from .messages import FIXTURES, Messages, messages
from .originals import originals
from .rules import rules
from .startup import startup
from .throughput import throughput
from .workers import workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .table import Table

LIBRARIES = ("attrs", "chardet", "flufl.bounce", "mail-parser")
BEGIN = "<!-- figures: python -m tests.benchmarks --page FILE writes them -->"
END = "<!-- end of figures -->"


class Extent(NamedTuple):
    """How much is measured."""

    repeats: int
    messages: int | None
    original: int
    mailboxes: tuple[int, ...]
    workers: int
    rules: int


USUAL = Extent(5, None, 100_000_000, (1_000, 10_000, 100_000), 20_000, 5_000)
FULL = USUAL._replace(mailboxes=(1_000, 10_000, 100_000, 1_000_000))
QUICK = Extent(1, 40, 10_000, (100, 200), 100, 625)

SECTIONS: dict[str, Callable[[Messages, Extent], Table]] = {
    "throughput": lambda given, extent: throughput(given, extent.repeats),
    "startup": lambda _, extent: startup(extent.repeats),
    "originals": lambda _, extent: originals(extent.original, extent.repeats),
    "mailboxes": lambda given, extent: mailboxes(given.every_report + given.ordinary, extent.mailboxes),
    "workers": lambda given, extent: workers(given.every_report, extent.workers, extent.repeats),
    "rules": lambda given, extent: rules(given.every_report, extent.rules, extent.repeats),
}


def heading(given: Messages, folder: Path | None, extent: Extent) -> str:
    """Return what was measured, and on what."""
    where = "a folder of messages" if folder else "the fixtures in the tree"
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return (
        f"bouncelib {__version__} on {_processor()}, {os.cpu_count()} cores, {platform.system()}; "
        f"{platform.python_implementation()} {platform.python_version()}; {libraries}. "
        f"Over {where}: {len(given.every_report)} reports, {len(given.ordinary)} ordinary messages. "
        f"Medians of {extent.repeats}.\n"
    )


def _processor() -> str:
    try:
        found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else platform.processor() or platform.machine()


def pages(given: Messages, names: Sequence[str], folder: Path | None, extent: Extent) -> Iterator[str]:
    """Yield the heading and one table a section, as each is done."""
    yield heading(given, folder, extent)
    for name in names:
        yield SECTIONS[name](given, extent).markdown()


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables, and put them into a page where one is named."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)} (default: all)")
    parser.add_argument("--messages", type=Path, metavar="DIR", help="a folder of messages (default: the fixtures)")
    parser.add_argument("--repeats", type=int, help=f"how often each is measured (default: {USUAL.repeats})")
    parser.add_argument("--full", action="store_true", help="a mailbox of 1,000,000 messages too")
    parser.add_argument("--quick", action="store_true", help="only to see that it runs: the figures mean nothing")
    parser.add_argument("--page", type=Path, metavar="FILE", help="put the tables where this page has its figures")
    given = parser.parse_args(arguments)
    unknown = set(given.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"no section: {', '.join(sorted(unknown))}")
    extent = QUICK if given.quick else FULL if given.full else USUAL
    if given.repeats:
        extent = extent._replace(repeats=given.repeats)
    chosen = [name for name in SECTIONS if not given.sections or name in given.sections]
    done = []
    for page in pages(messages(given.messages, extent.messages), chosen, given.messages, extent):
        sys.stdout.write(page + "\n")
        sys.stdout.flush()
        done.append(page)
    if given.page:
        text = given.page.read_text(encoding="utf-8")
        before, _, rest = text.partition(BEGIN)
        given.page.write_text(f"{before}{BEGIN}\n\n" + "\n".join(done) + f"\n{END}{rest.partition(END)[2]}", "utf-8")
    return 0


assert FIXTURES.is_dir(), "the benchmarks need the tree: they run over its fixtures"
