"""``bouncelib parse``."""

from __future__ import annotations

import json
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from bouncelib.cli.options import make_parser, plugins_option, rules_option
from bouncelib.cli.output import clean, complain, json_line
from bouncelib.cli.rows import FIELDS, selected
from bouncelib.cli.sinks import SINKS, SUFFIXES, Sink, open_sink
from bouncelib.cli.sinks.stream import Stream
from bouncelib.model import Kind, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bouncelib.model import BounceReport

_DATES: Final = ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z")


def _columns(_context: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[str, ...]:
    names = tuple(name.strip() for name in value.split(",")) if value else ()
    for name in names:
        if name not in FIELDS:
            raise click.BadParameter(f"{name!r} is none; there are: {', '.join(FIELDS)}")
    return names


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path())
@click.option(
    "--format",
    "name",
    type=click.Choice(list(SINKS)),
    help="How to write. Without it: as the name of the output file says; else a table on a terminal, and JSON lines elsewhere.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format jsonl: each report in full, one a line.")
@click.option("-o", "--output", type=click.Path(), metavar="FILE", help="Write to this file.")
@click.option(
    "--fields", callback=_columns, metavar="NAME,...", help="The columns to write; with JSON, rows in place of reports."
)
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(tuple(map(str, Verdict))),
    help="Recipients with this verdict only; may be repeated.",
)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(tuple(map(str, Kind))),
    help="Messages of this kind only; may be repeated.",
)
@click.option("--since", type=click.DateTime(_DATES), help="Messages from this date on only, by their own Date field.")
@click.option(
    "--workers", type=click.IntRange(1), default=1, metavar="N", help="How many processes read; 1 without it."
)
@click.option("--explain", is_flag=True, help="Say of each recipient why the verdict is what it is.")
@click.option("--summary/--no-summary", default=None, help="Say at the end, on standard error, what it amounts to.")
@click.option(
    "--sent", type=click.IntRange(1), metavar="N", help="How many mails you had sent: the summary then gives rates."
)
@click.option("--count-rules", is_flag=True, help="At the end say on standard error how often each rule decided.")
@rules_option
@plugins_option
@click.pass_context
def parse(  # noqa: PLR0913 - one argument an option
    context: click.Context,
    *,
    paths: tuple[str, ...],
    name: str | None,
    as_json: bool,
    output: str | None,
    fields: tuple[str, ...],
    only: tuple[str, ...],
    kinds: tuple[str, ...],
    since: datetime | None,
    workers: int,
    explain: bool,
    summary: bool | None,
    sent: int | None,
    count_rules: bool,
    rule_files: tuple[str, ...],
    plugins: bool | None,
) -> None:
    """Read messages, and write what became of each recipient.

    PATH is a message, a mailbox, a folder of these, or - for standard input. A table on a terminal, one line a recipient;
    JSON lines elsewhere, one report a line. What cannot be read is complained of, and the rest is read.

    The exit code is 0 where all was read, 1 where something could not be, 2 where an option is wrong.
    """
    from bouncelib.batch import parse_many
    from bouncelib.cli.progress import progress_bar
    from bouncelib.cli.summary import Summary
    from bouncelib.rulecheck import rule_hits

    name = name or ("jsonl" if as_json else _by_itself(output))
    since = since.replace(tzinfo=since.tzinfo or UTC) if since else None
    parser = make_parser(rule_files, plugins=plugins)
    total = Summary()
    hits: Counter[str] = Counter()
    sink = _opened(name, output, fields, explain=explain, as_json=as_json)
    # Lines on the terminal and a bar below them would be in each other's way.
    quiet = output is None and sys.stdout.isatty()
    try:
        with progress_bar(paths, wanted=not quiet) as tell:
            for parsed in parse_many(paths, workers=workers, parser=parser, ordered=True, progress=tell):
                if parsed.report is None:
                    total.unread += 1
                    complain(str(parsed.error))
                    continue
                report = selected(parsed.report, only=only, kinds=kinds, since=since)
                if report is None:
                    total.left_out += 1
                    continue
                total.add(report)
                sink.write(parsed.origin, report)
                if count_rules:
                    hits.update(rule_hits((report,)))
    finally:
        sink.close()
    if count_rules:
        _show_hits(hits, as_json=name in {"json", "jsonl"})
    if summary or sent or (summary is None and sys.stderr.isatty()):
        total.show(sent)
    if total.unread:
        context.exit(1)


def _by_itself(output: str | None) -> str:
    """Return the format that nobody had to ask for."""
    if output is not None:
        return SUFFIXES.get(Path(output).suffix.lower(), "jsonl")
    return "table" if sys.stdout.isatty() else "jsonl"


def _opened(name: str, output: str | None, fields: Sequence[str], *, explain: bool, as_json: bool) -> Sink:
    if explain:
        return _ExplainedJson(output) if as_json else _Explained(output)
    try:
        return open_sink(name, output, fields)
    except OSError as error:
        raise click.UsageError(f"{output}: {error.strerror or error}") from error


class _ExplainedJson:
    """Each report as one line of JSON, with its explanation."""

    def __init__(self, path: str | None) -> None:
        self._stream = Stream(path)

    def write(self, origin: str, report: BounceReport) -> None:
        """Write `report`."""
        record = {"origin": origin, **report.to_dict(), "explanation": report.explain()}
        self._stream.write(json.dumps(record) + "\n")

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


class _Explained:
    """Each report in words."""

    def __init__(self, path: str | None) -> None:
        self._stream = Stream(path)

    def write(self, origin: str, report: BounceReport) -> None:
        """Write why each verdict is what it is."""
        read_by = f", read by {report.format}" if report.format else ""
        text = report.explain().replace("\n", "\n  ")
        self._stream.write("\n".join(map(clean, f"{origin}: {report.kind}{read_by}\n  {text}".split("\n"))) + "\n")

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


def _show_hits(hits: Counter[str], *, as_json: bool) -> None:
    ranked = sorted(hits.items(), key=lambda item: (-item[1], item[0]))
    if as_json:
        json_line({"rules": dict(ranked)}, err=True)
        return
    for rule, count in ranked:
        click.echo(f"{count}\t{clean(rule)}", err=True)
