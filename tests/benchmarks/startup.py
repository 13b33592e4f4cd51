"""What the first import and the first parse cost, each in an interpreter of its own."""

from __future__ import annotations

import tempfile
from statistics import median

from .measure import fresh
from .messages import report_with_original
from .table import Row, Table, duration

BASE = "import attrs"
CASES = (
    (BASE, BASE),
    ("import bouncelib", "import bouncelib"),
    ("from bouncelib import parse_bounce", "from bouncelib import parse_bounce"),
    ("the same, and a first parse", "from bouncelib import parse_bounce; parse_bounce(raw)"),
    ("import email, and a first parse", "import email; email.message_from_bytes(raw)"),
    (
        "import flufl.bounce, and a first parse",
        "import email; from flufl.bounce import scan_message; scan_message(email.message_from_bytes(raw))",
    ),
    ("import mailparser, and a first parse", "import mailparser; mailparser.parse_from_bytes(raw)"),
)
_CODE = "import time\nraw = {raw!r}\nbegin = time.perf_counter()\n{statement}\nprint(time.perf_counter() - begin)"


def startup(repeats: int) -> Table:
    """Return what a first import and parse take."""
    raw = report_with_original(2_000)
    codes = [_CODE.format(raw=raw, statement=statement) for _, statement in CASES]
    with tempfile.TemporaryDirectory() as cache:
        settings = {"PYTHONPYCACHEPREFIX": cache}
        # The first turn compiles.
        turns = [[float(fresh(code, settings=settings)) for code in codes] for _ in range(repeats + 1)][1:]
    base = [turn[0] for turn in turns]
    rows = [
        Row(
            f"`{name}`" if name.count("import") == 1 and "," not in name else name,
            duration(median(turn[place] for turn in turns)),
            (median(turn[place] / first for turn, first in zip(turns, base, strict=True)),),
        )
        for place, (name, _) in enumerate(CASES)
    ]
    return Table(
        "Start",
        f"Each in a fresh interpreter, with compiled modules; the ratio is to `{BASE}`.",
        "what",
        "time",
        ("of attrs",),
        rows,
    )
