"""Messages of each format, and ordinary mail: bouncelib against three packages that parse mail."""

from __future__ import annotations

import email
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

import mailparser
from flufl.bounce import scan_message

from bouncelib import parse_bounce

from .measure import by_turns
from .table import Row, Table, duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from .messages import Messages


def _flufl(raw: bytes) -> object:
    return scan_message(email.message_from_bytes(raw))


# The first is what the others are compared with.
CONTENDERS: tuple[tuple[str, Callable[[bytes], object]], ...] = (
    ("bouncelib", parse_bounce),
    ("email", email.message_from_bytes),
    ("flufl.bounce", _flufl),
    ("mail-parser", mailparser.parse_from_bytes),
)


def throughput(messages: Messages, repeats: int) -> Table:
    """Return how much longer others take."""
    for name in ("flufl.bounce", "mailparser"):
        # What they have to say of a message is not measured.
        logging.getLogger(name).addHandler(logging.NullHandler())
    groups = {
        "**all reports**": messages.every_report,
        "**ordinary mail**": messages.ordinary,
        **messages.reports,
    }
    rows = [_row(name, raws, repeats) for name, raws in groups.items() if raws]
    return Table(
        "Throughput",
        "How many times as long others take for the same messages: `email` is `message_from_bytes()` alone, flufl.bounce that "
        "and all its detectors.",
        "format (messages)",
        "bouncelib, each",
        tuple(name for name, _ in CONTENDERS[1:]),
        rows,
    )


def _row(name: str, raws: list[bytes], repeats: int) -> Row:
    def over(parse: Callable[[bytes], object]) -> Callable[[], None]:
        def run() -> None:
            for raw in raws:
                # Not all of them take any bytes.
                with suppress(Exception):
                    parse(raw)

        return run

    taken = by_turns([over(parse) for _, parse in CONTENDERS], repeats)
    return Row(f"{name} ({len(raws)})", duration(taken.seconds / len(raws)), taken.ratios)
