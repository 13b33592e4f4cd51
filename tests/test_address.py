"""Address forms to one clean address: what comes back stands in what went in, or is decoded by a named rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncelib import address
from bouncelib.model import decode_xtext, mta_name
from bouncelib.testing.strategies import addresses


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("ann@library.example", "ann@library.example"),
        (" <ann@library.example> ", "ann@library.example"),
        ("Ann Lee <ann+tag@library.example>", "ann+tag@library.example"),
        ("<@relay.example,@b.example:ann@library.example>", "ann@library.example"),
        ("@relay.example:ann@library.example", "ann@library.example"),
        ("<mailto:ann@library.example>", "ann@library.example"),
        ('"ann@library.example"', "ann@library.example"),
        ("'ann@library.example'", "ann@library.example"),
        ("ann@library.example.", "ann@library.example"),
        ("<ann@library.example>;", "ann@library.example"),
        ("(ann@library.example)", "ann@library.example"),
        ('"ann lee"@library.example', '"ann lee"@library.example'),
        ("ann@[192.0.2.1]", "ann@[192.0.2.1]"),
        ("ann@[IPv6:2001:db8::1]", "ann@[IPv6:2001:db8::1]"),
        ("änn@bücher.example", "änn@bücher.example"),
        ("Ann@Library.Example", "Ann@Library.Example"),
        ("<<ann@library.example>>", "ann@library.example"),
        ("", None),
        ("<>", None),
        ("@", None),
        ("ann", None),
        ("ann@", None),
        ("@library.example", None),
        ("no one here", None),
        ("<" * 500, None),
        ("@" * 500, None),
    ],
)
def test_clean(value: str, wanted: str | None) -> None:
    assert address.clean(value) == wanted


@pytest.mark.parametrize(
    ("value", "kind", "wanted"),
    [
        ("rfc822; ann@library.example", "rfc822", "ann@library.example"),
        ("RFC822;ann@library.example", "rfc822", "ann@library.example"),
        ("rfc822; <ann@library.example>", "rfc822", "ann@library.example"),
        ("rfc822; ann@library.example (Ann)", "rfc822", "ann@library.example"),
        ("ann@library.example", "", "ann@library.example"),
        ("LOCAL; ann", "local", "ann"),
        ("rfc822; ann", "rfc822", "ann"),
        ("x400; /C=XX/A=Y/", "x400", None),
        (r"utf-8; \x{E4}nn@library.example", "utf-8", "änn@library.example"),
        ("utf-8; änn@library.example", "utf-8", "änn@library.example"),
        (r"utf-8; a\x{A}nn@library.example", "utf-8", None),
        (r"utf-8; a\x{110000}nn@library.example", "utf-8", None),
        ("rfc822;", "rfc822", None),
        ("", "", None),
        ("rfc822; unknown recipient", "rfc822", None),
        ("rfc822; ann lee@library.example", "rfc822", '"ann lee"@library.example'),
        ("rfc822; Ann Lee <lee@library.example>", "rfc822", "lee@library.example"),
    ],
)
def test_from_field(value: str, kind: str, wanted: str | None) -> None:
    got_kind, got = address.from_field(value)
    assert got_kind == kind
    if wanted is not None:
        assert got == wanted
    elif got is not None:
        assert got.isprintable()
        assert got in value


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("rfc822; ann+2Btag@library.example", "ann+tag@library.example"),
        ("rfc822; ann+tag@library.example", "ann+tag@library.example"),
        ("rfc822;ann+2Btag+x@library.example", "ann+2Btag+x@library.example"),
        ("rfc822; ann+3Dx@library.example", "ann=x@library.example"),
        ("rfc822; ann+0Ax@library.example", "ann+0Ax@library.example"),
        ("rfc822; ann@library.example", "ann@library.example"),
    ],
)
def test_from_orcpt(value: str, wanted: str) -> None:
    assert address.from_orcpt(value) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("ENV+2B1", "ENV+1"),
        ("a+20b", "a b"),
        ("+C3+A9", "é"),
        ("+E9", "é"),
        ("a+0Ab", "a+0Ab"),
        ("a+", "a+"),
        ("a+zz", "a+zz"),
        ("", ""),
    ],
)
def test_xtext(value: str, wanted: str) -> None:
    assert decode_xtext(value) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("dns; mx.library.example", "mx.library.example"),
        ("dns;mx.library.example (192.0.2.1)", "mx.library.example"),
        ("mx.library.example", "mx.library.example"),
        ("dns; [192.0.2.1]", "[192.0.2.1]"),
        ("dns;", ""),
    ],
)
def test_mta_name(value: str, wanted: str) -> None:
    assert mta_name(value) == wanted


def test_find_all_names_each_once_in_order() -> None:
    text = "<b@store.example>, a@store.example; 'b@store.example' x@y.example."
    assert address.find_all(text) == ["b@store.example", "a@store.example", "x@y.example"]
    assert address.find_all("nobody") == []


@pytest.mark.parametrize(
    ("value", "wanted"),
    [("A@B.Example", "b.example"), (None, ""), ("", ""), ("ann", ""), ('"a@b"@c.example', "c.example")],
)
def test_domain(value: str | None, wanted: str) -> None:
    assert address.domain(value) == wanted


dirty = st.text(
    alphabet=st.sampled_from(list("ab@.<>()[]\"',;: \t\n\r\0\x7f+\\{}x2BäA\u2028\u200b\ud800")), max_size=60
)


@given(dirty)
def test_what_comes_back_stands_in_what_went_in(value: str) -> None:
    for got in (address.clean(value), *address.find_all(value)):
        if got is not None:
            assert got in value
            assert "@" in got
            assert not any(c in got for c in "\0\r\n\t\x7f<>")


@given(dirty)
def test_a_recipient_field_gives_no_control_characters(value: str) -> None:
    for got in (address.from_field(value)[1], address.from_field("utf-8;" + value)[1], address.from_orcpt(value)):
        assert got is None or not any(c in got for c in "\0\r\n\t\x7f<>")


@given(
    addresses,
    st.sampled_from(["{}", "<{}>", " {} ", "rfc822; {}", "Ann <{}>", "<@relay.example:{}>", "mailto:{}", "({})"]),
)
def test_every_dress_gives_the_same_address(value: str, dress: str) -> None:
    assert address.from_field(dress.format(value))[1] == value


@pytest.mark.parametrize("hidden", ["\u00ad", "\u200b", "\u200f", "\u202e", "\ufeff"])
def test_an_address_that_hides_a_character_is_none(hidden: str) -> None:
    written = f"an{hidden}n@library.example"
    assert (
        address.clean(written)
        is address.clean(f"Ann <{written}>")
        is address.from_field(f"rfc822; {written}")[1]
        is None
    )
    assert address.find_all(f"{written}, bob@library.example") == ["bob@library.example"]
