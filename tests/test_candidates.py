"""Every address that could be the failed one, and whose order of preference counts."""

from __future__ import annotations

import pytest

from bouncelib import BounceParser, parse_bounce

RAW = b"""Return-Path: <>
From: MAILER-DAEMON@mx.library.example
To: list-bounces+jill=library.example@store.example
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; boundary=b

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.library.example

Original-Recipient: rfc822; Jill+News@library.example
Final-Recipient: rfc822; jill@branch.library.example
Action: failed
Status: 5.1.1

--b
Content-Type: message/rfc822

Received: from a by b for <jill@library.example>; Mon, 23 Nov 2026 09:00:00 +0000
From: news@store.example
To: readers@store.example

hello
--b--
"""


def test_each_candidate_has_its_source() -> None:
    assert parse_bounce(RAW).candidates == (
        ("Final-Recipient", "jill@branch.library.example"),
        ("Original-Recipient", "Jill+News@library.example"),
        ("for", "jill@library.example"),
        ("VERP", "jill@library.example"),
        ("original To", "readers@store.example"),
    )


@pytest.mark.parametrize(
    ("prefer", "address"),
    [
        (("Final-Recipient",), "jill@branch.library.example"),
        (("Original-Recipient", "Final-Recipient"), "Jill+News@library.example"),
        (("VERP", "Final-Recipient"), "jill@library.example"),
        (("X-Failed-Recipients",), "jill@branch.library.example"),
    ],
)
def test_the_user_decides_which_is_believed_first(prefer: tuple[str, ...], address: str) -> None:
    (recipient,) = BounceParser(prefer=prefer).parse(RAW).recipients
    assert recipient.address == address


def test_what_the_whole_message_names_is_nobodys_where_there_are_two() -> None:
    raw = RAW.replace(
        b"Status: 5.1.1\n", b"Status: 5.1.1\n\nFinal-Recipient: rfc822; tom@library.example\nAction: failed\n"
    )
    report = BounceParser(prefer=("VERP", "Final-Recipient")).parse(raw)
    assert [one.address for one in report.recipients] == ["jill@branch.library.example", "tom@library.example"]


def test_an_unknown_source_is_an_error_that_names_it() -> None:
    with pytest.raises(ValueError, match="X-Nonsense"):
        BounceParser(prefer=("X-Nonsense",))
