"""`BounceParser`: every dress that a message comes in, any bytes, and the same report each time."""

from __future__ import annotations

import email
import email.policy
import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import pytest
from hypothesis import given
from strategies import any_bytes, fixture_mails

from bouncelib import CATALOGUE, DEFAULT_RULES, BounceParser, parse_bounce
from bouncelib.message import Limits
from bouncelib.model import BounceReport, Confidence, Kind, Verdict
from bouncelib.parser import default_parser, to_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

RAW = b"""\
From: MAILER-DAEMON@mail.store.example
To: clerk@store.example
Subject: Undelivered
Content-Type: multipart/report; report-type=delivery-status; boundary="bb"

--bb

It failed.
--bb
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.store.example
X-Queue-ID: 4F1

Final-Recipient: rfc822; ann@library.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 User unknown

--bb
Content-Type: message/rfc822

Message-ID: <1@store.example>
From: clerk@store.example
Subject: Hello

Text.
--bb--
"""


def as_file(raw: bytes) -> BinaryIO:
    file: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the test
    file.write(raw)
    file.seek(0)
    return file


@pytest.mark.parametrize(
    "dress",
    [bytes, bytearray, memoryview, bytes.decode, io.BytesIO, email.message_from_bytes,
     lambda raw: email.message_from_bytes(raw, policy=email.policy.default),
     lambda raw: memoryview(raw + b"x")[: len(raw)], lambda raw: io.StringIO(raw.decode())],
)  # fmt: skip
def test_every_dress_gives_the_same_report(dress: Callable[[bytes], Any]) -> None:
    assert parse_bounce(dress(RAW)) == parse_bounce(RAW)


def test_an_open_file_is_read() -> None:
    with as_file(RAW) as file:
        assert parse_bounce(file) == parse_bounce(RAW)


@pytest.mark.parametrize("thing", [None, 5, 5.0, [RAW], {"raw": RAW}, object(), type])
def test_anything_else_is_a_type_error_that_names_it(thing: Any) -> None:
    with pytest.raises(TypeError, match=type(thing).__name__):
        parse_bounce(thing)


@pytest.mark.parametrize("text", ["\ud800", "\udc80 Subject: x", "\U0010ffff", "A: \ud83d\n\n\udcff"])
def test_lone_surrogates_are_no_error(text: str) -> None:
    assert parse_bounce(text).kind is Kind.OTHER


def test_surrogate_escapes_are_the_bytes_that_they_stand_for() -> None:
    assert to_bytes(b"\xe9\xff".decode("utf-8", "surrogateescape")) == b"\xe9\xff"


def test_message_objects_that_email_cannot_write() -> None:
    for raw in (
        b"Content-Type: text/plain; charset=\xff\n\n\xe9",
        b"From: \xff\nTo: =?x?q?=ff?=\n\n\xff",
        b"\xff: \xff\n\n\n",
    ):
        assert parse_bounce(email.message_from_bytes(raw)).kind is Kind.OTHER
        assert parse_bounce(email.message_from_bytes(raw, policy=email.policy.default)).kind is Kind.OTHER


def test_everything_of_the_report_is_there() -> None:
    report = parse_bounce(RAW)
    (ann,) = report.recipients
    assert report.kind is Kind.BOUNCE
    assert report.format == "rfc3464"
    assert report.reporting_mta == "mail.store.example"
    assert report.queue_id == "4F1"
    assert report.original is not None
    assert report.original.message_id == "<1@store.example>"
    assert (ann.address, str(ann.status), ann.smtp_code, ann.verdict) == (
        "ann@library.example",
        "5.1.1",
        "550",
        Verdict.HARD,
    )
    assert report.defects == ()


def test_empty_input_is_other() -> None:
    for raw in (b"", "", b"\n", b"\r\n\r\n", b"\0"):
        report = parse_bounce(raw)
        assert (report.kind, report.recipients) == (Kind.OTHER, ())


@given(any_bytes)
def test_any_bytes_give_a_report_twice_the_same(raw: bytes) -> None:
    report = parse_bounce(raw)
    again = parse_bounce(raw)
    assert isinstance(report, BounceReport)
    assert report == again
    assert report.explain() == again.explain()
    assert report.to_dict() == again.to_dict()


@given(any_bytes)
def test_every_dress_of_any_bytes_is_read(raw: bytes) -> None:
    assert parse_bounce(memoryview(raw)) == parse_bounce(raw)
    assert isinstance(parse_bounce(raw.decode("latin-1")), BounceReport)
    assert isinstance(parse_bounce(email.message_from_bytes(raw)), BounceReport)


def test_a_parser_of_ones_own_touches_nothing_else() -> None:
    bare = BounceParser(formats=[], rules=[])
    assert bare.parse(RAW).kind is Kind.OTHER
    assert bare.classify_response("550 5.1.1 User unknown").rule == "standard/undetermined"
    assert parse_bounce(RAW).kind is Kind.BOUNCE


def test_the_default_parser_is_built_once_and_with_what_is_shipped() -> None:
    assert default_parser() is default_parser()
    assert BounceParser(formats=CATALOGUE, rules=DEFAULT_RULES).parse(RAW) == parse_bounce(RAW)


def test_limits_reach_the_message() -> None:
    group = b"Final-Recipient: rfc822; r%d@library.example\nAction: failed\nStatus: 5.1.1\n\n"
    raw = b"Content-Type: message/delivery-status\n\n" + b"".join(group % n for n in range(50))
    report = BounceParser(limits=Limits(recipients=10)).parse(raw)
    assert len(report.recipients) == 10
    assert report.defects == ("recipients cut at 10",)
    assert len(parse_bounce(raw).recipients) == 50


def test_a_judge_of_ones_own_has_the_first_word() -> None:
    usual = parse_bounce(RAW).recipients[0].judgement
    parser = BounceParser(judges=[lambda seen: usual if seen.address == "ann@library.example" else None])
    assert parser.parse(RAW).recipients[0].judgement is usual


def test_reports_of_the_generic_reader_are_of_low_confidence() -> None:
    for raw in fixture_mails():
        report = parse_bounce(raw)
        if report.format == "generic" and report.is_bounce:
            failed = [one for one in report.recipients if one.verdict is not Verdict.NONE]
            assert failed
            assert all(one.confidence is Confidence.LOW for one in failed)


def test_what_a_limit_cuts_is_a_defect() -> None:
    raw = (Path(__file__).parent.parent / "fixtures/textbook/refused-in-session-postfix.eml").read_bytes()
    limits = Limits(notice_bytes=100, status_bytes=200, diagnostic_chars=10)
    report = BounceParser(limits=limits).parse(raw)
    assert any("delivery status cut at 200" in defect for defect in report.defects)
    text = (
        b"From: MAILER-DAEMON@x.example\nSubject: failure notice\nReturn-Path: <>\n\n<ann@library.example>:\n550 "
        + b"no " * 99
    )
    report = BounceParser(limits=limits).parse(text)
    assert "notice cut at 100 bytes" in report.defects
    assert "diagnostic cut at 10 characters" in report.defects


def test_an_alias_is_not_dead_where_one_of_its_members_is() -> None:
    group = "Final-Recipient: rfc822; team@library.example\nAction: failed\n"
    raw = (
        "From: MAILER-DAEMON@x.example\nSubject: Mail delivery failed\nContent-Type: multipart/report; boundary=b\n\n"
        "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x.example\n\n"
        f"{group}Status: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\n\n"
        f"{group}Status: 5.2.2\nDiagnostic-Code: smtp; 552 5.2.2 Mailbox full\n--b--\n"
    )
    (recipient,) = parse_bounce(raw).recipients
    assert recipient.verdict is Verdict.SOFT
