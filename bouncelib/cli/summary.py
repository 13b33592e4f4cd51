"""What a run amounts to: kinds, rates, reasons, faults, domains, and what was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import click

from bouncelib.cli.output import clean
from bouncelib.model import Verdict

if TYPE_CHECKING:
    from bouncelib.model import BounceReport

_TOP: Final = 10


class Summary:
    """The counts of a run."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.messages = 0
        self.left_out = 0
        self.unread = 0
        self._kinds: Counter[str] = Counter()
        self._verdicts: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._faults: Counter[str] = Counter()
        self._domains: Counter[str] = Counter()
        self._defects = 0

    def add(self, report: BounceReport) -> None:
        """Count `report`."""
        self.messages += 1
        self._kinds[report.kind] += 1
        self._defects += bool(report.defects)
        for one in report.recipients:
            if one.verdict is Verdict.NONE:
                continue
            self._verdicts[one.verdict] += 1
            self._reasons[one.reason or "-"] += 1
            self._faults[one.fault or "-"] += 1
            domain = (one.address or "").rpartition("@")[2].lower()
            if domain:
                self._domains[domain] += 1

    def show(self, sent: int | None) -> None:
        """Print the counts on standard error; with `sent`, the number of mails sent, the rates too."""
        for line in self._lines(sent):
            click.echo(clean(line), err=True)

    def _lines(self, sent: int | None) -> Iterator[str]:
        yield f"messages   {self.messages}" + _counts(self._kinds)
        hard, soft = self._verdicts["hard"], self._verdicts["soft"]
        if sent:
            yield f"hard       {hard} ({hard / sent:.2%} of {sent} sent)"
            yield f"soft       {soft} ({soft / sent:.2%})"
            yield f"bounced    {hard + soft} ({(hard + soft) / sent:.2%})"
        else:
            yield f"recipients {hard + soft}" + _counts(self._verdicts)
        for name, counts in (("reasons", self._reasons), ("faults", self._faults), ("domains", self._domains)):
            if counts:
                yield f"{name:<10} {_ranked(counts)}"
        if self._defects:
            yield f"damaged    {self._defects} (read as far as they go; see `defects`)"
        if self.left_out:
            yield f"left out   {self.left_out} (not asked for)"
        if self.unread:
            yield f"unread     {self.unread} (complained of above)"


def _ranked(counts: Counter[str]) -> str:
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown = ", ".join(f"{name} {count}" for name, count in ranked[:_TOP])
    rest = len(ranked) - _TOP
    return shown if rest <= 0 else f"{shown}, and {rest} more"


def _counts(counts: Counter[str]) -> str:
    return f" ({_ranked(counts)})" if counts else ""
