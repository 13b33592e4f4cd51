"""Options that several commands have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bouncelib.parser import BounceParser

rules_option: Final = click.option(
    "--rules",
    "rule_files",
    multiple=True,
    metavar="FILE",
    help="Ask the rules in this TOML file before those that come with bouncelib; may be given several times.",
)
plugins_option: Final = click.option(
    "--plugins/--no-plugins",
    default=None,
    help="Whether installed packages take part; without it, as BOUNCELIB_PLUGINS says.",
)


def make_parser(rule_files: Sequence[str], *, plugins: bool | None = None) -> BounceParser:
    """Return a parser that asks `rule_files` first; raise `RuleError` where one is wrong."""
    from bouncelib.parser import BounceParser
    from bouncelib.rulebook import DEFAULT_RULES, load_rules

    return BounceParser(rules=[*(load_rules(file) for file in rule_files), *DEFAULT_RULES], plugins=plugins)
