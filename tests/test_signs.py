"""The outward signs of a message: who it says it is from, how its subject opens, whether that is a failure report."""

from __future__ import annotations

import pytest
from hypothesis import given
from strategies import any_bytes

from bouncelib.message import Message
from bouncelib.signs import Signs, fold


def signs(*lines: str) -> Signs:
    return Signs(Message(("\n".join(lines) + "\n\nText.\n").encode()))


@pytest.mark.parametrize(
    ("sender", "daemon"),
    [
        ("MAILER-DAEMON@mail.store.example", True),
        ("Mail Delivery Subsystem <mailer-daemon@store.example>", True),
        ("postmaster@store.example", True),
        ('"Mail Delivery System" <noreply@store.example>', True),
        ("<>", True),
        ("Ann Lee <ann@library.example>", False),
        ("newsletter@store.example", False),
    ],
)
def test_who_is_a_mail_system(sender: str, daemon: bool) -> None:
    assert signs(f"From: {sender}").from_daemon is daemon


@pytest.mark.parametrize(
    ("subject", "failure"),
    [
        ("Undelivered Mail Returned to Sender", True),
        ("Delivery Status Notification (Failure)", True),
        ("Mail delivery failed: returning message to sender", True),
        ("failure notice", True),
        ("Returned mail: see transcript for details", True),
        ("=?utf-8?q?Unzustellbar=3A_Hallo?=", True),
        ("=?utf-8?q?=C3=89chec_de_la_remise?=", True),
        ("Hello", False),
        ("The failure of modern art", False),
        ("", False),
    ],
)
def test_how_subjects_of_failure_reports_open(subject: str, failure: bool) -> None:
    assert signs(f"Subject: {subject}").failure_subject is failure


@pytest.mark.parametrize(
    ("path", "null"),
    [("<>", True), ("< >", True), ("<MAILER-DAEMON@store.example>", True), ("<ann@library.example>", False)],
)
def test_the_null_return_path(path: str, null: bool) -> None:
    assert signs(f"Return-Path: {path}").null_return_path is null
    assert signs("From: ann@library.example").null_return_path is False


@pytest.mark.parametrize(
    ("media", "body", "letter"),
    [
        ("text/plain", "Hello", True),
        ("multipart/alternative; boundary=b", "--b\n\nHello\n--b--\n", True),
        ("multipart/mixed; boundary=b", "--b\nContent-Type: image/png\n\n-\n--b--\n", True),
        ("multipart/mixed; boundary=b", "--b\nContent-Type: message/rfc822\n\nSubject: a\n--b--\n", False),
        ("multipart/mixed; boundary=b", "--b\nContent-Type: Message/Delivery-Status\n\n-\n--b--\n", False),
        ("multipart/mixed; boundary=b", "--b\n\nFinal-Recipient: rfc822; ann@library.example\n--b--\n", False),
        ("message/rfc822", "Subject: a\n", False),
        ("multipart/report; boundary=b", "--b\n\nHello\n--b--\n", False),
    ],
)
def test_a_letter_holds_nothing_for_machines(media: str, body: str, letter: bool) -> None:
    raw = f"From: Ann <ann@library.example>\nSubject: Hello\nContent-Type: {media}\n\n{body}".encode()
    assert Signs(Message(raw)).letter is letter
    assert not Signs(Message(b"Return-Path: <>\n" + raw)).letter


def test_ordinary_mail_is_not_plausible() -> None:
    assert not signs("From: Ann <ann@library.example>", "Subject: Hello").plausible
    assert signs(
        "From: Ann <ann@library.example>", "Subject: Hello", "X-Failed-Recipients: a@library.example"
    ).plausible


@pytest.mark.parametrize(
    ("text", "folded"), [("ABC", "abc"), ("Échec", "echec"), ("ZPRÁVA", "zprava"), ("配信", "配信"), ("", "")]
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(any_bytes)
def test_any_bytes_show_signs(raw: bytes) -> None:
    found = Signs(Message(raw))
    assert isinstance(found.plausible, bool)
    assert isinstance(found.subject, str)
    assert isinstance(found.sender_keys, tuple)
