"""What all commands print with: lines without control characters, whatever stood in the mail."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable


def clean(text: str) -> str:
    """Return `text` with every character that moves the cursor, hides or is no character as its escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def row(cells: Iterable[object]) -> None:
    """Print `cells` as one line with tabs between; what is absent is ``-``."""
    click.echo("\t".join(clean(str(cell)) if cell is not None and str(cell) else "-" for cell in cells))


def lines(text: str, indent: str = "") -> None:
    """Print each line of `text`."""
    for line in text.split("\n"):
        click.echo(indent + clean(line))


def json_line(data: object, *, err: bool = False) -> None:
    """Print `data` as one line of JSON, in ASCII: no character in it can do harm on a terminal."""
    click.echo(json.dumps(data), err=err)


def complain(text: str) -> None:
    """Print `text` as one line on standard error."""
    click.echo(f"bouncelib: {clean(' '.join(text.split()))}", err=True)


def needs_command(context: click.Context) -> None:
    """Print the help of a group that was called without a command, and exit with 2."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(2)
