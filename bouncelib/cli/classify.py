"""``bouncelib classify``."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Final

import click
from attrs import asdict

from bouncelib.cli.options import make_parser, rules_option
from bouncelib.cli.output import clean, json_line, row
from bouncelib.model import Action, Stage

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from bouncelib.parser import BounceParser

_STATUS: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_REPLY: Final = re.compile(r"[245]\d\d")


def _classify_logs(parser: BounceParser, logs: tuple[TextIO, ...], *, as_json: bool) -> None:
    from bouncelib.logs import read_log

    delivered = 0
    for entry in (entry for log in logs for entry in read_log(log)):
        if entry.action is Action.DELIVERED:
            delivered += 1
            continue
        domain = entry.address.rpartition("@")[2]
        judgement = parser.classify_response(
            entry.text, host=entry.relay, status=entry.status, action=entry.action, domain=domain
        )
        if as_json:
            json_line({**asdict(entry), **asdict(judgement)})
        else:
            row((entry.action, entry.address, judgement.verdict, judgement.reason, judgement.rule, entry.relay))
    click.echo(f"delivered\t{delivered}", err=True)


def _matching(pattern: re.Pattern[str], example: str) -> Callable[..., str | None]:
    def check(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
        if value is not None and not pattern.fullmatch(value):
            raise click.BadParameter(f"{value!r} is none; write {example}")
        return value

    return check


@click.command()
@click.argument("text", required=False)
@click.option(
    "--log",
    "logs",
    multiple=True,
    metavar="FILE",
    type=click.File("r", encoding="utf-8", errors="replace"),
    help="Judge the deliveries in this mail server's log instead, - for standard input; may be given several times.",
)
@click.option("--host", metavar="NAME", help="The server that said it.")
@click.option(
    "--stage",
    type=click.Choice([str(stage) for stage in Stage], case_sensitive=False),
    help="The step of the SMTP session at which it said so.",
)
@click.option(
    "--status", metavar="CODE", callback=_matching(_STATUS, "5.1.1"), help="The enhanced code, if not in the text."
)
@click.option(
    "--smtp-code", metavar="CODE", callback=_matching(_REPLY, "550"), help="The SMTP reply, if not in the text."
)
@click.option("--domain", metavar="NAME", help="The domain of the recipient.")
@click.option("--json", "as_json", is_flag=True, help="Print the judgement as one line of JSON.")
@rules_option
@click.pass_context
def classify(  # noqa: PLR0913 - one argument an option
    context: click.Context,
    *,
    text: str | None,
    logs: tuple[TextIO, ...],
    host: str | None,
    stage: str | None,
    status: str | None,
    smtp_code: str | None,
    domain: str | None,
    as_json: bool,
    rule_files: tuple[str, ...],
) -> None:
    """Say what one SMTP reply means.

    TEXT is the reply as the server gave it, or - for standard input.

    With --log, one line comes out for each recipient that the log of Postfix, Exim, Sendmail or OpenSMTPD says was refused or
    delayed: what became of it, the address, the verdict, the reason, the rule that decided, and the server that said so, with
    tabs between. What was delivered is counted at the end, on standard error.
    """
    if logs:
        if text is not None:
            raise click.UsageError("give TEXT or --log, not both", context)
        _classify_logs(make_parser(rule_files), logs, as_json=as_json)
        return
    if text is None:
        raise click.UsageError("give TEXT, or --log FILE", context)
    if text == "-":
        text = sys.stdin.buffer.read().decode("utf-8", "replace")
    judgement = make_parser(rule_files).classify_response(
        text.strip(), host=host, stage=stage, status=status, smtp_code=smtp_code, domain=domain
    )
    if as_json:
        json_line(asdict(judgement))
        return
    for name, value in asdict(judgement, recurse=False).items():
        if name == "trail":
            for what, rule in value:
                click.echo(f"{what}: {clean(rule)}")
        elif value is not None and (name != "reason_base" or value != judgement.reason):
            click.echo(f"{name.replace('_', ' ')}: {clean(str(value))}")
