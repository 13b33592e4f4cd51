"""The coverage-guided target: `python -m tests.fuzz.guided [options of libFuzzer] [folder of a corpus]` (extra `fuzz`).

libFuzzer watches which lines of bouncelib a message reaches, and keeps those that reach new ones. A message that breaks a
promise is written to the current folder; `-runs=N` or `-max_total_time=SECONDS` ends the run. Needs atheris, which is built
for Linux and macOS.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["bouncelib"]):
    from .checks import alarm, check
    from .mutate import MOST, fixtures

    # What a first parse imports is to be instrumented too.
    check(b"Subject: Undelivered Mail Returned to Sender\n\n<ann@library.example>: 550 5.1.1 User unknown\n")

SECONDS = 10


def one(raw: bytes) -> None:
    with alarm(SECONDS):
        check(raw)


def main() -> None:
    with tempfile.TemporaryDirectory() as seeds:
        for number, raw in enumerate(fixtures()):
            (Path(seeds) / f"{number}.eml").write_bytes(raw)
        # libFuzzer writes what it keeps to the first folder, and only reads the others.
        folders = [word for word in sys.argv[1:] if not word.startswith("-")]
        kept = [] if folders else [tempfile.mkdtemp(prefix="bouncelib-fuzz-")]
        atheris.Setup([sys.argv[0], f"-max_len={MOST}", *sys.argv[1:], *kept, seeds], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
