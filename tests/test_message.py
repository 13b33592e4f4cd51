"""The lazy view of a message: what it finds, what it bounds, what it notes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from strategies import any_bytes, fixture_mails

from bouncelib.message import Headers, Limits, Message, full_mail, split_groups
from bouncelib.testing.damage import LINE_ENDS

REPORT = b"""\
From: MAILER-DAEMON@mail.store.example
Subject: Undelivered
Content-Type: multipart/report; report-type=delivery-status; boundary="bb"

A preamble.
--bb
Content-Type: text/plain; charset=utf-8

It failed.
--bb
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.store.example

Final-Recipient: rfc822; ann@library.example
Action: failed
--bb
Content-Type: message/rfc822

From: ann@store.example
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=

The text of it.
--bb--
An epilogue.
"""
GROUPS = [
    [("Reporting-MTA", "dns; mail.store.example")],
    [("Final-Recipient", "rfc822; ann@library.example"), ("Action", "failed")],
]
ENDS = pytest.mark.parametrize("end", [*LINE_ENDS, b"\r\r\n"], ids=["LF", "CRLF", "CR", "CRCRLF"])


def types(message: Message) -> list[str]:
    return [part.content_type for part in message.parts()]


def everything(message: Message) -> tuple[object, ...]:
    """All that a view offers, asked for once."""
    return (
        [*message.headers.items()],
        message.headers.decoded(50),
        message.headers.names(),
        [(part.content_type, part.body(10_000), part.text(10_000), part.fields(10_000)) for part in message.parts()],
        message.notice,
        message.lines,
        message.plain,
        message.html,
        message.attachments,
        message.status_groups,
        message.original,
        message.defects,
    )


@ENDS
def test_a_report_is_found_whatever_its_line_ends(end: bytes) -> None:
    message = Message(REPORT.replace(b"\n", end))
    assert message.media == "multipart/report"
    assert types(message) == ["text/plain", "message/delivery-status", "message/rfc822"]
    assert message.notice == "It failed."
    assert message.lines == ["It failed."]
    assert message.status_groups == GROUPS
    original = message.original
    assert original is not None
    assert Headers(original).get(b"subject") == "Grüße"
    assert message.defects == []


@ENDS
def test_a_mailbox_line_and_blank_lines_before_the_header_are_passed_over(end: bytes) -> None:
    for before in (
        b"From MAILER-DAEMON Mon Nov 23 09:00:00 2026\n",
        b"\n\n",
        b"\n>From ann\nFrom x\n",
        b"\xef\xbb\xbf",
    ):
        message = Message((before + REPORT).replace(b"\n", end))
        assert message.headers.get(b"subject") == "Undelivered"
        assert message.status_groups == GROUPS


@pytest.mark.parametrize(
    ("declared", "defect"),
    [
        (b"boundary=bb", None),
        (b"BOUNDARY = bb", None),
        (b'boundary="bb', None),
        (b'boundary="bb" ', None),
        (b"boundary*=us-ascii''bb", None),
        (b"boundary*0=b; boundary*1=b", None),
        (b'boundary="other"', "multipart with a wrong boundary"),
        (b'boundary=""', "multipart without a boundary parameter"),
        (b"charset=utf-8", "multipart without a boundary parameter"),
    ],
)
def test_boundaries_as_they_are_met(declared: bytes, defect: str | None) -> None:
    message = Message(REPORT.replace(b'boundary="bb"', declared))
    assert message.status_groups == GROUPS
    assert message.defects == ([defect] if defect else [])


def test_a_multipart_without_delimiters_is_text() -> None:
    message = Message(b"Content-Type: multipart/mixed; boundary=x\n\nOnly text.\n")
    assert types(message) == ["text/plain"]
    assert message.notice == "Only text.\n"
    assert message.defects == ["multipart without its boundary"]


def test_an_unterminated_multipart_is_read_and_noted() -> None:
    message = Message(REPORT.partition(b"--bb--")[0])
    assert message.status_groups == GROUPS
    assert len(types(message)) == 3
    assert "multipart without its end" in message.defects


@pytest.mark.parametrize("encoding", [b"base64", b"BASE64", b"quoted-printable"])
def test_an_encoded_status_part_is_decoded(encoding: bytes) -> None:
    plain = b"Final-Recipient: rfc822; ann@library.example\nAction: failed\n"
    body = plain
    if encoding.lower() == b"base64":
        body = b"RmluYWwtUmVjaXBpZW50OiByZmM4MjI7IGFubkBsaWJyYXJ5LmV4YW1wbGUKQWN0aW9uOiBmYWlsZWQK"
    raw = b"Content-Type: message/delivery-status\nContent-Transfer-Encoding: " + encoding + b"\n\n" + body
    assert Message(raw).status_groups == GROUPS[1:]
    # Declared and not done.
    assert Message(raw.replace(body, plain)).status_groups == GROUPS[1:]


def test_a_part_without_a_blank_line_does_not_swallow_the_next() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: image/png\n--x\n\nText.\n--x--\n"
    assert types(Message(raw)) == ["image/png", "text/plain"]


def test_the_inner_delimiter_may_begin_with_the_outer_one() -> None:
    raw = (
        b"Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: multipart/mixed; boundary=xx\n\n"
        b"--xx\n\none\n--xx--\n--x\n\ntwo\n--x--\n"
    )
    assert [part.body(99) for part in Message(raw).parts()] == [b"one", b"two"]


def test_html_speaks_where_there_is_no_plain_text() -> None:
    message = Message(b"Content-Type: text/html\n\n<style>x</style><p>It&nbsp;failed &lt;now&gt;</p>")
    assert message.notice.strip() == "It failed <now>"


def test_the_first_of_two_equal_fields_counts_and_names_have_no_case() -> None:
    headers = Headers(b"SUBJECT: one\nSubject: two\nX-Long: a\n\tb\n  c\nempty:")
    assert headers.get(b"subject") == "one"
    assert headers.get(b"x-long") == "a b c".replace(" b", "\tb").replace("\t", " ").replace("  ", " ")
    assert headers.get(b"empty") == ""
    assert headers.get(b"absent") is None
    assert headers.names() == {b"subject", b"x-long", b"empty"}
    assert [name for name, _ in headers.items()] == [b"SUBJECT", b"Subject", b"X-Long", b"empty"]
    assert headers.decoded(2) == (("SUBJECT", "one"), ("Subject", "two"))


@pytest.mark.parametrize(
    ("raw", "limits", "defect"),
    [
        (b"A: b\n" * 200, Limits(header_bytes=100), "header block cut at 100 bytes"),
        (
            b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x\n\na\n" * 50 + b"--x--\n",
            Limits(parts=10),
            "MIME parts cut at 10",
        ),
        (
            b"Content-Type: multipart/mixed; boundary=x0\n\n"
            + b"".join(b"--x%d\nContent-Type: multipart/mixed; boundary=x%d\n\n" % (n, n + 1) for n in range(9))
            + b"--x9\n\ntext\n",
            Limits(depth=4),
            "MIME nesting cut at 4 levels",
        ),
        (b"no colon here\n\nText.\n", Limits(), "no header"),
    ],
)
def test_limits_are_honoured_and_noted(raw: bytes, limits: Limits, defect: str) -> None:
    message = Message(raw, limits)
    everything(message)
    assert defect in message.defects
    assert len(types(message)) <= limits.parts
    assert all(part.depth <= limits.depth for part in message.parts())
    assert len(message.headers.block) <= limits.header_bytes


def test_the_notice_and_the_status_are_cut() -> None:
    assert len(Message(b"A: b\n\n" + b"x" * 500, Limits(notice_bytes=100)).notice) == 100
    assert len(Message(b"A: b\n\n" + "€".encode() * 500, Limits(notice_bytes=100)).notice) <= 100
    raw = b"Content-Type: message/delivery-status\n\n" + b"Final-Recipient: rfc822; a@library.example\n\n" * 100
    assert len(Message(raw, Limits(status_bytes=450)).status_groups) <= 11


def test_nothing_after_the_header_block_of_the_original_is_looked_at() -> None:
    class Watched(bytes):
        pass

    message = Message(Watched(REPORT))
    assert message.original == b"From: ann@store.example\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?="
    assert b"The text of it" not in b"".join(part.body(999) for part in message.plain)


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("", []),
        ("\n\n\n", []),
        ("A: b", [[("A", "b")]]),
        ("A: b\nC: d\n\n\n \nE: f\n", [[("A", "b"), ("C", "d")], [("E", "f")]]),
        ("A: b\n c\n\td", [[("A", "b c d")]]),
        ("A: b\nnot folded", [[("A", "b not folded")]]),
        ("A:\nB : c", [[("A", ""), ("B", "c")]]),
        (" stray\nA: b", [[("A", "b")]]),
        (":x\n: y", []),
    ],
)
def test_groups_of_fields(text: str, groups: list[list[tuple[str, str]]]) -> None:
    assert split_groups(text) == groups


@given(any_bytes)
def test_no_bytes_raise(raw: bytes) -> None:
    assert repr(everything(Message(raw)))


@given(any_bytes)
def test_tiny_limits_hold_for_any_bytes(raw: bytes) -> None:
    limits = Limits(header_bytes=64, header_count=3, parts=3, depth=2, notice_bytes=40, status_bytes=60)
    message = Message(raw, limits)
    everything(message)
    assert len(message.headers.block) <= 64
    assert len(message.notice) <= 40
    assert len(types(message)) <= 3
    original = message.original
    assert original is None or len(original) <= 64


def test_full_mail_is_the_parse_of_mail_parser() -> None:
    mail = full_mail(REPORT)
    assert mail.subject == "Undelivered"


def test_the_view_of_every_fixture_is_the_same_twice(root: Path) -> None:
    assert root.is_dir()
    for raw in fixture_mails():
        first, second = Message(raw), Message(raw)
        assert (first.notice, first.status_groups, first.original) == (
            second.notice,
            second.status_groups,
            second.original,
        )
