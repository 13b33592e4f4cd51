"""The message view against the standard library's `email`: on generated mail, on fixtures, on damaged ones."""

from __future__ import annotations

import base64
import email
import email.encoders
import email.header
import email.policy
import email.utils
from email.message import EmailMessage
from email.message import Message as EmailBase
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import damaged_fixtures, fixture_mails

from bouncelib import text
from bouncelib.message import Headers, Message
from bouncelib.testing.damage import LINE_ENDS
from bouncelib.testing.strategies import Mail, mime_mails

WHOLE = 10_000_000


def lf(raw: bytes) -> bytes:
    return raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def leaves(message: EmailBase[Any, Any]) -> list[EmailBase[Any, Any]]:
    """The leaves as we count them: a returned message is one."""
    if message.get_content_maintype() == "multipart" and message.is_multipart():
        return [leaf for part in message.get_payload() for leaf in leaves(part)]  # type: ignore[arg-type]
    return [message]


def ours(raw: bytes) -> list[tuple[str, bytes]]:
    return [(part.content_type, part.body(WHOLE)) for part in Message(raw).parts()]


@given(mime_mails())
def test_leaves_of_well_formed_mail_are_those_of_email(mail: Mail) -> None:
    theirs = [
        (leaf.get_content_type(), lf(leaf.get_payload(decode=True) or b""))  # type: ignore[arg-type]
        for leaf in leaves(email.message_from_bytes(mail.raw))
    ]
    assert [(media, lf(body)) for media, body in ours(mail.raw)] == theirs


@given(mime_mails())
def test_leaves_of_well_formed_mail_are_what_was_put_in(mail: Mail) -> None:
    message = Message(mail.raw)
    found = [(part.content_type, lf(part.body(WHOLE)).rstrip(b"\n")) for part in message.parts()]
    assert found == [(media, body.rstrip(b"\n")) for media, body in mail.leaves]
    assert message.defects == []


def flat(value: str) -> str:
    return "".join(value.split())


def same_header(raw: bytes, name: str, value: str) -> bool:
    """Whether our reading of the first field `name` is `value`, which is what email makes of it."""
    got = Message(raw).headers.get(name.lower().encode())
    return got is not None and flat(got) == flat(str(email.header.make_header(email.header.decode_header(value))))


NAMES = (
    "Subject",
    "From",
    "To",
    "Date",
    "Message-ID",
    "Content-Type",
    "Return-Path",
    "Auto-Submitted",
    "Received",
    "X-Mailer",
)


@pytest.mark.parametrize("end", LINE_ENDS, ids=["LF", "CRLF", "CR"])
def test_headers_of_all_fixtures_are_those_of_email(end: bytes) -> None:
    for raw in fixture_mails():
        # An address in an encoded word, raw 8-bit: email has no reading of those, or another.
        if b"\r" in raw or not raw.partition(b"\n\n")[0].isascii() or raw.startswith((b"\n", b">From")):
            continue
        dressed = raw.replace(b"\n", end)
        theirs = email.message_from_bytes(dressed)
        for name in NAMES:
            value = theirs[name]
            if value is None or (b"=?" in raw and "=?" in str(value)):
                continue
            assert same_header(dressed, name, value), (raw[:80], name, value)


def test_leaf_types_of_well_formed_fixtures_are_those_of_email() -> None:
    compared = 0
    for raw in fixture_mails():
        theirs = email.message_from_bytes(raw)
        found = leaves(theirs)
        message = Message(raw)
        mine = [part.content_type for part in message.parts()]
        if (
            raw[:1] in b"\n>"
            or message.defects
            or any(part.defects for part in theirs.walk())
            or not all("/" in media for media in mine)
        ):
            continue
        if any(leaf.get_content_maintype() == "message" for leaf in found[:-1]) and raw.count(b"boundary=") > 1:
            # A returned message with parts of its own: email goes into it.
            continue
        compared += 1
        assert mine == [leaf.get_content_type() for leaf in found], raw[:80]
    assert compared > len(fixture_mails()) // 2


@given(damaged_fixtures())
def test_headers_of_damaged_mail_are_those_of_email_where_both_see_them(raw: bytes) -> None:
    theirs = email.message_from_bytes(raw)
    message = Message(raw)
    block = message.headers.block
    # Where email ends the header at what is no field, or a control character, the two differ by design.
    if theirs.defects or not block.isascii() or b"\r" in raw or b"\0" in block or raw[:1] in b"\n> ":
        return
    for name in ("Subject", "Message-ID", "X-Mailer"):
        value = theirs[name]
        if value is not None and "=?" not in value and value.isprintable():
            got = message.headers.get(name.lower().encode())
            assert got is None or flat(got) == flat(value)


words = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp", "Cf", "Cn", "Co"]),
    min_size=1,
    max_size=12,
)


@given(
    st.lists(words, min_size=1, max_size=6),
    st.sampled_from(["utf-8", "iso-8859-15", "koi8-r", "shift_jis", "gb18030", "big5"]),
)
def test_encoded_words_read_as_email_reads_them(values: list[str], charset: str) -> None:
    value = " ".join(values)
    try:
        value.encode(charset)
    except UnicodeError:
        charset = "utf-8"
    encoded = email.header.Header(value, charset, header_name="Subject").encode()
    block = b"Subject: " + encoded.encode()
    theirs = str(email.header.make_header(email.header.decode_header(encoded.replace("\n", ""))))
    got = Headers(block).get(b"subject")
    assert got is not None
    assert flat(got) == flat(theirs)


@pytest.mark.parametrize("encoding", "bBqQ")
@pytest.mark.parametrize("charset", ["UTF-8", "utf8", "Utf-8*de", "iso-8859-1", "windows-1252", "us-ascii"])
def test_encoded_words_in_any_case(encoding: str, charset: str) -> None:
    value = {"b": "QW5u", "q": "=41nn"}[encoding.lower()]
    assert text.decode_header(f"=?{charset}?{encoding}?{value}?=".encode()) == "Ann"


@given(words, st.integers(min_value=1, max_value=12), st.sampled_from(["utf-8", "gb18030", "utf-16"]))
@example("ошибка", 3, "utf-8")
def test_encoded_words_may_be_cut_within_a_character(value: str, size: int, charset: str) -> None:
    raw = value.encode(charset)
    pieces = [base64.b64encode(raw[at : at + size]) for at in range(0, len(raw), size)]
    header = b"\n ".join(b"=?%s?B?%s?=" % (charset.encode(), piece) for piece in pieces)
    assert text.decode_header(header) == text.printable(value)


@given(value=words, add_language=st.booleans())
@example(value="naïve file", add_language=True)
def test_rfc_2231_parameters_read_as_email_reads_them(value: str, add_language: bool) -> None:
    message = EmailBase()
    message.add_header("Content-Disposition", "attachment", filename=("utf-8", "en" if add_language else "", value))
    raw = message["Content-Disposition"]
    assert text.parameters(raw)["filename"] == message.get_filename() == value


@pytest.mark.parametrize(
    "value",
    [
        'a/b; name="x y"; charset=utf-8',
        "a/b; name*0*=utf-8'en'x%20; name*1*=%c3%a9; name*2=z",
        'a/b; name*0="x"; name*1="y"',
        "a/b; name*=iso-8859-1''%e9",
        "a/b; name=x; name=y",
        'a/b; name="x;y=z"; other=w',
        r'a/b; name="x\"y"',
        "a/b;name=x",
        'a/b; NAME="x"',
    ],
)
def test_parameters_as_email_reads_them(value: str) -> None:
    message = EmailBase()
    message["Content-Type"] = value
    name = message.get_param("name", "")
    assert text.parameters(value)["name"] == email.utils.collapse_rfc2231_value(name)


CHARSETS = (
    "utf-8", "iso-8859-1", "iso-8859-2", "iso-8859-15", "koi8-r", "windows-1251", "windows-1252", "gb2312", "gbk", "gb18030",
    "big5", "shift_jis", "euc-jp", "iso-2022-jp", "euc-kr", "utf-7", "hz-gb-2312", "utf-16", "utf-16le", "utf-16be",
)  # fmt: skip


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("plain", ["It failed: 550", "Échec, не доставлено, 配信できません €"])
@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_text_in_its_declared_charset_is_what_email_reads(charset: str, plain: str, encoding: str) -> None:
    value = plain.encode(charset, "ignore").decode(charset)
    message = EmailMessage(policy=email.policy.SMTP)
    message["Subject"] = "x"
    message.set_payload(value.encode(charset))
    message["Content-Type"] = f"text/plain; charset={charset}"
    del message["Content-Transfer-Encoding"]
    if encoding == "base64":
        email.encoders.encode_base64(message)
    else:
        email.encoders.encode_quopri(message)
    raw = message.as_bytes()
    assert Message(raw).notice == value
