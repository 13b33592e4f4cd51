"""A text file, or standard output."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

import click


class Stream:
    """Where text goes: a file of its own, or standard output, which stays open."""

    def __init__(self, path: str | None) -> None:
        """Open `path`; None is standard output."""
        self._file: TextIO | None = None
        if path is not None:
            self._file = Path(path).open("w", encoding="utf-8", newline="")  # noqa: SIM115 - closed by close()

    def write(self, text: str) -> None:
        """Write `text` as it is."""
        if self._file is None:
            click.echo(text, nl=False)
        else:
            self._file.write(text)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
