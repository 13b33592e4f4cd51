"""Replies and codes in text: found where they stand, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncelib import smtp
from bouncelib.model import Stage


@pytest.mark.parametrize(
    ("text", "code", "status"),
    [
        ("550 5.1.1 User unknown", "550", "5.1.1"),
        ("550-5.1.1 User unknown", "550", "5.1.1"),
        ("550 User unknown", "550", None),
        ("550 User unknown (#5.1.1)", "550", "5.1.1"),
        ("host mx.library.example said: 452 4.2.2 over quota", "452", "4.2.2"),
        ("5.7.1 refused", None, "5.7.1"),
        ("smtp; 421", "421", None),
        ("nothing", None, None),
        ("", None, None),
        # Numbers of other kinds.
        ("connect to 192.0.2.5.1.1", None, None),
        ("see https://store.example/550/5", None, None),
        ("mail-550.store.example refused", None, None),
        ("port 550 closed", None, None),
        ("version 5.1.1 of it", None, None),
        ("Postfix 4.2.1 says no", None, None),
        ("450000 bytes", None, None),
        ("5.72.1 x", None, None),
        ("5.1.1.9 x", None, None),
        ("250 2.1.5 OK", None, "2.1.5"),
    ],
)
def test_find_reply(text: str, code: str | None, status: str | None) -> None:
    reply = smtp.find_reply(text)
    assert reply.code == code
    assert (str(reply.status) if reply.status else None) == status


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        ("550 5.1.1 User unknown", "550 5.1.1 User unknown"),
        ("host mx.library.example said: 550 no such user", "550 no such user"),
        (
            "5.1.0 - Unknown address error 550-'5.1.1 <ann@library.example> unknown' (delivery attempts: 0)",
            "550-'5.1.1 <ann@library.example> unknown' (delivery attempts: 0)",
        ),
        ("said: 550 no such user said: 503 need RCPT", "550 no such user said: 503 need RCPT"),
        (
            "450 4.1.1 unverified address: host mx.library.example said: 550 no such user",
            "450 4.1.1 unverified address: host mx.library.example said: 550 no such user",
        ),
        ("nothing", "nothing"),
        ("", ""),
    ],
)
def test_unwrap(text: str, inner: str) -> None:
    assert smtp.unwrap(text) == inner


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("550-5.7.1 a 550 5.7.1 b", "550 5.7.1 a b"),
        ("550-a 550-b 550 c", "550 a b c"),
        ("550 a", "550 a"),
        ("550-a 450 b", "550-a 450 b"),
        ("550-refused 550 5.7.1 b", "550 refused 5.7.1 b"),
        ("", ""),
        ("550", "550"),
        ("hello 550 a", "hello 550 a"),
    ],
)
def test_join_lines(text: str, joined: str) -> None:
    assert smtp.join_lines(text) == joined


@pytest.mark.parametrize(
    ("text", "stage"),
    [
        ("(in reply to RCPT TO command)", Stage.RCPT),
        ("(in reply to end of DATA command)", Stage.END),
        ("(in reply to DATA command)", Stage.DATA),
        ("(in reply to MAIL FROM command)", Stage.MAIL),
        ("SMTP error from remote mail server after RCPT TO:<ann@library.example>:", Stage.RCPT),
        ("SMTP error from remote mail server after initial connection:", Stage.CONNECT),
        ("SMTP error from remote mail server after pipelined MAIL FROM:", Stage.MAIL),
        ("SMTP error from remote mail server after end of data:", Stage.END),
        ("while sending EHLO", Stage.EHLO),
        ("User unknown", None),
        ("after all, data are lost", None),
        ("", None),
    ],
)
def test_find_stage(text: str, stage: Stage | None) -> None:
    assert smtp.find_stage(text) is stage


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("host mx.library.example[192.0.2.1] said: 550 no", "mx.library.example"),
        ("host MX.Library.Example [192.0.2.1]: 550 no", "mx.library.example"),
        ("the server said: 550", None),
        ("User unknown", None),
        ("", None),
    ],
)
def test_find_host(text: str, host: str | None) -> None:
    assert smtp.find_host(text) == host


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("mx.library.example", "mx.library.example"),
        ("MX.Library.Example.", "mx.library.example"),
        ("mx.library.example (192.0.2.1)", "mx.library.example"),
        ("[192.0.2.1]", "192.0.2.1"),
        ("localhost", None),
        ("", None),
        ("()", None),
    ],
)
def test_host_name(text: str, host: str | None) -> None:
    assert smtp.host_name(text) == host


_pieces = st.sampled_from(
    [
        "550",
        "-",
        " ",
        "5.1.1",
        "4.",
        ":",
        "said:",
        "'",
        '"',
        "<",
        ">",
        "(",
        "host a.example",
        "after ",
        "RCPT",
        "\n",
        "é",
        "\0",
        "503 ",
    ]
)


@given(st.lists(_pieces, max_size=25).map("".join) | st.text(max_size=80))
def test_any_text_is_read_without_an_error_and_nothing_is_invented(text: str) -> None:
    reply = smtp.find_reply(text)
    assert reply.code is None or reply.code in text
    assert reply.status is None or str(reply.status.class_) in text
    assert smtp.unwrap(text) in text
    host = smtp.find_host(text)
    assert host is None or host in text.lower()
    smtp.find_stage(text)
    assert isinstance(smtp.join_lines(text), str)
