"""``bouncelib new-format``: from samples to a format with fixtures, expectations and a test, all of them to be edited."""

from __future__ import annotations

import json
import keyword
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from bouncelib.cli.output import clean
from bouncelib.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bouncelib.cli.clues import Clue, Mail
    from bouncelib.format import Fingerprint, Format, Layout
    from bouncelib.parser import BounceParser

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,30}")
_SHOWN: Final = 6
_TEST: Final = '''"""The format reads its samples as they say, and keeps the contract of every format."""

from pathlib import Path

from {module} import FORMAT

from bouncelib.testing import check_format


def test_{name}() -> None:
    check_format(FORMAT, Path(__file__).parent / "fixtures")
'''


@click.command("new-format")
@click.argument("name")
@click.argument("samples", nargs=-1, required=True, metavar="SAMPLE...", type=click.Path())
@click.option(
    "-o", "--output", metavar="FOLDER", type=click.Path(), help="Where to write; a new folder NAME without it."
)
@click.option("--against", metavar="FOLDER", type=click.Path(), help="Other mail, to see how selective a clue is.")
@click.option(
    "--recipient",
    "told",
    multiple=True,
    metavar="ADDRESS",
    help="An address in the samples that did not get the mail; may be given several times.",
)
@click.pass_context
def new_format(
    context: click.Context,
    *,
    name: str,
    samples: tuple[str, ...],
    output: str | None,
    against: str | None,
    told: tuple[str, ...],
) -> None:
    """Propose a format for reports that nobody knows yet.

    NAME is its name, SAMPLE... messages of one writer: the more they differ, the better. A fingerprint and a layout are
    proposed, and a folder is written that pytest can run: the format, the samples, what is read from them, and a test.
    """
    from bouncelib.cli import clues, lines
    from bouncelib.format import Format
    from bouncelib.formats import CATALOGUE
    from bouncelib.parser import BounceParser

    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise click.BadParameter(
            f"{name!r} is no name for it; write small letters, digits and '_'", param_hint="'NAME'"
        )
    folder = Path(output or name)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SourceError(f"{folder}: is there already; name another folder with -o")
    known = [one for one in CATALOGUE if one.name != name]
    shipped = BounceParser(formats=known, plugins=False)
    mails = [clues.Mail.of(origin, raw) for path in samples for origin, raw in _read(path)]
    others = _others(against, name, mails)
    notices = [lines.find_targets(mail.message, shipped, mail.raw, told) for mail in mails]
    for mail, notice in zip(mails, notices, strict=True):
        _show_sample(mail, notice.targets, shipped)
    silent = [mail.name for mail, notice in zip(mails, notices, strict=True) if not notice.targets]
    if silent:
        raise SourceError(f"{silent[0]}: no recipient found in its text; name one with --recipient, or write a read()")
    found = clues.propose(mails, others)
    if not found:
        raise SourceError("the samples have nothing in common that a fingerprint could hold; try fewer at a time")
    layout = lines.propose(notices, shipped)
    if layout is None:
        raise SourceError("no layout finds the recipients of all samples; try fewer at a time, or write a read()")
    form = Format(name, (found[0].fingerprint,), layout)
    _show_clues(found, len(mails), len(others))
    written = _write(folder, form, mails, BounceParser(formats=[form, *known], plugins=False))
    _show_written(folder, written)
    problems = _problems(form, folder)
    for line in problems:
        click.echo(clean(line))
    if problems:
        context.exit(1)


def _read(path: str) -> Iterator[tuple[str, bytes]]:
    from bouncelib.mailbox import read_mail

    for mail in read_mail(path):
        yield mail.origin, mail.raw


def _others(against: str | None, name: str, samples: Sequence[Mail]) -> list[Mail]:
    """Return the mail that clues are tried on: a folder's, the checkout's fixtures, or the few messages of the test kit."""
    import bouncelib
    from bouncelib.cli.clues import Mail
    from bouncelib.testing.ordinary import known_reports, ordinary_mail

    fixtures = Path(bouncelib.__file__).parents[1] / "fixtures"
    pairs: Iterable[tuple[str, bytes]] = (*ordinary_mail(), *known_reports())
    if against is not None:
        pairs = (*pairs, *_read(against))
    elif (fixtures / "README.md").is_file():
        own = fixtures / name
        pairs = (
            *pairs,
            *((path.name, path.read_bytes()) for path in fixtures.rglob("*.eml") if own not in path.parents),
        )
    known = {mail.raw for mail in samples}
    return [Mail.of(origin, raw) for origin, raw in pairs if raw not in known]


def _show_sample(mail: Mail, targets: Sequence[str], shipped: BounceParser) -> None:
    report = shipped.parse(mail.raw)
    reader = f"read by {report.format}" if report.format else "read by nobody"
    click.echo(clean(f"{mail.name}: {report.kind}, {reader} so far; recipients: {', '.join(targets) or 'none'}"))
    if report.format not in {None, "generic", "flufl"} and any(one.diagnostic for one in report.recipients):
        click.echo("  bouncelib knows this writer: what its words mean is a matter of rules, not of a format")


def _show_clues(found: Sequence[Clue], samples: int, others: int) -> None:
    from bouncelib.cli.tracing import show

    click.echo(
        f"\nclues that all samples share ({samples}), and in how many of {others} other messages they are found:"
    )
    for number, clue in enumerate(found[:_SHOWN]):
        click.echo(clean(f"  {'*' if number == 0 else ' '} {clue.others:>4}  {show(clue.fingerprint)}"))


def _write(folder: Path, form: Format, mails: Sequence[Mail], parser: BounceParser) -> list[Path]:
    from bouncelib.testing.expectation import rewritten, write_expectation

    fixtures = folder / "fixtures"
    fixtures.mkdir(parents=True)
    module = f"{form.name}_format"
    written = [folder / f"{module}.py", folder / f"test_{form.name}.py"]
    written[0].write_text(source(form), "utf-8")
    written[1].write_text(_TEST.format(module=module, name=form.name), "utf-8")
    stems = [re.sub(r"[^\w-]+", "-", Path(mail.name).stem).strip("-") or "sample" for mail in mails]
    for number, (mail, stem) in enumerate(zip(mails, stems, strict=True), 1):
        path = fixtures / (f"{stem}-{number}.eml" if stems.count(stem) > 1 else f"{stem}.eml")
        path.write_bytes(mail.raw)
        wanted = rewritten(None, parser.parse(mail.raw).to_dict()) | {"why": "not yet checked by hand"}
        write_expectation(path.with_suffix(".json"), wanted)
        written += [path, path.with_suffix(".json")]
    return written


def _show_written(folder: Path, written: Sequence[Path]) -> None:
    click.echo("\nwritten:")
    for path in written:
        click.echo(clean(f"  {path}"))
    click.echo(
        "\nThe samples are copied as they are, with the addresses of real people in them: replace those before you publish "
        f"them.\nCheck each expectation by hand, then run: pytest {clean(str(folder))}"
    )


def _problems(form: Format, folder: Path) -> list[str]:
    """Return what the kit has against what was written."""
    from bouncelib.testing import check_format

    try:
        check_format(form, folder / "fixtures")
    except AssertionError as error:
        return str(error).splitlines()
    return []


def source(form: Format) -> str:
    """Return `form` as a Python file."""
    layout, (fingerprint,) = form.layout, form.fingerprints
    names = "Fingerprint, Format, Layout"
    marks = layout is not None and len(layout.closes) > len(_marks())
    more = "from bouncelib.format import ORIGINAL_MARKS\n" if marks else ""
    return (
        f'"""{form.name}: say here who writes these reports, and where you know it from."""\n\n'
        f"from bouncelib import {names}\n{more}\n"
        f"FORMAT = Format(\n    {_text(form.name)},\n    ({_fingerprint(fingerprint)},),\n    {_layout(layout)},\n)\n"
    )


def _marks() -> tuple[str, ...]:
    from bouncelib.format import ORIGINAL_MARKS

    return ORIGINAL_MARKS


def _fingerprint(fingerprint: Fingerprint) -> str:
    given = [(name, getattr(fingerprint, name)) for name in ("senders", "subjects", "headers", "phrases")]
    return f"Fingerprint({', '.join(f'{name}={_texts(values)}' for name, values in given if values)})"


def _layout(layout: Layout | None) -> str:
    assert layout is not None  # noqa: S101 - a proposal has one
    rows = [f"recipient={_pattern(layout.recipient)}"]
    if layout.opens:
        rows.append(f"opens={_texts(layout.opens)}")
    if len(layout.closes) > len(_marks()):
        rows.append(f"closes=(*ORIGINAL_MARKS, {', '.join(map(_text, layout.closes[len(_marks()) :]))})")
    if layout.fields:
        rows.append(f"fields={{{', '.join(f'{_text(key)}: {_text(value)}' for key, value in layout.fields.items())}}}")
    if not layout.said:
        rows.append("said=False")
    if layout.said_before:
        rows.append("said_before=True")
    if layout.delays:
        rows.append(f"delays={_texts(layout.delays)}")
    if layout.blanks:
        rows.append(f"blanks={layout.blanks}")
    return "Layout(\n" + "".join(f"        {row},\n" for row in rows) + "    )"


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _texts(texts: Iterable[str]) -> str:
    return f"({' '.join(f'{_text(text)},' for text in texts)})"


def _pattern(text: str) -> str:
    return f'r"{text}"' if '"' not in text and not text.endswith("\\") else repr(text)
