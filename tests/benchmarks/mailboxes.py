"""Reading and parsing whole mbox files: time and memory by the number of messages."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from .measure import fresh
from .messages import write_mailbox
from .table import Row, Table, amount, duration

if TYPE_CHECKING:
    from collections.abc import Sequence

# The peak of the memory that is the process's own; a mapped file is the system's and goes when somebody needs the room.
_CODE = """
import json, re, resource, sys, time
from bouncelib import parse_bounce
from bouncelib.mailbox import read_mail

def own():
    try:
        return 1024 * int(re.search(r"RssAnon:\\s+(\\d+)", open("/proc/self/status").read())[1])
    except OSError:
        return 0

begin = time.perf_counter()
count = peak = 0
for mail in read_mail(sys.argv[1]):
    parse_bounce(mail.raw)
    count += 1
    if count % 1000 == 0:
        peak = max(peak, own())
taken = time.perf_counter() - begin
resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(json.dumps([count, taken, resident, peak]))
"""


def mailboxes(raws: list[bytes], sizes: Sequence[int]) -> Table:
    """Return time and peak memory for mailboxes of `sizes` messages made of `raws`."""
    rows = []
    first: tuple[float, float] | None = None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "many.mbox"
        for size in sizes:
            write_mailbox(path, raws, size)
            length = path.stat().st_size
            count, taken, resident, own = json.loads(fresh(_CODE, str(path)))
            assert count == size, f"{count} messages were read, not {size}"
            each = taken / size
            first = first or (each, resident)
            rows.append(
                Row(
                    f"{size:,} ({amount(length)})",
                    duration(each),
                    (each / first[0], resident / 1e6, resident / first[1], own / 1e6 or None),
                )
            )
    return Table(
        "Length of a mailbox",
        "An mbox file is read and each message parsed, in a process of its own: time a message, and the most memory that was "
        "resident, both also against the shortest mailbox; and what of it was the process's own, no part of the file.",
        "messages",
        "each",
        ("of the first", "peak in MB", "of the first", "own in MB"),
        rows,
    )
