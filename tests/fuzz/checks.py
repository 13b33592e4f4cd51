"""What must hold for any bytes whatever."""

from __future__ import annotations

import json
import re
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bouncelib import BounceReport, parse_bounce
from bouncelib.testing import stands

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from bouncelib.model import EnhancedCode

# The controls of ASCII and of Latin-1, a line break by any name, and what turns the direction of a text's reader to another line.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_IN_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# Where JSON escapes nothing but quotes, a text holds none of these.
_SUSPECT = re.compile(r"\\[^\"]|[\x7f-\x9f\u2028\u2029]")
# Texts of several lines as servers send them.
_LINES = frozenset({"diagnostic", "unwrapped"})


class Hang(BaseException):
    """A message took longer than it may; no `except Exception` on the way must swallow that."""


@contextmanager
def alarm(seconds: float) -> Iterator[None]:
    """Raise `Hang` where the block takes more than `seconds` of the processor; on systems without such a timer, never."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise Hang

    before = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def check(raw: bytes) -> BounceReport:
    """Return the report of `raw`; raise `AssertionError` where anything that is promised does not hold."""
    report = parse_bounce(raw)
    plain = report.to_dict()
    assert parse_bounce(raw) == report, "another answer the second time"
    assert BounceReport.from_dict(plain) == report, "from_dict() brings back something else"
    # What is planned for is a note by name, not an exception that somebody caught.
    failed = [defect for defect in report.defects if "failed: " in defect and not defect.startswith("format flufl")]
    assert not failed, failed
    _check_text(report.explain(), "explain()", _CONTROL_IN_TEXT)
    as_json = json.dumps(plain, ensure_ascii=False)
    # Whoever writes it to a file or a database must be able to.
    as_json.encode("utf-8")
    if _SUSPECT.search(as_json):
        _check_controls(plain, "to_dict()")
    for one in report.recipients:
        for address in (one.address, one.original_address):
            _check_address(address, raw)
        _check_status(one.status, raw)
        if one.smtp_code is not None:
            assert re.fullmatch(r"[2-5][0-9]{2}", one.smtp_code), one.smtp_code
            assert stands(one.smtp_code, raw), f"invented reply {one.smtp_code}"
        if one.reason_base is None:
            assert str(one.verdict) == "none", f"{one.verdict} without a reason"
    _check_address(report.new_address, raw)
    return report


def _check_address(address: str | None, raw: bytes) -> None:
    if address is not None:
        assert address.strip(), "an empty address"
        assert address.isprintable(), f"control characters in {address!r}"
        assert stands(address, raw), f"invented address {address!r}"


def _check_status(status: EnhancedCode | None, raw: bytes) -> None:
    if status is None or stands(str(status), raw):
        return
    # As some write it: 5.01.001, or with a fold in between.
    loose = re.compile(rf"{status.class_}\D{{1,4}}0*{status.subject}\D{{1,4}}0*{status.detail}")
    assert loose.search(raw.decode("latin-1")), f"invented status {status}"


def _check_controls(value: Any, where: str) -> None:
    if isinstance(value, str):
        name = where.rpartition(".")[2]
        _check_text(value, where, _CONTROL_IN_TEXT if name in _LINES else _CONTROL)
    elif isinstance(value, dict):
        for key, inner in value.items():
            _check_controls(inner, f"{where}.{key}")
    elif isinstance(value, list):
        for inner in value:
            _check_controls(inner, where)


def _check_text(text: str, where: str, controls: re.Pattern[str]) -> None:
    found = controls.search(text)
    if found:
        raise AssertionError(f"control character {found[0]!r} in {where}: {text[max(0, found.start() - 60) :][:120]!r}")
