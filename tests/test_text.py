"""Bytes to text: charsets, encoded words, transfer encodings, parameters, HTML."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncelib import text


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("UTF-8", "utf-8"),
        (' "latin1" ', "iso8859-1"),
        ("windows-1252", "cp1252"),
        ("x-unknown", None),
        ("", None),
        (None, None),
        # Codecs of Python that are no charsets of mail.
        ("base64", None),
        ("zlib", None),
        ("rot13", None),
        ("unicode_escape", None),
        ("raw_unicode_escape", None),
        ("idna", None),
        ("punycode", None),
        ("undefined", None),
        ("a\0b", None),
        ("\ud800", None),
        ("../../etc", None),
    ],
)
def test_charset(label: str | None, name: str | None) -> None:
    assert text.charset(label) == name


@pytest.mark.parametrize(
    ("raw", "label", "wanted"),
    [
        (b"plain", None, "plain"),
        ("Grüße".encode(), None, "Grüße"),
        ("Grüße".encode(), "iso-8859-1", "GrÃ¼Ã\x9fe"),
        ("Grüße".encode("latin-1"), "iso-8859-1", "Grüße"),
        # Declared, and not true.
        ("Grüße".encode(), "us-ascii", "Grüße"),
        ("配信できません".encode("shift_jis") * 4, "shift_jis", "配信できません" * 4),
        ("配信できません".encode("iso-2022-jp"), None, "配信できません"),
        ("配信できません".encode("iso-2022-jp"), "us-ascii", "配信できません"),
        (b"+AOk-", "utf-7", "é"),
        (b"+AOk-", "us-ascii", "+AOk-"),
        (b"\\u0041", "unicode_escape", "\\u0041"),
        ("hi".encode("utf-16-le"), "UTF-16LE", "hi"),
    ],
)
def test_decode(raw: bytes, label: str | None, wanted: str) -> None:
    assert text.decode(raw, label) == wanted


@pytest.mark.parametrize(
    ("wanted", "charsets"),
    [
        ("Сообщение не доставлено: почтовый ящик переполнен", ("cp1251", "koi8-r", "utf-8")),
        ("您的邮件无法投递：用户不存在，邮箱已满", ("gb18030",)),
        ("您的郵件無法傳遞：使用者不存在", ("big5",)),
        ("메일을 전송할 수 없습니다. 사용자를 찾을 수 없습니다.", ("euc_kr",)),
        ("メールを配信できませんでした", ("euc_jp", "cp932")),
        ("Το μήνυμά σας δεν παραδόθηκε", ("iso8859-7",)),
        ("Zpráva nebyla doručena: příjemce neexistuje, schránka je plná", ("cp1250",)),
        ("Der Empfänger ist für uns nicht gültig", ("cp1252",)),
    ],
)
def test_an_undeclared_charset_is_found(wanted: str, charsets: tuple[str, ...]) -> None:
    for charset in charsets:
        assert text.decode(wanted.encode(charset)) == wanted


def test_damaged_text_stays_in_its_charset() -> None:
    raw = ("Не удалось доставить " * 10).encode() + b"\xd0"
    assert text.decode(raw, "utf-8").startswith("Не удалось доставить")


@given(
    st.binary(max_size=200),
    st.none() | st.text(max_size=20) | st.sampled_from(["utf-7", "utf-16", "hz", "iso-2022-kr", "big5"]),
)
def test_decode_never_raises(raw: bytes, label: str | None) -> None:
    assert isinstance(text.decode(raw, label), str)


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        (b"plain", "plain"),
        (b" a\n b\n\tc ", "a b c"),
        (b"=?utf-8?Q?a=20b?= c", "a b c"),
        (b"=?UTF-8?b?QW5u?=\n =?utf-8?B?IExlZQ==?=", "Ann Lee"),
        # A character cut between two words; RFC 2047 forbids it, software does it.
        (b"=?utf-8?q?a_b=C3?= =?utf-8?q?=A9?=", None),
        (b"=?x-none?q?abc?=", "abc"),
        (b"=?utf-8?q?unfinished", "=?utf-8?q?unfinished"),
        (b"=?utf-8?z?abc?=", "=?utf-8?z?abc?="),
        (b"=?utf-8?b?***?=", ""),
        (b"a\0b\x07c", "a b c"),
        (b"=?utf-8?q?a=0D=0ABcc:_x?=", "a Bcc: x"),
        ("Grüße".encode(), "Grüße"),
    ],
)
def test_decode_header(raw: bytes, wanted: str | None) -> None:
    got = text.decode_header(raw)
    assert wanted is None or got == wanted
    assert got.isprintable()


@given(st.binary(max_size=200))
def test_a_header_is_one_printable_line(raw: bytes) -> None:
    got = text.decode_header(raw)
    assert "\n" not in got
    assert "\r" not in got
    assert "\0" not in got


@given(st.binary(max_size=100))
def test_base64_comes_back(raw: bytes) -> None:
    import base64

    assert text.decode_base64(base64.b64encode(raw)) == raw
    assert text.decode_base64(base64.encodebytes(raw).replace(b"=", b"")) == raw


@given(
    st.binary(max_size=100),
    st.text(max_size=20) | st.sampled_from(["base64", "quoted-printable", "x-uuencode", "8bit"]),
)
def test_transfer_encodings_never_raise(raw: bytes, encoding: str) -> None:
    assert isinstance(text.decode_transfer(raw, encoding), bytes)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("text/plain", {}),
        ("text/plain;", {}),
        ("text/plain; a=b", {"a": "b"}),
        ("text/plain; A=b; a=c", {"a": "b"}),
        ("text/plain; stray; a=b", {"a": "b"}),
        ('x; a="b;c"; d=e', {"a": "b;c", "d": "e"}),
        ('x; a="b', {"a": "b"}),
        (r'x; a="b\"c\\d"', {"a": r"b\"c\d".replace('\\"', '"')}),
        ("x; a=b (a comment)", {"a": "b"}),
        ("x; a*0=b; a*1=c", {"a": "bc"}),
        ("x; a*1=c; a*0=b", {"a": "bc"}),
        ("x; a*=utf-8'de'%C3%BC", {"a": "ü"}),
        ("x; a*0*=utf-8''%C3; a*1*=%BC", {"a": "ü"}),
        ("x; a*=nonsense''%FF", {"a": "ÿ"}),
        ("x; a*9999999999=b", {}),
        ("x; a*²=b", {}),
        ("x; =b", {}),
    ],
)
def test_parameters(value: str, wanted: dict[str, str]) -> None:
    assert text.parameters(value) == wanted


@given(st.text(alphabet=st.sampled_from(list("abc;=\"\\*%'0129 \t²é\ud800")), max_size=60))
def test_parameters_never_raise(value: str) -> None:
    assert isinstance(text.parameters(value), dict)


@pytest.mark.parametrize(
    ("markup", "wanted"),
    [
        ("", ""),
        ("plain", "plain"),
        ("a<br>b<BR/>c", "a\nb\nc"),
        ("<p>a</p><p>b</p>", "a b"),
        ("<td>a</td><td>b</td>", "a b"),
        ("<b>a</b>b", "ab"),
        ("<style>p { a > b }</style>x", "x"),
        ("<script>if (a<b) x</script>y", "y"),
        ("<!-- <p>no</p> -->yes", "yes"),
        ("&lt;ann@library.example&gt;", "<ann@library.example>"),
        ("1 < 2", "1 < 2"),
        ("a<", "a<"),
        ("a <ann@library.example> b", "a <ann@library.example> b"),
        ("a <a href=mailto:ann@library.example>ann</a> b", "a ann b"),
        ("&nbsp;a&#0;", "a"),
    ],
)
def test_from_html(markup: str, wanted: str) -> None:
    got = text.from_html(markup).replace("\ufffd", "")
    assert got.split() == wanted.split()


@pytest.mark.parametrize(
    ("markup", "wanted"),
    [
        ("a<br>\nb<br>\nc", ["a", "b", "c"]),
        ("<p>550 no\n  such user</p>", ["550 no such user"]),
        ("<p>x</p><pre>\na\n  b\n</pre>\nc", ["x", "a", "  b", "c"]),
        ("<html><body>a\nb</body></html>", ["a", "b"]),
    ],
)
def test_breaks_in_the_source_of_html_are_spaces(markup: str, wanted: list[str]) -> None:
    lines = text.from_html(markup).split("\n")
    assert [line.rstrip() if "  " in line else line.strip() for line in lines if line.strip()] == wanted


@given(st.text(alphabet=st.sampled_from(list("<>/!-&;#abp \n\"'")), max_size=100))
def test_html_never_raises(markup: str) -> None:
    assert isinstance(text.from_html(markup), str)
