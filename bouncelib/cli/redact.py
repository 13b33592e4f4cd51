"""``bouncelib redact``."""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path

import click

from bouncelib.cli.options import make_parser, plugins_option, rules_option
from bouncelib.cli.output import complain
from bouncelib.errors import SourceError


@click.command()
@click.argument("path", metavar="FILE", type=click.Path())
@click.option("-o", "--output", type=click.Path(), metavar="FILE", help="Write to this file.")
@rules_option
@plugins_option
def redact(*, path: str, output: str | None, rule_files: tuple[str, ...], plugins: bool | None) -> None:
    """Write a message that is safe to show in a bug report: it reads the same, and names nobody.

    FILE holds one message, or is - for standard input. Addresses, hosts, names and ids are replaced, the text of the original is
    left out. What must stay for the reading to be the same is told. Look over what people wrote into the notice.
    """
    from bouncelib import redaction
    from bouncelib.mailbox import read_mail

    mails = list(islice(read_mail(path), 2))
    if len(mails) > 1:
        raise SourceError(f"{path}: more than one message; redact one")
    done = redaction.redact(mails[0].raw, make_parser(rule_files, plugins=plugins))
    if output is None:
        sys.stdout.buffer.write(done.raw)
    else:
        try:
            Path(output).write_bytes(done.raw)
        except OSError as error:
            raise SourceError(f"{output}: {error.strerror or error}") from error
    if done.kept:
        complain(f"kept, because the reading rests on it: {', '.join(done.kept)}")
