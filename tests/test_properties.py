"""What holds for every message: whatever bytes arrive, a report comes back; whatever it reports stands in the bytes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from strategies import damaged_fixtures, fixture_mails

from bouncelib import parse_bounce
from bouncelib.model import Action, BounceReport, Kind, Verdict
from bouncelib.testing import stands
from bouncelib.testing.strategies import Dsn, dsns


def reported(report: BounceReport) -> list[str]:
    found = [address for one in report.recipients for address in (one.address, one.original_address) if address]
    return [*found, *([report.new_address] if report.new_address else [])]


def check_that_addresses_stand(raw: bytes) -> None:
    report = parse_bounce(raw)
    for address in reported(report):
        assert address.isprintable(), address
        assert stands(address, raw), (report.format, address)


def test_what_the_fixtures_report_stands_in_them() -> None:
    for raw in fixture_mails():
        check_that_addresses_stand(raw)


@given(damaged_fixtures())
def test_what_damaged_mail_reports_stands_in_it(raw: bytes) -> None:
    check_that_addresses_stand(raw)


def check_that_a_report_is_sound(report: BounceReport) -> None:
    actions = {one.action for one in report.recipients}
    for one in report.recipients:
        assert one.address or one.original_address
        assert one.smtp_code is None or (len(one.smtp_code) == 3 and one.smtp_code.isdigit())
        if one.action in {Action.DELIVERED, Action.RELAYED, Action.EXPANDED}:
            assert one.verdict is Verdict.NONE
        if one.action is Action.DELAYED:
            assert one.verdict is not Verdict.HARD
        if report.kind not in {Kind.BOUNCE, Kind.DELAY, Kind.SUCCESS}:
            assert one.verdict is Verdict.NONE
    if report.kind is Kind.DELAY:
        assert Action.FAILED not in actions
    if report.kind is Kind.SUCCESS:
        assert actions <= {Action.DELIVERED, Action.RELAYED, Action.EXPANDED}


def test_the_reports_of_fixtures_are_sound() -> None:
    for raw in fixture_mails():
        check_that_a_report_is_sound(parse_bounce(raw))


@given(damaged_fixtures())
def test_the_reports_of_damaged_mail_are_sound(raw: bytes) -> None:
    report = parse_bounce(raw)
    check_that_a_report_is_sound(report)
    assert BounceReport.from_dict(report.to_dict()) == report


@given(dsns())
def test_what_a_delivery_report_says_comes_out_whatever_its_dress(dsn: Dsn) -> None:
    report = parse_bounce(dsn.raw)
    assert [(one.address, one.action, str(one.status), one.diagnostic) for one in report.recipients] == list(
        dsn.recipients
    )
    actions = {action for _, action, _, _ in dsn.recipients}
    kind = Kind.BOUNCE if Action.FAILED in actions else Kind.DELAY if Action.DELAYED in actions else Kind.SUCCESS
    assert report.kind is kind
    check_that_a_report_is_sound(report)


@given(dsns(st.sampled_from([Action.DELAYED, Action.DELIVERED, Action.RELAYED, Action.EXPANDED])))
def test_success_and_delay_are_never_hard(dsn: Dsn) -> None:
    assert all(one.verdict is not Verdict.HARD for one in parse_bounce(dsn.raw).recipients)


@given(dsns(), st.sampled_from([b"message/rfc822", b"text/rfc822-headers", b"text/html", b"application/pdf"]))
def test_a_part_after_the_report_changes_no_verdict(dsn: Dsn, media: bytes) -> None:
    end = b"\r\n" if b"\r\n" in dsn.raw else b"\r" if b"\r" in dsn.raw else b"\n"
    extra = b"--=_b\nContent-Type: " + media + b"\n\nTo: nobody@store.example\n\n550 5.1.1 User unknown\n--=_b--\n"
    more = dsn.raw.removesuffix(b"--=_b--" + end) + extra.replace(b"\n", end)
    assert parse_bounce(more).recipients == parse_bounce(dsn.raw).recipients


@given(dsns(), st.integers(0, 10))
def test_headers_that_say_nothing_change_nothing(dsn: Dsn, count: int) -> None:
    end = b"\r\n" if b"\r\n" in dsn.raw else b"\r" if b"\r" in dsn.raw else b"\n"
    more = b"".join(b"X-Nothing-%d: a%s b%s" % (n, end, end) for n in range(count)) + dsn.raw
    assert parse_bounce(more).recipients == parse_bounce(dsn.raw).recipients
