"""``bouncelib rules list`` and ``bouncelib rules check``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from bouncelib.cli.output import clean, complain, json_line, needs_command, row

if TYPE_CHECKING:
    from collections.abc import Iterator


@click.group(invoke_without_command=True)
@click.pass_context
def rules(context: click.Context) -> None:
    """Look at the rules that verdicts rest on, and check your own."""
    needs_command(context)


@rules.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print each rule as one line of JSON.")
def list_rules(*, as_json: bool) -> None:
    """Print one line a rule that comes with bouncelib.

    A line holds the id, the reason, the verdict, what it means or the first phrase that it looks for, and its source.
    """
    for entry in _entries():
        if as_json:
            json_line(entry)
        else:
            row(entry.values())


def _entries() -> Iterator[dict[str, Any]]:
    from bouncelib.model import REASONS, Reason
    from bouncelib.rulebook import shipped_tables

    for name, table in shipped_tables().items():
        for rule in table.get("rule", ()):
            if "reason" not in rule:
                continue
            yield {
                "id": f"{name.removeprefix('vendors/')}/{rule['id']}",
                "reason": rule["reason"],
                "verdict": str(rule.get("verdict") or REASONS[Reason(rule["reason"])][1]),
                "meaning": rule.get("meaning") or rule.get("name") or next(iter(rule.get("says", ())), None),
                "source": rule.get("source"),
            }


@rules.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print each problem as one line of JSON.")
@click.pass_context
def check(context: click.Context, *, files: tuple[str, ...], as_json: bool) -> None:
    """Say what is wrong with rule files, one line a problem: the file, the rule, and what is the matter.

    Examples are judged by the file's own rules with those of bouncelib behind them. The exit code is 1 where
    anything is wrong.
    """
    from bouncelib.rulecheck import check_rules

    problems = 0
    for file in files:
        for problem in check_rules(file):
            problems += 1
            if as_json:
                json_line(problem._asdict())
            else:
                click.echo(clean(str(problem)))
    if problems:
        complain(f"{problems} problem{'s' if problems > 1 else ''} found")
        context.exit(1)
