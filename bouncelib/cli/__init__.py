"""The command line (extra ``cli``).

Exit codes: 0 all was read and nothing is wrong; 1 something could not be read (the rest was), or a rule file is wrong;
2 an option or argument is wrong; 130 interrupted. Every complaint is one line on standard error.
"""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import click

from bouncelib import __version__
from bouncelib.cli.classify import classify
from bouncelib.cli.explain import explain
from bouncelib.cli.formats import formats
from bouncelib.cli.new_format import new_format
from bouncelib.cli.output import complain, needs_command
from bouncelib.cli.parse import parse
from bouncelib.cli.redact import redact
from bouncelib.cli.report import report
from bouncelib.cli.rules import rules
from bouncelib.errors import BouncelibError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["bouncelib", "main"]


class _OneLine(click.Group):
    """A group whose errors are one line each."""

    def main(self, *arguments: Any, **options: Any) -> NoReturn:  # noqa: ANN401 - whatever click hands on
        """Run, and exit with a code."""
        options["standalone_mode"] = False
        try:
            code = super().main(*arguments, **options)
        except click.UsageError as error:
            command = error.ctx.command_path if error.ctx else "bouncelib"
            complain(f"{error.format_message()} (see {command} --help)")
            code = error.exit_code
        except click.ClickException as error:
            complain(error.format_message())
            code = error.exit_code
        except BouncelibError as error:
            complain(str(error))
            code = 2
        except click.Abort:
            complain("interrupted")
            code = 130
        sys.exit(code if isinstance(code, int) else 0)


@click.group(cls=_OneLine, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="bouncelib", message="%(prog)s %(version)s")
@click.pass_context
def bouncelib(context: click.Context) -> None:
    """Read bounce messages, and say what each one means."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that cannot show a character gets its number instead.
        sys.stdout.reconfigure(errors="backslashreplace")
    needs_command(context)


bouncelib.add_command(parse)
bouncelib.add_command(classify)
bouncelib.add_command(explain)
bouncelib.add_command(rules)
bouncelib.add_command(formats)
bouncelib.add_command(new_format)
bouncelib.add_command(redact)
bouncelib.add_command(report)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line on `arguments`, or on those of the process, and exit."""
    bouncelib.main(args=arguments, prog_name="bouncelib")
