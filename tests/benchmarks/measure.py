"""Clocks: what is compared is run by turns, so that whatever else the machine does falls on all alike."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import bouncelib

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# What is quicker than this is repeated within one measurement.
SHORTEST = 0.02


class Taken(NamedTuple):
    """The median times of several contenders over the same work, and how each compares to the first."""

    seconds: float
    """Of the first."""
    ratios: tuple[float, ...]
    """Of each other one: how many times as long it took as the first, the median of the turns."""


def elapsed(run: Callable[[], object], times: int = 1) -> float:
    """Return how long `run` takes, in seconds."""
    begin = time.perf_counter()
    for _ in range(times):
        run()
    return (time.perf_counter() - begin) / times


def by_turns(contenders: Sequence[Callable[[], object]], repeats: int) -> Taken:
    """Run `contenders` by turns, `repeats` times, after one turn that does not count."""
    times = [max(1, round(SHORTEST / max(elapsed(run), 1e-7))) for run in contenders]
    turns = [[elapsed(run, count) for run, count in zip(contenders, times, strict=True)] for _ in range(repeats)]
    return Taken(
        median(turn[0] for turn in turns),
        tuple(median(turn[place] / turn[0] for turn in turns) for place in range(1, len(contenders))),
    )


def fresh(code: str, *arguments: str, settings: Mapping[str, str] | None = None) -> str:
    """Return what `code` prints in an interpreter of its own that finds the same packages."""
    env = {**os.environ, **(settings or {}), "PYTHONPATH": str(Path(bouncelib.__file__).parents[1])}
    # Without it, nobody could keep what was compiled, and each import would compile again.
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    # -P: the current folder must not come first.
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, *arguments], env=env, check=True, capture_output=True, encoding="utf-8"
    )
    return done.stdout
