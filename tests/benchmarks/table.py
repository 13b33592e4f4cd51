"""What a section found, and how it is written down."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Row(NamedTuple):
    """One case: what it took, and how that compares, a ratio a column of the table."""

    case: str
    taken: str
    ratios: tuple[float | None, ...]


class Table(NamedTuple):
    """The rows of one section."""

    title: str
    says: str
    """What the ratios are, in one sentence."""
    case: str
    taken: str
    columns: tuple[str, ...]
    rows: Sequence[Row]

    def markdown(self) -> str:
        """Return the section as Markdown."""
        lines = [f"### {self.title}", "", self.says, "", _line((self.case, self.taken, *self.columns))]
        lines.append(_line(("---", "---:", *("---:" for _ in self.columns))))
        lines += [_line((row.case, row.taken, *map(_number, row.ratios))) for row in self.rows]
        return "\n".join(lines) + "\n"


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _number(ratio: float | None) -> str:
    if ratio is None:
        return ""
    return f"{ratio:.0f}" if ratio >= 99.5 else f"{ratio:.1f}" if ratio >= 9.95 else f"{ratio:.2f}"


def duration(seconds: float) -> str:
    """Return `seconds` with the unit that fits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.0f} µs"


def amount(size: float) -> str:
    """Return `size` in bytes with the unit that fits."""
    for unit, one in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= one:
            return f"{size / one:.3g} {unit}"
    return f"{size:.0f} bytes"
