"""The values: plain, frozen, comparable, and the same after a trip through JSON or pickle."""

from __future__ import annotations

import json
import pickle
from typing import Any

import attrs
import pytest
from hypothesis import given
from strategies import fixture_mails

from bouncelib import parse_bounce
from bouncelib.model import (
    REASONS,
    BounceReport,
    EnhancedCode,
    Evidence,
    Fault,
    Judgement,
    Kind,
    OriginalMessage,
    Reading,
    Reason,
    Recipient,
    Verdict,
    parse_date,
)
from bouncelib.testing.strategies import codes, evidences, judgements, reports

VALUES = (BounceReport, EnhancedCode, Evidence, Judgement, OriginalMessage, Reading, Recipient)


@given(reports)
def test_a_report_comes_back_from_its_dict(report: BounceReport) -> None:
    plain = report.to_dict()
    assert BounceReport.from_dict(json.loads(json.dumps(plain))) == report
    assert BounceReport.from_dict(plain).to_dict() == plain


@given(reports)
def test_a_report_comes_back_from_its_pickle(report: BounceReport) -> None:
    assert pickle.loads(pickle.dumps(report)) == report  # noqa: S301 - our own bytes


@given(reports)
def test_any_report_can_be_explained_and_shown(report: BounceReport) -> None:
    assert report.explain()
    assert repr(report)
    assert report.is_bounce is (report.kind is Kind.BOUNCE)


def test_the_reports_of_all_fixtures_make_both_trips() -> None:
    for raw in fixture_mails():
        report = parse_bounce(raw)
        packed = pickle.dumps(report)
        plain = report.to_dict()
        assert BounceReport.from_dict(json.loads(json.dumps(plain))) == report
        assert BounceReport.from_dict(plain).to_dict() == plain
        assert pickle.loads(packed) == report  # noqa: S301 - our own bytes


def test_a_report_does_not_hold_the_message() -> None:
    raw = next(raw for raw in reversed(fixture_mails()) if parse_bounce(raw).original)
    marker = b"Zmlsf" * 20_000
    assert len(pickle.dumps(parse_bounce(raw + marker))) < len(marker)


@pytest.mark.parametrize(
    "data", [{}, {"kind": "bounce"}, {"kind": "no such kind", "recipients": [], "original": None}, {"recipients": 1}]
)
def test_what_is_no_report_is_a_value_error(data: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"report|field|bounce"):
        BounceReport.from_dict(data)


@pytest.mark.parametrize("value", VALUES)
def test_values_are_frozen(value: type[Any]) -> None:
    assert attrs.has(value)
    name = attrs.fields(value)[0].name.lstrip("_")
    blank = value.__new__(value)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(blank, name, 1)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(blank, "no_such_attribute", 1)  # noqa: B010 - as mypy cannot know it


@given(evidences, judgements)
def test_a_recipient_shows_what_it_is_made_of(evidence: Evidence, judgement: Judgement) -> None:
    recipient = Recipient(evidence, judgement)
    for part in (evidence, judgement):
        for field in attrs.fields(type(part)):
            if hasattr(type(recipient), field.name):
                assert getattr(recipient, field.name) == getattr(part, field.name)
    assert hash(recipient) == hash(Recipient(evidence, judgement))


@given(codes)
def test_an_enhanced_code_comes_back_from_its_text(code: EnhancedCode) -> None:
    assert EnhancedCode.parse(str(code)) == code


@pytest.mark.parametrize("text", ["", "5", "5.1", "5.1.1.1", "a.b.c", "5.1.x", "5..1"])
def test_what_is_no_enhanced_code_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        EnhancedCode.parse(text)


@pytest.mark.parametrize("text", ["-5.1.1", "5. 1.1", "5.1_0.1", "+5.1.1", "٥.1.1", "6.1.1", "5.1.1000"])
def test_an_enhanced_code_is_digits_and_dots(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        EnhancedCode.parse(text)


def test_enhanced_codes_sort_by_number() -> None:
    assert sorted(map(EnhancedCode.parse, ["5.10.1", "5.2.0", "4.9.9"])) == list(
        map(EnhancedCode.parse, ["4.9.9", "5.2.0", "5.10.1"])
    )


def test_every_reason_has_a_fault_and_a_verdict() -> None:
    assert set(REASONS) == set(Reason)
    hard = {reason for reason, (_, verdict) in REASONS.items() if verdict is Verdict.HARD}
    assert hard == {
        Reason.UNKNOWN_USER,
        Reason.UNKNOWN_HOST,
        Reason.NO_MAIL_ACCEPTED,
        Reason.BAD_ADDRESS,
        Reason.MOVED,
        Reason.DISABLED,
        Reason.SUPPRESSED,
    }
    assert all(REASONS[reason][0] is Fault.RECIPIENT for reason in hard)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Mon, 23 Nov 2026 09:00:00 +0100", "2026-11-23T09:00:00+01:00"),
        ("23 Nov 2026 09:00:00 -0000", "2026-11-23T09:00:00+00:00"),
        ("Mon, 23 Nov 2026 09:00:00", "2026-11-23T09:00:00+00:00"),
        ("Mon, 99 Nov 2026 09:00:00 +0000", None),
        ("Mon, 23 Nov 2026 09:00:00 +9999999999", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_dates(text: str | None, wanted: str | None) -> None:
    date = parse_date(text)
    assert (date.isoformat() if date else None) == wanted
