"""One process and two: where the workers count, and where every report comes back."""

from __future__ import annotations

import time
from collections import Counter
from multiprocessing import get_context
from statistics import median
from typing import TYPE_CHECKING

from bouncelib import parse_bounce
from bouncelib.batch import parse_many

from .messages import repeated
from .table import Row, Table, duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bouncelib.batch import Parsed

MANY = (1, 2)


def count_kinds(parsed: Iterable[Parsed]) -> Counter[str]:
    """Return how many messages are of which kind: what a worker sends back instead of them."""
    return Counter(one.report.kind for one in parsed if one.report is not None)


def _reduced(raws: list[bytes], workers: int) -> int:
    return sum((sum(counts.values()) for counts in parse_many(raws, workers=workers, reduce=count_kinds)), 0)


def _reported(raws: list[bytes], workers: int) -> int:
    return sum(one.report is not None for one in parse_many(raws, workers=workers))


def _share(raws: list[bytes]) -> int:
    return sum(parse_bounce(raw) is not None for raw in raws)


def _apart(raws: list[bytes], workers: int) -> int:
    """Parse a share in each of `workers` processes that have it already: what the machine gives at most."""
    if workers == 1:
        return _share(raws)
    try:
        context = get_context("fork")
    except ValueError:
        return _share(raws)
    processes = [context.Process(target=_share, args=(raws[place::workers],)) for place in range(workers)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return len(raws)


CASES: tuple[tuple[str, Callable[[list[bytes], int], int]], ...] = (
    ("the workers count", _reduced),
    ("every report comes back", _reported),
    ("two processes that share nothing", _apart),
)


def workers(raws: list[bytes], count: int, repeats: int) -> Table:
    """Return what two workers bring over `count` messages."""
    many = list(repeated(raws, count))
    rows = []
    for name, run in CASES:
        turns = [[_timed(run, many, number) for number in MANY] for _ in range(repeats)]
        rows.append(
            Row(
                name,
                duration(median(turn[0] for turn in turns) / count),
                (median(one / two for one, two in turns),),
            )
        )
    return Table(
        "Workers",
        f"How many times as fast `parse_many()` is with two workers, over {count:,} messages, their start included; last, what "
        "the machine gives where nothing is carried between processes.",
        "what",
        "one worker, each",
        ("two workers",),
        rows,
    )


def _timed(run: Callable[[list[bytes], int], int], raws: list[bytes], number: int) -> float:
    begin = time.perf_counter()
    done = run(raws, number)
    taken = time.perf_counter() - begin
    assert done == len(raws), f"{done} answers to {len(raws)} messages"
    return taken
