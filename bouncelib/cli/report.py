"""``bouncelib report``."""

from __future__ import annotations

from pathlib import Path

import click

from bouncelib.cli.options import make_parser, plugins_option, rules_option
from bouncelib.errors import SourceError


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path())
@click.option("-o", "--output", type=click.Path(), metavar="FILE", required=True, help="Write the page to this file.")
@click.option("--title", default="Bounces", show_default=True, help="The heading of the page.")
@click.option(
    "--sent", type=click.IntRange(1), metavar="N", help="How many mails you had sent: the page then gives rates."
)
@click.option(
    "--workers", type=click.IntRange(1), default=1, metavar="N", help="How many processes read; 1 without it."
)
@rules_option
@plugins_option
@click.pass_context
def report(
    context: click.Context,
    *,
    paths: tuple[str, ...],
    output: str,
    title: str,
    sent: int | None,
    workers: int,
    rule_files: tuple[str, ...],
    plugins: bool | None,
) -> None:
    """Write a page about messages: one HTML file that loads nothing from elsewhere.

    PATH is what `parse` reads. The page shows bounces over time, reasons, faults and domains, and lists each recipient with
    its explanation. It needs the extra `report`.
    """
    from bouncelib.batch import parse_many
    from bouncelib.cli.progress import progress_bar

    try:
        from bouncelib.htmlreport import write_report
    except ImportError as error:
        raise click.UsageError("to write a page: pip install 'bouncelib[report]'") from error
    # Before the file is opened: a mistake in a rule leaves what was there.
    parser = make_parser(rule_files, plugins=plugins)
    try:
        with Path(output).open("wb") as out, progress_bar(paths, wanted=True) as tell:
            parsed = parse_many(paths, workers=workers, parser=parser, ordered=True, progress=tell)
            unread = write_report(parsed, out, title=title, sent=sent)
    except OSError as error:
        raise SourceError(f"{output}: {error.strerror or error}") from error
    if unread:
        context.exit(1)
