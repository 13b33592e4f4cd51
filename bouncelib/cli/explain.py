"""``bouncelib explain``: how a message was read, from the first clue to the rule that decided."""

from __future__ import annotations

import runpy
from typing import TYPE_CHECKING, Any, Final

import click

from bouncelib.cli.output import clean, complain
from bouncelib.errors import FormatError, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bouncelib.cli.tracing import TracingParser
    from bouncelib.format import Format
    from bouncelib.model import BounceReport, Evidence, Recipient
    from bouncelib.signs import Signs

_FIELDS: Final = (
    "address",
    "original_address",
    "action",
    "status",
    "smtp_code",
    "diagnostic",
    "diagnostic_type",
    "unwrapped",
    "remote_mta",
    "host",
    "stage",
    "refused",
)
_SIGNS: Final = (
    ("from_daemon", "From names a mail system"),
    ("null_return_path", "the return path is null"),
    ("failure_subject", "the subject is one of a failure report"),
    ("personal", "a person answers or forwards"),
)
_LINE: Final = 88


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path())
@click.option(
    "--rules",
    "rule_files",
    multiple=True,
    metavar="FILE",
    help="Ask the rules in this TOML file before those that come with bouncelib; may be given several times.",
)
@click.option(
    "--format",
    "format_files",
    multiple=True,
    metavar="FILE",
    help="Ask FORMAT, or FORMATS, of this Python file first. The file is run. May be given several times.",
)
@click.pass_context
def explain(
    context: click.Context, *, paths: tuple[str, ...], rule_files: tuple[str, ...], format_files: tuple[str, ...]
) -> None:
    """Show how messages are read: which formats were asked and why, what each said, and how the verdict was reached.

    PATH is a message, an mbox file, a Maildir, a folder of these, or - for standard input.
    """
    from bouncelib.cli.tracing import TracingParser
    from bouncelib.formats import CATALOGUE
    from bouncelib.mailbox import read_mail
    from bouncelib.rulebook import DEFAULT_RULES, load_rules

    own = [form for file in format_files for form in _formats(file)]
    parser = TracingParser(
        formats=[*own, *CATALOGUE] if own else CATALOGUE,
        rules=[*map(load_rules, rule_files), *DEFAULT_RULES] if rule_files else DEFAULT_RULES,
    )
    failures = 0

    def fail(error: SourceError) -> None:
        nonlocal failures
        failures += 1
        complain(str(error))

    first = True
    for path in paths:
        try:
            for mail in read_mail(path, on_error=fail):
                if not first:
                    click.echo()
                first = False
                click.echo(clean(mail.origin))
                for line in _lines(mail.raw, parser):
                    click.echo(clean(line))
        except SourceError as error:
            fail(error)
    if failures:
        context.exit(1)


def _formats(file: str) -> list[Format]:
    from bouncelib.format import Format
    from bouncelib.plugins import Heuristic

    try:
        found = runpy.run_path(file)
    except OSError as error:
        raise FormatError(f"{file}: {error.strerror or error}") from error
    except Exception as error:
        raise FormatError(f"{file}: {type(error).__name__}: {error}") from error
    given: Any = found.get("FORMATS", [found["FORMAT"]] if "FORMAT" in found else [])
    forms = [one.format if isinstance(one, Heuristic) else one for one in given]
    if not forms or not all(isinstance(one, Format) for one in forms):
        raise FormatError(f"{file}: neither FORMAT nor FORMATS is a format in it")
    return forms


def _lines(raw: bytes, parser: TracingParser) -> Iterator[str]:
    """Yield the explanation of one message."""
    from bouncelib.message import Message
    from bouncelib.signs import Signs

    parser.forget()
    report = parser.parse(raw)
    signs = Signs.of(Message(raw))
    yield f"  kind: {report.kind}" + (f", read by {report.format}" if report.format else "")
    seen = [words for name, words in _SIGNS if getattr(signs, name)]
    yield f"  signs: {'; '.join(seen) or 'none of a report'}"
    yield from _section("formats", _asked(parser, signs))
    for recipient in report.recipients:
        name = recipient.address or recipient.original_address or "(no address)"
        yield f"  recipient {name}"
        yield from _section("evidence", _evidence(recipient.evidence, parser), "    ")
        yield from _section("judges", _judges(recipient, parser), "    ")
        for line in recipient.explain().splitlines():
            yield f"    {line}"
    yield from _section("addresses that could be meant", report.candidates)
    yield from _genuine(report)
    yield from _section("defects", [(defect,) for defect in report.defects])


def _section(title: str, rows: Iterable[Sequence[str]], indent: str = "  ") -> Iterator[str]:
    """Yield a title and `rows` in columns, or that there are none."""
    rows = [tuple(cell if len(cell) <= _LINE else f"{cell[: _LINE - 3]}..." for cell in row) for row in rows]
    if not rows:
        yield f"{indent}{title}: none"
        return
    yield f"{indent}{title}:"
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield f"{indent}  {'  '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))}".rstrip()


def _asked(parser: TracingParser, signs: Signs) -> Iterator[tuple[str, str, str]]:
    """Yield the formats that could have written the message: the name, what each said, and the clues to it."""
    from bouncelib.cli.tracing import found_clues

    told: dict[tuple[str, object], str] = {}
    inner = []
    for answer in parser.answers:
        if answer.message.source.raw == signs.message.source.raw:
            told.setdefault((answer.form.name, answer.form.fingerprints), answer.said)
        else:
            inner.append((answer.form.name, answer.said, "asked of the message inside"))
    for dispatcher in parser.dispatchers:
        lead = (dispatcher.lead,) if dispatcher.lead else ()
        for form in (*lead, *dispatcher.candidates(signs)):
            said = told.get((form.name, form.fingerprints))
            clues = "a letter, with no part for it" if said is None and form in lead else found_clues(form, signs)
            yield form.name, said or "not asked", clues
    yield from inner


def _evidence(evidence: Evidence, parser: TracingParser) -> Iterator[tuple[str, str, str]]:
    """Yield what is known of a recipient: the name, the format that said so, and the value."""
    elsewhere = dict(evidence.sources)
    stated = [
        (answer.form.name, one)
        for answer in parser.answers
        for one in answer.evidence
        if one.address == evidence.address or len(answer.evidence) == 1
    ]
    for name in _FIELDS:
        value = getattr(evidence, name)
        if value is not None:
            sayers = [form for form, one in stated if getattr(one, name) is not None]
            source = elsewhere.get(name) or (sayers[0] if sayers else "worked out")
            yield name, source, " ".join(str(value).split())


def _judges(recipient: Recipient, parser: TracingParser) -> Iterator[tuple[str, str]]:
    for word in parser.words:
        if word.evidence is recipient.evidence:
            yield word.asked, word.said or "nothing"


def _genuine(report: BounceReport) -> Iterator[str]:
    yield f"  genuine: {report.genuine}"
    for sign in report.genuine_because:
        yield f"    because {sign}"
