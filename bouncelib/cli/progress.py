"""A progress bar on standard error: how far, how fast, how long still."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bouncelib.batch import Progress as Now

_COMPRESSED: Final = frozenset({".gz", ".bz2", ".xz", ".zip", ".tar", ".tgz", ".tbz", ".txz"})


@contextmanager
def progress_bar(paths: Sequence[str], *, wanted: bool) -> Iterator[Callable[[Now], None] | None]:
    """Show a bar while the body runs, where it is `wanted` and standard error is a terminal; yield what to tell it.

    How far it is follows from the bytes that were read, and how much there is from the sizes of the files: where those tell
    nothing (standard input, archives), only the rate is shown.
    """
    if not wanted or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[messages]} messages, {task.fields[rate]}/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total_bytes(paths), messages=0, rate=0)

        def tell(now: Now) -> None:
            elapsed = bar.tasks[0].elapsed or 0
            bar.update(
                task, completed=now.bytes, messages=now.messages, rate=round(now.messages / elapsed) if elapsed else 0
            )

        yield tell


def total_bytes(paths: Sequence[str]) -> int | None:
    """Return how many bytes of mail are under `paths`, or None where that is not known before they are read."""
    total = 0
    for path in paths:
        if path == "-":
            return None
        for file in _files(path):
            if Path(file).suffix.lower() in _COMPRESSED:
                return None
            try:
                total += Path(file).stat().st_size
            except OSError:
                continue
    return total


def _files(path: str) -> Iterator[str]:
    if not Path(path).is_dir():
        yield path
        return
    for folder, _, names in os.walk(path):
        yield from (os.path.join(folder, name) for name in names)  # noqa: PTH118 - half the time for a large Maildir
