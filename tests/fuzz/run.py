"""The long run: `python -m tests.fuzz --messages 1000000 --seed 1 --workers 2`."""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import sys
import time
from contextlib import ExitStack
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .checks import Hang, alarm, check
from .mutate import FIXTURES, fixtures, mutant

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 500


class Finding(NamedTuple):
    """What went wrong with which message."""

    seed: int
    number: int
    what: str


class Done(NamedTuple):
    """What one chunk came to."""

    messages: int
    findings: list[Finding]
    kinds: dict[str, int]
    slowest: tuple[float, int]


# A worker reads the fixtures once, not with every chunk.
_messages = cache(fixtures)


def examine(raw: bytes, seconds: float) -> tuple[str | None, str]:
    """Return what is wrong with `raw`, if anything is, and the kind of its report."""
    try:
        with alarm(seconds):
            return None, str(check(raw).kind)
    except Hang:
        return f"hangs: more than {seconds:g} s", "finding"
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        return f"{type(error).__name__}: {error}", "finding"


def chunk(start: int, *, stop: int, seed: int, seconds: float, folder: Path) -> Done:
    """Examine messages `start` to `start + CHUNK` of the run, `stop` at the most."""
    findings: list[Finding] = []
    kinds: dict[str, int] = {}
    slowest = (0.0, start)
    numbers = range(start, min(start + CHUNK, stop))
    for number in numbers:
        raw = mutant(_messages(folder), seed, number)
        began = time.process_time()
        wrong, kind = examine(raw, seconds)
        slowest = max(slowest, (time.process_time() - began, number))
        kinds[kind] = kinds.get(kind, 0) + 1
        if wrong:
            findings.append(Finding(seed, number, wrong))
    return Done(len(numbers), findings, kinds, slowest)


def run(seed: int, start: int, stop: int, workers: int, seconds: float, folder: Path) -> Done:
    """Return what messages `start` to `stop` of the run `seed` came to, with a line of progress now and then."""
    work = partial(chunk, stop=stop, seed=seed, seconds=seconds, folder=folder)
    starts = range(start, stop, CHUNK)
    total = Done(0, [], {}, (0.0, start))
    with ExitStack() as stack:
        results: Iterator[Done] = map(work, starts)
        if workers > 1:
            results = stack.enter_context(multiprocessing.get_context("spawn").Pool(workers)).imap_unordered(
                work, starts
            )
        for count, done in enumerate(results, 1):
            kinds = {kind: total.kinds.get(kind, 0) + done.kinds.get(kind, 0) for kind in {*total.kinds, *done.kinds}}
            slowest = max(total.slowest, done.slowest)
            total = Done(total.messages + done.messages, [*total.findings, *done.findings], kinds, slowest)
            for finding in done.findings:
                sys.stdout.write(f"{finding.seed}/{finding.number}: {finding.what[:300]}\n")
            if count % 20 == 0:
                sys.stderr.write(f"{total.messages} messages, {len(total.findings)} findings\n")
                sys.stdout.flush()
    return total


def keep(findings: list[Finding], where: Path, folder: Path) -> None:
    """Write each message that something is wrong with to `where`, once for each thing that is wrong."""
    where.mkdir(parents=True, exist_ok=True)
    for finding in findings:
        name = hashlib.sha256(finding.what[:60].encode("utf-8", "replace")).hexdigest()[:12]
        (where / f"{name}.eml").write_bytes(mutant(_messages(folder), finding.seed, finding.number))
        (where / f"{name}.txt").write_text(f"{finding.seed}/{finding.number}\n{finding.what}\n", "utf-8", "replace")


def main() -> int:
    """Run, print what came of it, and return 1 where anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000, help="how many (default: %(default)s)")
    parser.add_argument("--start", type=int, default=0, help="number of the first one (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="each seed makes other messages (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=1, help="processes (default: %(default)s)")
    parser.add_argument(
        "--seconds", type=float, default=5, help="of the processor, for one message (default: %(default)s)"
    )
    parser.add_argument("--folder", type=Path, default=FIXTURES, help="of .eml files to start from (default: fixtures)")
    parser.add_argument("--keep", type=Path, help="folder for the messages with which something is wrong")
    given = parser.parse_args()
    began = time.perf_counter()
    done = run(given.seed, given.start, given.start + given.messages, given.workers, given.seconds, given.folder)
    if given.keep and done.findings:
        keep(done.findings, given.keep, given.folder)
    seconds, number = done.slowest
    summary = {
        "messages": done.messages,
        "seed": given.seed,
        "findings": len(done.findings),
        "kinds": dict(sorted(done.kinds.items())),
        "slowest check": f"{seconds * 1000:.0f} ms, message {given.seed}/{number}",
        "seconds": round(time.perf_counter() - began),
    }
    sys.stdout.write(json.dumps(summary, indent=2) + "\n")
    return 1 if done.findings else 0
