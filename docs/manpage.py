"""The manual page, from what the commands say of themselves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from bouncelib.cli import bouncelib

if TYPE_CHECKING:
    from collections.abc import Iterator

EXIT_CODES = (
    ("0", "All was read, and nothing is wrong."),
    ("1", "Something could not be read, and the rest was; or a rule file is wrong."),
    ("2", "An option or an argument is wrong."),
    ("130", "Interrupted."),
)


def escaped(text: str) -> str:
    """`text` as roff: no line of it is a request, no hyphen of an option becomes a dash."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"(?m)^(?=[.'])", r"\\&", text)


def paragraphs(text: str) -> Iterator[str]:
    """The paragraphs of a help text."""
    for paragraph in re.split(r"\n\s*\n", text.replace("\b\n", "").strip()):
        yield ".PP"
        yield escaped(" ".join(paragraph.split()))


def commands(group: click.Group, context: click.Context) -> Iterator[tuple[click.Context, click.Command]]:
    """The commands of a group, those of the groups in it too."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None:
            continue
        inner = click.Context(command, parent=context, info_name=name)
        if isinstance(command, click.Group):
            yield from commands(command, inner)
        else:
            yield inner, command


def described(context: click.Context, command: click.Command) -> Iterator[str]:
    """One command, and its options."""
    usage = " ".join(command.collect_usage_pieces(context))
    yield f".SS {escaped(context.command_path)}"
    yield ".PP"
    yield f"\\fB{escaped(context.command_path)}\\fR {escaped(usage)}"
    yield from paragraphs(command.help or "")
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context) if isinstance(parameter, click.Option) else None
        if record is not None:
            yield ".TP"
            yield f"\\fB{escaped(record[0])}\\fR"
            yield escaped(" ".join(record[1].split()))


def page() -> str:
    """The whole page."""
    top = click.Context(bouncelib, info_name="bouncelib")
    lines = [
        '.\\" Written by docs/generate.py',
        '.TH BOUNCELIB 1 "" "bouncelib" "User Commands"',
        ".SH NAME",
        "bouncelib \\- read bounce messages, and say what each one means",
        ".SH SYNOPSIS",
        "\\fBbouncelib\\fR COMMAND [OPTIONS] ...",
        ".SH DESCRIPTION",
        *paragraphs(bouncelib.help or ""),
        ".SH COMMANDS",
        *(line for one in commands(bouncelib, top) for line in described(*one)),
        ".SH EXIT STATUS",
        *(line for code, meaning in EXIT_CODES for line in (".TP", code, escaped(meaning))),
        ".SH ENVIRONMENT",
        ".TP",
        "BOUNCELIB_PLUGINS",
        "Which installed packages take part where no option says so.",
    ]
    return "\n".join(lines) + "\n"
