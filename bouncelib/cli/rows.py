"""Reports as rows: one a recipient, and one for a message that names none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from attrs import evolve

if TYPE_CHECKING:
    from bouncelib.model import BounceReport, Recipient

Row = dict[str, str | None]
"""The values by their names, those of a recipient and of its message."""


_RECIPIENT: Final = (
    "address", "original_address", "action", "verdict", "reason", "fault", "advice", "confidence", "rule", "status",
    "smtp_code", "diagnostic", "remote_mta", "host", "stage", "refused", "blocklist", "retry_after", "help_url",
)  # fmt: skip
_REPORT: Final = ("format", "genuine", "reporting_mta", "envelope_id", "queue_id", "new_address", "date")
_ORIGINAL: Final = ("message_id", "subject", "list_id")
FIELDS: Final = ("origin", "kind", *_RECIPIENT, *_REPORT, *_ORIGINAL)
"""The names of all columns. `message_id`, `subject` and `list_id` are those of the message that came back."""


def rows(origin: str, report: BounceReport, fields: Sequence[str]) -> Iterator[Row]:
    """Yield a row with `fields` for each recipient of `report`, and one where there is none."""
    for one in report.recipients or (None,):
        yield {name: origin if name == "origin" else _cell(name, report, one) for name in fields}


def _cell(name: str, report: BounceReport, one: Recipient | None) -> str | None:
    of = one if name in _RECIPIENT else report.original if name in _ORIGINAL else report
    value = getattr(of, name, None)
    if value is None:
        return None
    return value.isoformat() if isinstance(value, datetime) else str(value)


def selected(
    report: BounceReport, *, only: Sequence[str], kinds: Sequence[str], since: datetime | None
) -> BounceReport | None:
    """Return `report` with the recipients whose verdict is in `only`, or None where it is none of those asked for.

    Where nothing is asked for, all is taken. A report without a date is none of those `since` a date.
    """
    if kinds and report.kind not in kinds:
        return None
    if since is not None and (report.date is None or report.date < since):
        return None
    if not only:
        return report
    chosen = tuple(one for one in report.recipients if one.verdict in only)
    return evolve(report, recipients=chosen) if chosen else None
