"""Parquet, by way of `bouncelib.arrow`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from bouncelib.model import BounceReport


class Parquet:
    """One Parquet file with the columns of `bouncelib.arrow.SCHEMA`."""

    def __init__(self, path: str | None, fields: Sequence[str]) -> None:
        """Write to `path`."""
        if path is None:
            raise click.UsageError("parquet needs a file: -o FILE")
        if fields:
            raise click.UsageError("parquet holds all fields: leave --fields out")
        try:
            from bouncelib.arrow import ParquetWriter
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != "pyarrow":
                raise
            raise click.UsageError("parquet needs pyarrow: pip install 'bouncelib[arrow]'") from None
        self._writer = ParquetWriter(path)

    def write(self, origin: str, report: BounceReport) -> None:
        """Write `report`."""
        self._writer.write(origin, report)

    def close(self) -> None:
        """End the file."""
        self._writer.close()
