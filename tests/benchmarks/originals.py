"""A report that returns a long original: time and memory by the size of that."""

from __future__ import annotations

import email
import tracemalloc

from bouncelib import parse_bounce

from .measure import by_turns
from .messages import report_with_original
from .table import Row, Table, amount, duration

SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)


def originals(most: int, repeats: int) -> Table:
    """Return time and peak memory for originals of up to `most` bytes."""
    small = report_with_original(2_000)
    rows = []
    for size in (size for size in SIZES if size <= most):
        raw = report_with_original(size)

        def ours(raw: bytes = raw) -> None:
            parse_bounce(raw)

        def theirs(raw: bytes = raw) -> None:
            email.message_from_bytes(raw)

        taken = by_turns([ours, lambda: parse_bounce(small), theirs], repeats)
        peak = _peak(ours)
        rows.append(Row(amount(size), duration(taken.seconds), (1 / taken.ratios[0], taken.ratios[1], peak / 1000)))
    return Table(
        "Size of the original",
        "Time against that with an original of 2 kB; how many times as long `email.message_from_bytes()` takes; the peak of "
        "what is allocated, by tracemalloc.",
        "original",
        "bouncelib",
        ("of 2 kB", "email", "peak in kB"),
        rows,
    )


def _peak(run: object) -> int:
    assert callable(run)
    run()
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
