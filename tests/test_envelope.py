"""What a message's own headers tell: its return path, whether a program may answer it, the original's headers."""

from __future__ import annotations

import pytest
from hypothesis import given
from strategies import any_bytes

from bouncelib import parse_bounce
from bouncelib.envelope import may_answer, return_path
from bouncelib.message import Headers

PERSON = b"From: Ann <ann@library.example>\nTo: clerk@store.example"


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"<>", ""),
        (b"< >", ""),
        (b"", ""),
        (b"<ann@library.example>", "ann@library.example"),
        (b"ann@library.example", "ann@library.example"),
        (b"<MAILER-DAEMON>", "MAILER-DAEMON"),
        (b"<\xff>", "\ufffd"),
    ],
)
def test_return_path(raw: bytes, path: str) -> None:
    assert return_path(raw) == path


@pytest.mark.parametrize(
    ("field", "may"),
    [
        (b"X-Mailer: x", True),
        (b"Auto-Submitted: no", True),
        (b"Auto-Submitted: auto-replied", False),
        (b"Auto-Submitted: auto-generated; x=y", False),
        (b"Precedence: bulk", False),
        (b"Precedence: Junk", False),
        (b"Precedence: first-class", True),
        (b"X-Auto-Response-Suppress: All", False),
        (b"X-Auto-Response-Suppress: None", True),
        (b"List-Id: <x.store.example>", False),
        (b"Return-Path: <>", False),
        (b"Return-Path: <owner-list@store.example>", False),
        (b"Return-Path: <ann@library.example>", True),
        (b"Sender: list-request@store.example", False),
    ],
)
def test_what_a_program_may_answer(field: bytes, may: bool) -> None:
    assert may_answer(Headers(PERSON + b"\n" + field)) is may
    assert parse_bounce(PERSON + b"\n" + field + b"\n\nHello.\n").should_auto_respond is may


@pytest.mark.parametrize(
    "sender", [b"MAILER-DAEMON@x.example", b"no-reply@x.example", b"nobody here", b"", b"bounces+1@x.example"]
)
def test_robots_get_no_answer(sender: bytes) -> None:
    assert not may_answer(Headers(b"From: " + sender))


def test_a_report_is_never_answered() -> None:
    raw = (
        PERSON
        + b"\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; a.example\n\n"
        + b"Final-Recipient: rfc822; a@library.example\n"
    )
    assert not parse_bounce(raw).should_auto_respond


def test_the_original_in_the_notice_is_found() -> None:
    raw = (
        b"From: MAILER-DAEMON@mail.store.example\nSubject: failure notice\n\n"
        b"<ann@library.example>:\nSorry, no mailbox here by that name.\n\n"
        b"--- Below this line is a copy of the message.\n\n"
        b"Return-Path: <clerk@store.example>\nMessage-ID: <7@store.example>\nFrom: clerk@store.example\n"
        b"Subject: a\n folded one\nDate: Mon, 23 Nov 2026 09:00:00 +0000\n\nText.\n"
    )
    original = parse_bounce(raw).original
    assert original is not None
    assert (original.message_id, original.from_) == ("<7@store.example>", "clerk@store.example")
    assert original.subject == "a folded one"
    assert original.date is not None


def test_a_report_without_its_original_says_so() -> None:
    assert parse_bounce(PERSON + b"\n\nSubject: alone\n").original is None


@given(any_bytes)
def test_the_envelope_of_any_bytes(raw: bytes) -> None:
    report = parse_bounce(raw)
    assert report.envelope is report.envelope
    assert isinstance(report.should_auto_respond, bool)
    assert report.return_path is None or isinstance(report.return_path, str)
