"""A page about a run of messages (extra ``report``): figures over time, and each message with its explanation.

It is one file that loads nothing. Its figures are drawn here and need no scripts; the list of messages, which is packed, does.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from bouncelib.htmlreport import charts
from bouncelib.model import Verdict

if TYPE_CHECKING:
    from bouncelib.batch import Parsed
    from bouncelib.model import BounceReport, Recipient

_TOP: Final = 12
_LONGEST: Final = 300
_MOST: Final = 62
"""More days than these are drawn as months, more months as years."""
_GZIP: Final = 31


class _Figures:
    """What is counted, and the packed list, while the messages pass."""

    def __init__(self) -> None:
        self.messages = 0
        self.unread: list[str] = []
        self.kinds: Counter[str] = Counter()
        self.verdicts: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.domains: Counter[str] = Counter()
        self.days: Counter[tuple[str, str]] = Counter()
        self._packer = zlib.compressobj(9, zlib.DEFLATED, _GZIP)
        self._packed: list[bytes] = []

    def add(self, parsed: Parsed) -> None:
        report = parsed.report
        if report is None:
            self.unread.append(str(parsed.error))
            return
        self.messages += 1
        self.kinds[report.kind] += 1
        for one in report.recipients or (None,):
            if one is not None and one.verdict is not Verdict.NONE:
                self._count(report, one)
            self._packed.append(self._packer.compress(_line(parsed.origin, report, one)))

    def _count(self, report: BounceReport, one: Recipient) -> None:
        self.verdicts[one.verdict] += 1
        self.reasons[one.reason or "-"] += 1
        self.faults[one.fault or "-"] += 1
        self.domains[(one.address or "").rpartition("@")[2].lower() or "-"] += 1
        if report.date is not None:
            self.days[report.date.date().isoformat(), one.verdict] += 1

    def packed(self) -> str:
        """Return the list: JSON lines, by gzip, in base64."""
        self._packed.append(self._packer.flush())
        return base64.b64encode(b"".join(self._packed)).decode("ascii")

    def over_time(self) -> list[tuple[str, int, int]]:
        """Return each day, or month or year where there are many, with what bounced hard and soft."""
        days = {day for day, _ in self.days}
        widths = (len("2026-11-24"), len("2026-11"), len("2026"))
        width = next((width for width in widths if len({day[:width] for day in days}) <= _MOST), widths[-1])
        hard: Counter[str] = Counter()
        soft: Counter[str] = Counter()
        for (day, verdict), count in self.days.items():
            (hard if verdict == Verdict.HARD else soft)[day[:width]] += count
        return [(when, hard[when], soft[when]) for when in sorted({day[:width] for day in days})]


def _line(origin: str, report: BounceReport, one: Recipient | None) -> bytes:
    cells = [report.date.isoformat(sep=" ") if report.date else "", origin, str(report.kind)]
    if one is not None:
        cells += [
            *(one.address or one.original_address or "", str(one.verdict), one.reason or "", str(one.fault or "")),
            *(str(one.status or one.smtp_code or ""), (one.diagnostic or "")[:_LONGEST], one.explain()),
        ]
    return json.dumps(cells).encode() + b"\n"


def _ranked(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_TOP]


def write_report(parsed: Iterable[Parsed], out: IO[bytes], *, title: str, sent: int | None = None) -> int:
    """Write a page about `parsed`, as `parse_many` yields it, to `out`; return how many messages could not be read.

    With `sent`, the number of mails that you had sent, it gives rates. The messages are taken one at a time;
    what the page lists of them is held, packed.
    """
    figures = _Figures()
    for one in parsed:
        figures.add(one)
    over_time = figures.over_time()
    tables = [
        (name, heading, rows, Markup(charts.bars(heading, rows)))  # noqa: S704 - drawn by the library, which escapes
        for name, heading, rows in (
            ("reasons", "Why it failed", _ranked(figures.reasons)),
            ("faults", "Whose move it is", _ranked(figures.faults)),
            ("domains", "Where it failed", _ranked(figures.domains)),
        )
        if rows
    ]
    page = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True)
    text = page.get_template("page.html").render(
        title=title,
        figures=figures,
        sent=sent,
        kinds=_ranked(figures.kinds),
        over_time=over_time,
        timeline=Markup(charts.timeline(over_time)) if over_time else None,  # noqa: S704
        tables=tables,
        packed=figures.packed(),
    )
    out.write(text.encode("utf-8"))
    return len(figures.unread)
