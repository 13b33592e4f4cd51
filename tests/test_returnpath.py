from __future__ import annotations

import base64
import hmac
import os
import re
import shutil
import socket
import string
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from timing import quickest, yardstick

from bouncelib.returnpath import (
    VERP_TEMPLATES,
    TagStatus,
    VerpTemplate,
    make_verp,
    read_batv,
    read_srs,
    read_verp,
    sign_batv,
    verify_batv,
    verify_srs,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY = date(2026, 11, 23)
NOT_ADDRESSES = [
    "",
    " ",
    "<>",
    "@",
    "ann",
    "ann@",
    "@library.example",
    "ann@library..example",
    "ann@library .example",
    "ann lee@library.example",
    "ann@b@library.example",
    '"ann@library.example',
    '"ann"lee"@library.example',
    "ann\r\nRCPT@library.example",
    "ann@library.example\r\nDATA",
    "ann@[192.0.2.1",
    "<@relay.example:ann@library.example>",
    "a" * 990 + "@library.example",
    "\udc80\x00@\ud800",
]

# Local parts as they are used, with all that stands in them, and some that must be quoted.
atoms = st.text(st.sampled_from("abzAZ019+-=_.!#$%&'*/?^`{|}~äé"), min_size=1, max_size=20)
locals_ = atoms | st.text(st.sampled_from('ab "@\\<>(),:;[]+-='), min_size=1, max_size=12).map(
    lambda text: '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
)
domains = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,6}[a-z0-9])?(\.[a-z]([a-z0-9-]{0,4}[a-z])?){1,2}", fullmatch=True)
addresses = st.builds("{}@{}".format, locals_, domains)


def plain(address: str) -> str:
    """The address with quotes only where they are needed."""
    local, _, domain = address.rpartition("@")
    inner = re.sub(r"\\(.)", r"\1", local[1:-1]) if local.startswith('"') else local
    return f"{inner}@{domain}" if re.fullmatch(r"[ab+=-]+", inner) else address


# --- VERP


@pytest.mark.parametrize(
    ("template", "sender", "fields", "made"),
    [
        ("mailman", "list-bounces@store.example", {}, "list-bounces+ann=library.example@store.example"),
        ("mailman-minus", "list-bounces@store.example", {}, "list-bounces-ann=library.example@store.example"),
        ("postfix", "owner-list@store.example", {}, "owner-list+ann=library.example@store.example"),
        ("qmail", "list@store.example", {}, "list-ann=library.example@store.example"),
        ("qmail", "list-@store.example-@[]", {}, "list-ann=library.example@store.example"),
        ("ezmlm", "list@store.example", {"number": 12}, "list-return-12-ann=library.example@store.example"),
        ("sympa", "bounce@store.example", {"list": "news"}, "bounce+ann==a==library.example==news@store.example"),
        ("mail-verp", "list@store.example", {}, "list-ann=library.example@store.example"),
        (
            "sendgrid",
            "any@em.store.example",
            {"account": 123, "tag": "ab3d"},
            "bounces+123-ab3d-ann=library.example@em.store.example",
        ),
        ("{prefix}={local}+{domain}@{host}", "b@store.example", {}, "b=ann+library.example@store.example"),
        ("{prefix}+{local}-{domain}@{host}", "b@store.example", {}, "b+ann-library.example@store.example"),
        ("b-{n:d}-{local}={domain}.x@store.example", "", {"n": "7"}, "b-7-ann=library.example.x@store.example"),
        ("x-{prefix}--{local}={domain}@{host}", "b@store.example", {}, "x-b--ann=library.example@store.example"),
    ],
)
def test_each_form_is_made_and_read(template: str, sender: str, fields: dict[str, str | int], made: str) -> None:
    assert make_verp("ann@library.example", sender, template, **fields) == made
    found = read_verp(made, template)
    assert found is not None
    assert (found.recipient, found.alternatives) == ("ann@library.example", ()) or template == "mailman-minus"
    assert dict(found.fields) == {name: str(value) for name, value in fields.items()}


@pytest.mark.parametrize(
    ("address", "template", "recipient", "sender"),
    [
        ("list-bounces+ann=library.example@s.example", "mailman", "ann@library.example", "list-bounces@s.example"),
        ("owner-list+ann+tag=library.example@s.example", "mailman", "ann+tag@library.example", "owner-list@s.example"),
        ("l+a=b+c=library.example@s.example", "mailman", "a=b+c@library.example", "l@s.example"),
        ("owner-my-list+b=library.example@s.example", "mailman", "b@library.example", "owner-my-list@s.example"),
        ("my-list+ann-lee=library.example@s.example", "mailman", "ann-lee@library.example", "my-list@s.example"),
        ("a-bounces-b-c=x-y.example@s.example", "mailman-minus", "b-c@x-y.example", "a-bounces@s.example"),
        ("a-bounces-b+t=library.example@s.example", "mailman-minus", "b+t@library.example", "a-bounces@s.example"),
        ("owner-list-b-c=library.example@s.example", "mailman-minus", "b-c@library.example", "owner-list@s.example"),
        ("bounces-b-c=library.example@s.example", "mailman-minus", "b-c@library.example", "bounces@s.example"),
        ("my-l-return-12-b-c=library.example@s.example", "ezmlm", "b-c@library.example", "my-l@s.example"),
        ("b+a=b==a==library.example==l@s.example", "sympa", "a=b@library.example", "b@s.example"),
        ("bounces+12-ab-c-d+t=library.example@s.example", "sendgrid", "c-d+t@library.example", None),
        ("bounces+c-d-e=library.example@s.example", "mailman", "c-d-e@library.example", "bounces@s.example"),
        ("l-b+2Dc+2Bt=library.example@s.example", "mail-verp", "b-c+t@library.example", "l@s.example"),
        ("l-b+2Dc+2Bt=x+2Dy.example@s.example", "mail-verp", "b-c+t@x-y.example", "l@s.example"),
        ("<LIST-Bounces+Ann=Library.Example@S.example>", "mailman", "Ann@Library.Example", "LIST-Bounces@S.example"),
        ('"l+ann lee=library.example"@s.example', "mailman", '"ann lee"@library.example', "l@s.example"),
        ('"l+ann=[192.0.2.1]"@s.example', "mailman", "ann@[192.0.2.1]", "l@s.example"),
        ("l+josé=bücher.example@s.example", "mailman", "josé@bücher.example", "l@s.example"),
    ],
)
def test_well_known_forms_are_told_apart(address: str, template: str, recipient: str, sender: str | None) -> None:
    found = read_verp(address)
    assert found is not None
    assert (found.template, found.recipient, found.sender) == (template, recipient, sender)


@pytest.mark.parametrize(
    "address",
    [
        *NOT_ADDRESSES,
        "ann@library.example",
        "list-bounces@store.example",
        "list-bounces+0123abcd@store.example",
        "list-bounces+ann=@store.example",
        "list-bounces+=library.example@store.example",
        "+ann=library.example@store.example",
        "list-bounces+ann=library@store.example",
        "list-return-x-ann@store.example",
        "bounce+ann==a==library.example@",
        "ann=library.example@store.example",
        "prvs=0123abcdef=list-bounces+ann=library.example@store.example",
        "SRS0=ab12=JM=library.example=ann.lee@forwarder.example",
        "srs1+ab12=forwarder.example==ab12=JM=library.example=ann.lee@forwarder.example",
    ],
)
def test_what_is_no_verp_gives_none(address: str) -> None:
    assert read_verp(address) is None


def test_two_possible_readings_are_named() -> None:
    found = read_verp("my-list-ann-lee=library.example@store.example", "qmail")
    assert found is not None
    assert found.recipient == "list-ann-lee@library.example"
    assert found.alternatives == ("ann-lee@library.example", "lee@library.example")
    sure = read_verp("my-list-ann-lee=library.example@store.example", "qmail", sender="My-List@Store.example")
    assert sure is not None
    assert (sure.recipient, sure.alternatives) == ("ann-lee@library.example", ())


def test_a_hyphen_before_the_domain_leaves_two_readings() -> None:
    template = VerpTemplate("{prefix}+{local}-{domain}@{host}")
    found = read_verp("l+ann-x-y.example@store.example", template)
    assert found is not None
    assert (found.recipient, found.alternatives) == ("ann-x@y.example", ("ann@x-y.example",))
    assert make_verp("ann@x-y.example", "l@store.example", template) is None


def test_with_the_sender_known_only_its_return_paths_are_read() -> None:
    address = "a+b+ann=library@store.example"
    assert read_verp(address) is None
    found = read_verp(address, sender="A+B@STORE.example", template="mailman")
    assert found is not None
    assert found.recipient == "ann@library"
    assert read_verp(address, "mailman", sender="a@elsewhere.example") is None
    assert read_verp(address, "mailman", sender="b@store.example") is None
    assert read_verp(address, "mailman", sender="no address") is None
    any_form = read_verp("list-bounces-ann=library.example@store.example", sender="list@store.example")
    assert any_form is not None
    assert any_form.recipient == "bounces-ann@library.example"


def test_a_fixed_host_is_compared_and_leaves_the_sender_free() -> None:
    template = VerpTemplate("{prefix}+{local}={domain}@bounce.store.example", name="shop")
    made = make_verp("ann@library.example", "news@store.example", template)
    assert made == "news+ann=library.example@bounce.store.example"
    found = read_verp(made, template, sender="news@store.example")
    assert found is not None
    assert found.template == "shop"
    assert read_verp("news+ann=library.example@store.example", template) is None


@pytest.mark.parametrize(
    ("template", "address", "token"),
    [
        ("mailman-confirm", "list-confirm+0a1b2c@store.example", "0a1b2c"),
        ("mailman-probe", "list-bounces+0a1b2c@store.example", "0a1b2c"),
        ("b+{token}@store.example", "B+Ab-9@store.example", "Ab-9"),
    ],
)
def test_tokens(template: str, address: str, token: str) -> None:
    found = read_verp(address, template)
    assert found is not None
    assert (found.recipient, found.fields, found.alternatives) == (None, (("token", token),), ())
    made = make_verp("ann@library.example", "list@store.example", template, token=token)
    assert made is not None
    assert made.lower() == address.lower()
    assert read_verp("list-bounces+ann=library.example@store.example", template) is None


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("unknown", "no VERP template is named"),
        ("{prefix}+{local}={domain}", "must end in"),
        ("{prefix}+{local}={domain}@", "must end in"),
        ("{prefix}+{local}@{domain}", "must end in"),
        ("{prefix}+{local}={domain}@{host}.example", "must end in"),
        ("{prefix}@{host}", r"needs \{local\}"),
        ("{prefix}+{local}@{host}", r"needs \{local\}"),
        ("fixed{}@store.example", "name in braces"),
        ("{prefix}+{0}@{host}", "name in braces"),
        ("{prefix}+{local!r}={domain}@{host}", "name in braces"),
        ("{prefix}+{{local}}={domain}@{host}", "no braces"),
        ("{prefix}+{local}={domain@{host}", "VERP template"),
        ("{prefix}{local}={domain}@{host}", "side by side"),
        ("{local}+{prefix}={domain}@{host}", "before all other"),
        ("{host}+{local}={domain}@{host}", "behind the @"),
        ("{prefix}+{local}={local}={domain}@{host}", "twice"),
        ("{prefix}+{n:>5}+{local}={domain}@{host}", "behind a colon"),
        ("{prefix}+{local:d}={domain}@{host}", "behind a colon"),
    ],
)
def test_unusable_templates_are_programming_errors(template: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_verp("list+ann=library.example@store.example", template)


@pytest.mark.parametrize("fields", [{}, {"number": 1, "more": 2}, {"number": "x"}, {"number": ""}, {"number": -1}])
def test_missing_or_impossible_fields_are_programming_errors(fields: dict[str, str | int]) -> None:
    with pytest.raises(ValueError, match="VERP template"):
        make_verp("ann@library.example", "list@store.example", "ezmlm", **fields)


@pytest.mark.parametrize("address", NOT_ADDRESSES)
def test_nothing_is_made_of_what_is_no_address(address: str) -> None:
    assert make_verp(address, "list@store.example") is None
    assert make_verp("ann@library.example", address) is None
    assert sign_batv(address, "secret") is None


def test_templates_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        VERP_TEMPLATES["mailman"] = VerpTemplate("{token}@{host}")  # type: ignore[index]


def test_an_unknown_form_names_what_else_it_may_mean() -> None:
    found = read_verp("my-list-ann+tag=library.example@store.example")
    assert found is not None
    assert found.recipient == "tag@library.example"
    assert set(found.alternatives) == {"list-ann+tag@library.example", "ann+tag@library.example"}
    plus = read_verp("news+ann-lee=library.example@store.example")
    assert plus is not None
    assert plus.alternatives == ()


@given(recipient=addresses, sender=addresses, name=st.sampled_from(sorted(VERP_TEMPLATES)))
@example(recipient="a==a==b@c.example", sender="x@y.example", name="sympa")
def test_what_is_made_is_read_back(recipient: str, sender: str, name: str) -> None:
    template = VERP_TEMPLATES[name]
    values = {"token": "0a1b", "number": "7", "list": "news", "account": "12", "tag": "ab"}
    fields = {key: value for key, value in values.items() if f"{{{key}" in template.pattern}
    made = make_verp(recipient, sender, template, **fields)
    if made is None:
        # A sender that begins as a BATV or SRS tag could not be told from one; no other is refused.
        assert re.match(r'"?(prvs=|srs[01][=+-])', sender, re.IGNORECASE)
        return
    found = read_verp(made, template, sender=sender)
    assert found is not None
    assert dict(found.fields) == fields
    if "{local}" in template.pattern:
        assert found.recipient is not None
        assert plain(found.recipient) == plain(recipient)
    assert found.alternatives == ()


@given(recipient=addresses, prefix=st.from_regex(r"[a-z0-9.-]{0,8}[a-z0-9]", fullmatch=True), host=domains)
def test_the_mailman_form_needs_no_sender(recipient: str, prefix: str, host: str) -> None:
    made = make_verp(recipient, f"{prefix}@{host}")
    assert made is not None
    found = read_verp(made, "mailman")
    assert found is not None
    assert found.recipient is not None
    assert plain(found.recipient) == plain(recipient)
    assert found.sender == f"{prefix}@{host}"


# --- BATV


def test_batv_gives_the_tag_of_the_reference() -> None:
    # The first is what Exim 4.96 made of the same words on that day.
    assert sign_batv("user@example.org", "secret", today=DAY) == "prvs=078775d06f=user@example.org"
    assert sign_batv("User@Example.ORG", "secret", key_number=3, today=DAY) == "prvs=3787926bae=User@Example.ORG"
    assert sign_batv('"a b"@example.org', b"secret", today=DAY) == '"prvs=0787c5c6f3=a b"@example.org'


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("prvs=078775d06f=user@example.org", "valid"),
        ("<prvs=078775d06f=user@example.org>", "valid"),
        ("PRVS=078775D06F=user@example.org", "valid"),
        ("prvs=user/078775d06f@example.org", "valid"),
        ("prvs=078775d06f=user@EXAMPLE.org", "valid"),
        ("prvs=078775d06f=USER@EXAMPLE.ORG", "valid"),
        ('"prvs=0787c5c6f3=a b"@example.org', "valid"),
        ('prvs=0787c5c6f3="a b"@example.org', "valid"),
        ("prvs=078775d06e=user@example.org", "wrong"),
        ("prvs=178775d06f=user@example.org", "wrong"),
        ("prvs=078675d06f=user@example.org", "wrong"),
        ("prvs=078775d06f=user2@example.org", "wrong"),
        ("prvs=078775d06f=user@example.net", "wrong"),
        ("prvs=user/078775d06e@example.org", "wrong"),
        ("prvs=078775d06=user@example.org", "malformed"),
        ("prvs=078775d06f7=user@example.org", "malformed"),
        ("prvs=07877zd06f=user@example.org", "malformed"),
        ("prvs=x78775d06f=user@example.org", "malformed"),
        ("prvs=078775d06f=@example.org", "malformed"),
        ("prvs=078775d06f=user", "malformed"),
        ("prvs=078775d06f=user@", "malformed"),
        ("prvs=078775d06f", "malformed"),
        ("prvs=/078775d06f@example.org", "malformed"),
        ("prvs=user/078775d06@example.org", "malformed"),
        ("prvs=٠78775d06f=user@example.org", "malformed"),
        ("prvs=", "malformed"),
        ("<prvs=078775d06f=us er@example.org>", "malformed"),
        ("prv\u017f=078775d06f=user@example.org", "not_tagged"),
        ("prvs@example.org", "not_tagged"),
        ("user@example.org", "not_tagged"),
        ("x-prvs=078775d06f=user@example.org", "not_tagged"),
    ],
)
def test_batv_answers(address: str, status: str) -> None:
    found = verify_batv(address, "secret", today=DAY)
    assert found.status == status
    read = read_batv(address)
    assert read.status == (status if status in {"malformed", "not_tagged"} else "unchecked")
    assert (read.address, read.tag) == (found.address, found.tag)
    assert (read.address is None) is (status in {"malformed", "not_tagged"})


def test_batv_parts() -> None:
    found = read_batv("prvs=Ann/Lee/3787926BAE@Example.ORG")
    assert found.address == "Ann/Lee@Example.ORG"
    assert (found.key_number, found.expires, found.tag, found.older_form) == (3, 787, "3787926BAE", True)
    assert not read_batv("prvs=3787926BAE=Ann@Example.ORG").older_form


@pytest.mark.parametrize(
    ("later", "status"),
    [
        (-1, "valid"),  # a clock that is behind the signer's
        (0, "valid"),
        (7, "valid"),
        (8, "expired"),
        (400, "expired"),
        (990, "expired"),
        (1000, "valid"),  # three digits of a day repeat
        (-2, "expired"),
    ],
)
@pytest.mark.parametrize("signed_on", [DAY, date(2026, 6, 20), date(2026, 6, 22)])  # 781, 624 and, over 1000, 626
def test_batv_tags_expire(signed_on: date, later: int, status: str) -> None:
    made = sign_batv("ann@store.example", "secret", today=signed_on)
    assert made is not None
    assert verify_batv(made, "secret", today=signed_on + timedelta(later)).status == status


@given(start=st.integers(20000, 22000), days=st.integers(0, 499), later=st.integers(0, 499))
def test_batv_is_valid_for_as_long_as_signed(start: int, days: int, later: int) -> None:
    signed_on = date(1970, 1, 1) + timedelta(start)
    made = sign_batv("ann@store.example", "secret", days=days, today=signed_on)
    assert made is not None
    found = verify_batv(made, "secret", days=days, today=signed_on + timedelta(later))
    assert (found.status is TagStatus.VALID) is (later <= days)


def test_an_expired_tag_of_another_key_is_wrong() -> None:
    made = sign_batv("ann@store.example", "other", today=DAY)
    assert made is not None
    assert verify_batv(made, "secret", today=DAY + timedelta(100)).status is TagStatus.WRONG


def test_batv_keys_rotate() -> None:
    old = sign_batv("ann@store.example", "old", key_number=1, today=DAY)
    new = sign_batv("ann@store.example", "new", key_number=2, today=DAY)
    assert old is not None
    assert new is not None
    keys: dict[int, str | bytes] = {1: "old", 2: b"new"}
    assert verify_batv(old, keys, today=DAY).status is TagStatus.VALID
    assert verify_batv(new, keys, today=DAY).status is TagStatus.VALID
    assert verify_batv(old, {2: "new"}, today=DAY).status is TagStatus.WRONG
    assert verify_batv(new, {1: "new"}, today=DAY).status is TagStatus.WRONG
    assert verify_batv(new, {1: "new", 2: "old"}, today=DAY).status is TagStatus.WRONG


def test_batv_without_a_date_takes_today() -> None:
    made = sign_batv("ann@store.example", "secret")
    assert made is not None
    assert verify_batv(made, "secret").status is TagStatus.VALID


def test_batv_programming_errors() -> None:
    made = "prvs=078775d06f=user@example.org"
    wrong_keys: list[str | bytes | dict[int, str | bytes]] = ["", b"", {}, {0: ""}, {10: "secret"}, {-1: "secret"}]
    for wrong in wrong_keys:
        with pytest.raises(ValueError, match="key"):
            verify_batv(made, wrong)
    with pytest.raises(ValueError, match="empty"):
        sign_batv("user@example.org", "")
    for number in (-1, 10):
        with pytest.raises(ValueError, match="one digit"):
            sign_batv("user@example.org", "secret", key_number=number)
    for days in (-1, 500):
        with pytest.raises(ValueError, match="0 to 499"):
            sign_batv("user@example.org", "secret", days=days)
        with pytest.raises(ValueError, match="0 to 499"):
            verify_batv(made, "secret", days=days)


@given(
    address=addresses, key=st.text(min_size=1) | st.binary(min_size=1), number=st.integers(0, 9), older=st.booleans()
)
def test_what_is_signed_verifies(address: str, key: str | bytes, number: int, older: bool) -> None:
    made = sign_batv(address, key, key_number=number, today=DAY)
    assert made is not None
    if older and not made.startswith('"'):
        made = re.sub(r"^prvs=([0-9a-f]{10})=(.*)@", r"prvs=\2/\1@", made)
    found = verify_batv(made, {number: key}, today=DAY)
    assert found.status is TagStatus.VALID
    assert found.key_number == number
    assert found.address is not None
    assert plain(found.address) == plain(address)


@given(
    address=addresses,
    where=st.integers(0, 9),
    digit=st.sampled_from("0123456789abcdef"),
    key=st.sampled_from(["secret", "secre", "Secret"]),
)
def test_no_altered_tag_verifies(address: str, where: int, digit: str, key: str) -> None:
    made = sign_batv(address, "secret", today=DAY)
    assert made is not None
    at = made.index("prvs=") + 5 + where
    altered = made[:at] + digit + made[at + 1 :]
    status = verify_batv(altered, {0: key, 1: "other"}, today=DAY).status
    assert (status is TagStatus.VALID) is (altered == made and key == "secret")


# --- SRS


def srs_hash(key: str, *covered: str, length: int = 4) -> str:
    """As Mail::SRS and libsrs2 make it."""
    digest = hmac.new(key.encode(), "".join(covered).lower().encode(), "sha1").digest()
    return base64.b64encode(digest).decode()[:length]


def srs0(key: str, local: str, domain: str, *, stamp: str = "JM", separator: str = "=", length: int = 4) -> str:
    tag = srs_hash(key, stamp, domain, local, length=length)
    return f"SRS0{separator}{tag}={stamp}={domain}={local}@forwarder.example"


def srs1(key: str, inner: str, forwarder: str, separator: str = "=") -> str:
    kept = inner.removeprefix("SRS0").rpartition("@")[0]
    return f"SRS1{separator}{srs_hash(key, forwarder, kept)}={forwarder}={kept}@second.example"


def test_srs0() -> None:
    # What Mail::SRS 0.31 made on that day.
    address = "SRS0=q1oB=JM=Library.example=Ann@fwd.example"
    found = read_srs(address)
    assert found.status is TagStatus.UNCHECKED
    assert (found.version, found.sender, found.address) == (0, "Ann@Library.example", "Ann@Library.example")
    assert (found.day, found.hash) == (20780 % 1024, "q1oB")
    assert verify_srs(address, "secret", today=DAY).status is TagStatus.VALID


def test_srs1() -> None:
    inner = srs0("first", "ann=lee+tag", "library.example", separator="+")
    address = srs1("second", inner, "forwarder.example", separator="-")
    assert address.startswith("SRS1-")
    assert "=forwarder.example=+" in address
    found = verify_srs(address, "second", today=DAY)
    assert found.status is TagStatus.VALID
    assert (found.version, found.sender, found.address) == (1, "ann=lee+tag@library.example", inner)
    assert verify_srs(address, "first", today=DAY).status is TagStatus.WRONG
    assert verify_srs(address, "second", today=DAY + timedelta(300)).status is TagStatus.VALID
    assert found.address is not None
    assert verify_srs(found.address, "first", today=DAY + timedelta(300)).status is TagStatus.EXPIRED


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("srs0=q1ob=jm=library.example=ann@fwd.example", "valid"),
        ("<SRS0+q1oB=JM=Library.example=Ann@fwd.example>", "valid"),
        ("SRS0-q1oB=JM=Library.example=Ann@fwd.example", "valid"),
        ("SRS0=q1oC=JM=Library.example=Ann@fwd.example", "wrong"),
        ("SRS0=q1o=JM=Library.example=Ann@fwd.example", "wrong"),
        ("SRS0=q1oB=JN=Library.example=Ann@fwd.example", "wrong"),
        ("SRS0=q1oB=JM=Library.example=Ann2@fwd.example", "wrong"),
        ("SRS0=q1oB=JM=Library2.example=Ann@fwd.example", "wrong"),
        ("SRS0=" + "q1oB" * 20 + "=JM=Library.example=Ann@fwd.example", "wrong"),
        ("SRS0=q1oB=JM=Library.example=@fwd.example", "malformed"),
        ("SRS0=q1oB=JM=Library.example@fwd.example", "malformed"),
        ("SRS0=q1oB=JM==Ann@fwd.example", "malformed"),
        ("SRS0=q1oB=JM@fwd.example", "malformed"),
        ("SRS0=q1oB=J=Library.example=Ann@fwd.example", "malformed"),
        ("SRS0=q1oB=J1=Library.example=Ann@fwd.example", "malformed"),
        ("SRS0=q1ö=JM=Library.example=Ann@fwd.example", "malformed"),
        ("SRS0=q1oB=JM=Libr!ary.example=Ann@fwd.example", "malformed"),
        ("SRS0==JM=Library.example=Ann@fwd.example", "malformed"),
        ("SRS0=@fwd.example", "malformed"),
        ("SRS0=q1oB=JM=Library.example=Ann", "malformed"),
        ("SRS0=", "malformed"),
        ("SRS1=q1oB=fwd.example=q1oB=JM=Library.example=Ann@two.example", "malformed"),
        ("SRS1=q1oB=fwd.example==q1oB=JM=Library.example@two.example", "malformed"),
        ("SRS1=q1oB=f!wd.example==q1oB=JM=Library.example=Ann@two.example", "malformed"),
        ("SRS1=q1oB=fwd.example@two.example", "malformed"),
        ("SRS1=q1oB=fwd.example==q1oB=JM=Library.example=Ann@two.example", "wrong"),
        ("SRS0@fwd.example", "not_tagged"),
        ("SRS2=q1oB=JM=Library.example=Ann@fwd.example", "not_tagged"),
        ("\u017fRS0=q1oB=JM=Library.example=Ann@fwd.example", "not_tagged"),
        ("ann@library.example", "not_tagged"),
    ],
)
def test_srs_answers(address: str, status: str) -> None:
    assert verify_srs(address, "secret", today=DAY).status == status
    unkeyed = read_srs(address)
    assert unkeyed.status == (status if status in {"malformed", "not_tagged"} else "unchecked")
    assert (unkeyed.sender is None) is (status in {"malformed", "not_tagged"})


@pytest.mark.parametrize(
    ("later", "status"), [(-1, "valid"), (0, "valid"), (21, "valid"), (22, "expired"), (-2, "expired"), (1024, "valid")]
)
def test_srs_expires(later: int, status: str) -> None:
    assert verify_srs(srs0("k", "ann", "library.example"), "k", today=DAY + timedelta(later)).status == status


def test_srs_keys_and_lengths() -> None:
    address = srs0("old", "ann", "library.example", length=8)
    assert verify_srs(address, ["new", "old"], today=DAY).status is TagStatus.VALID
    assert verify_srs(address, [b"new"], today=DAY).status is TagStatus.WRONG
    assert verify_srs(address, "old", shortest=9, today=DAY).status is TagStatus.WRONG
    short = srs0("old", "ann", "library.example", length=2)
    assert verify_srs(short, "old", shortest=2, today=DAY).status is TagStatus.VALID


def test_srs_programming_errors() -> None:
    address = srs0("k", "ann", "library.example")
    wrong_keys: list[str | bytes | list[str | bytes]] = ["", b"", [], [""], ["k", b""]]
    for wrong in wrong_keys:
        with pytest.raises(ValueError, match="key"):
            verify_srs(address, wrong)
    with pytest.raises(ValueError, match="max_age"):
        verify_srs(address, "k", max_age=512)
    with pytest.raises(ValueError, match="shortest"):
        verify_srs(address, "k", shortest=0)


@given(
    local=atoms,
    domain=domains,
    separators=st.text(st.sampled_from("=+-"), min_size=2, max_size=2),
    length=st.integers(4, 27),
    fold=st.sampled_from([str, str.lower, str.upper]),
)
def test_srs_unwraps_to_the_sender(local: str, domain: str, separators: str, length: int, fold: type[str]) -> None:
    first = srs0("first", local, domain, separator=separators[0], length=length)
    found = verify_srs(first, "first", today=DAY)
    assert (found.status, found.sender) == (TagStatus.VALID, f"{local}@{domain}")
    if local.isascii():
        assert verify_srs(fold(first), "first", today=DAY).status is TagStatus.VALID
    second = verify_srs(srs1("second", first, "forwarder.example", separators[1]), "second", today=DAY)
    assert (second.status, second.address, second.sender) == (TagStatus.VALID, first, f"{local}@{domain}")


# --- Nothing raises


anything = st.text(max_size=60) | st.text(
    st.characters(codec=None) | st.sampled_from('prvsSRS01=+-/@<>"\\.[]a0'), max_size=60
)


@given(
    st.builds("".join, st.tuples(st.sampled_from(["", "prvs=", "prvs=0123abcdef=", "SRS0=", "SRS1+ab=x.y="]), anything))
)
def test_no_text_raises(text: str) -> None:
    for template in VERP_TEMPLATES:
        read_verp(text, template, sender=text)
    read_verp(text)
    make_verp(text, text)
    assert verify_batv(text, "secret").status is not TagStatus.VALID
    assert verify_srs(text, "secret", shortest=20).status is not TagStatus.VALID
    read_batv(text)
    read_srs(text)
    sign_batv(text, "secret")


@pytest.mark.parametrize("address", NOT_ADDRESSES)
def test_what_is_no_address_is_not_tagged(address: str) -> None:
    assert read_batv(address).status is TagStatus.NOT_TAGGED
    assert read_srs(address).status is TagStatus.NOT_TAGGED


def test_reading_takes_no_time_on_hostile_addresses() -> None:
    def read() -> None:
        for local in (
            "-" * 990,
            "=" * 990,
            "-bounces=" * 110,
            "a-" * 450,
            "a-b=" * 240,
            "-return-1" * 110,
            "+2D-=" * 190,
        ):
            read_verp(local + "@a.b")
            read_batv("prvs=" + local[:900] + "@a.b")
            read_srs("SRS1=" + local[:900] + "@a.b")

    assert quickest(read, 1) < yardstick()


# --- Beside other software


def program(name: str) -> str | None:
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def perl_has(module: str) -> bool:
    perl = program("perl")
    if perl is None:
        return False
    return subprocess.run([perl, f"-M{module}", "-e", "1"], check=False, capture_output=True).returncode == 0


EXIM, PERL, POSTSRSD = program("exim4") or program("exim"), program("perl"), program("postsrsd")
SIGNED_BY_EXIM = ["user@example.org", "User+Tag@Example.ORG", "a=b/c-d@store.example", '"a b"@store.example']
RECIPIENTS = ["ann@library.example", "Ann-Lee+tag@my-host.example", "a+2Db@library.example", "a%b!c=d@library.example"]
SENDERS = ["ann@library.example", "Ann.Lee+Tag@Library.example", "a=b-c@library.example"]


def today_in_utc() -> date:
    return datetime.now(UTC).date()


@pytest.mark.skipif(EXIM is None, reason="exim4 is not installed")
class TestExim:
    def expand(self, tmp_path: Path, *items: str) -> list[str]:
        assert EXIM is not None
        empty = tmp_path / "exim.conf"
        empty.touch(0o644)
        run = subprocess.run([EXIM, "-C", str(empty), "-be", *items], capture_output=True, text=True, check=True)
        return run.stdout.splitlines()

    def test_both_sign_alike(self, tmp_path: Path) -> None:
        today = today_in_utc()
        for number in (0, 7):
            theirs = self.expand(tmp_path, *(f"${{prvs{{{one}}}{{secret}}{{{number}}}}}" for one in SIGNED_BY_EXIM))
            for address, signed in zip(SIGNED_BY_EXIM, theirs, strict=True):
                found = verify_batv(signed, {number: "secret"})
                assert (found.status, found.address) == (TagStatus.VALID, address)
                assert verify_batv(signed, {number: "other"}).status is TagStatus.WRONG
                if '"' not in address and today == today_in_utc():
                    assert sign_batv(address, "secret", key_number=number) == signed

    def test_exim_believes_our_tags(self, tmp_path: Path) -> None:
        signed = [sign_batv(one, "secret", key_number=3) for one in SIGNED_BY_EXIM if '"' not in one]
        signed.append(sign_batv("user@example.org", "other", key_number=3))
        signed.append(sign_batv("user@example.org", "secret", today=today_in_utc() - timedelta(9)))
        check = "${{prvscheck{{{}}}{{secret}}{{[$prvscheck_result] $prvscheck_keynum $prvscheck_address}}}}"
        assert self.expand(tmp_path, *(check.format(one) for one in signed)) == [
            "[1] 3 user@example.org",
            "[1] 3 User+Tag@Example.ORG",
            "[1] 3 a=b/c-d@store.example",
            "[] 3 user@example.org",
            "[] 0 user@example.org",
        ]

    def test_exims_srs_unwraps(self, tmp_path: Path) -> None:
        theirs = self.expand(tmp_path, *(f"${{srs_encode {{secret}} {{{one}}} {{store.example}}}}" for one in SENDERS))
        if not any(theirs):
            pytest.skip("this exim4 was built without SRS")
        assert [read_srs(one).sender for one in theirs] == SENDERS


def perl(script: str, *arguments: str) -> list[str]:
    assert PERL is not None
    run = subprocess.run([PERL, "-e", script, "--", *arguments], capture_output=True, text=True, check=True)
    return run.stdout.splitlines()


@pytest.mark.skipif(not perl_has("Mail::Verp"), reason="libmail-verp-perl is not installed")
def test_mail_verp() -> None:
    encode = 'use Mail::Verp; print Mail::Verp->encode("list\\@store.example", $_), "\\n" for @ARGV'
    decode = 'use Mail::Verp; print scalar(Mail::Verp->decode($_)), "\\n" for @ARGV'
    ours = [make_verp(one, "list@store.example", "mail-verp") or "" for one in RECIPIENTS]
    theirs = perl(encode, *RECIPIENTS)
    assert ours == theirs
    assert perl(decode, *ours) == RECIPIENTS
    for address, recipient in zip(theirs, RECIPIENTS, strict=True):
        found = read_verp(address, "mail-verp")
        assert found is not None
        assert (found.recipient, found.sender, found.alternatives) == (recipient, "list@store.example", ())


@pytest.mark.skipif(not perl_has("Mail::SRS"), reason="libmail-srs-perl is not installed")
@pytest.mark.parametrize("separator", ["=", "+", "-"])
def test_mail_srs(separator: str) -> None:
    script = (
        "use Mail::SRS; my $sep = shift;"
        'my $one = Mail::SRS->new(Secret => ["first"], Separator => $sep);'
        'my $two = Mail::SRS->new(Secret => ["second"], Separator => $sep);'
        'for (@ARGV) { my $s = $one->forward($_, "fwd.example"); print "$s\\n";'
        'print $two->forward($s, "two.example"), "\\n" }'
    )
    lines = perl(script, separator, *SENDERS)
    for sender, first, second in zip(SENDERS, lines[::2], lines[1::2], strict=True):
        one = verify_srs(first, "first")
        assert (one.status, one.version, one.sender) == (TagStatus.VALID, 0, sender)
        two = verify_srs(second, ["new", "second"])
        assert (two.status, two.version, two.address, two.sender) == (TagStatus.VALID, 1, first, sender)
        assert verify_srs(first, "second").status is TagStatus.WRONG
        assert verify_srs(second, "first").status is TagStatus.WRONG
        assert verify_srs(first, "first", today=today_in_utc() + timedelta(60)).status is TagStatus.EXPIRED


@contextmanager
def postsrsd(folder: Path) -> Iterator[int]:
    """The port on which a postsrsd of our own rewrites senders."""
    assert POSTSRSD is not None
    ports = []
    for _ in range(2):
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            ports.append(probe.getsockname()[1])
    key = folder / "postsrsd.secret"
    key.write_text("secret\n")
    command = [POSTSRSD, "-4", "-A", f"-s{key}", "-dfwd.example", f"-f{ports[0]}", f"-r{ports[1]}"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield ports[0]
        finally:
            process.terminate()


def ask(port: int, address: str) -> str:
    for _ in range(50):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                connection.sendall(f"get {address}\n".encode())
                return connection.recv(1024).decode().strip()
        except ConnectionRefusedError:
            time.sleep(0.1)
    pytest.fail("postsrsd does not answer")


@pytest.mark.skipif(POSTSRSD is None, reason="postsrsd is not installed")
def test_postsrsd(tmp_path: Path) -> None:
    with postsrsd(tmp_path) as port:
        for sender in SENDERS:
            code, _, address = ask(port, sender).partition(" ")
            assert code == "200"
            found = verify_srs(address, "secret")
            assert (found.status, found.sender) == (TagStatus.VALID, sender)
            assert verify_srs(address, "other").status is TagStatus.WRONG
        inner = srs0("first", "ann", "library.example")
        code, _, address = ask(port, inner).partition(" ")
        assert code == "200"
        found = verify_srs(address, "secret")
        assert (found.status, found.version, found.address) == (TagStatus.VALID, 1, inner)


def mailman_schema() -> Path | None:
    spec = find_spec("mailman")
    folders = [*(spec.submodule_search_locations or [] if spec else []), "/usr/lib/python3/dist-packages/mailman"]
    return next((path for folder in folders if (path := Path(folder, "config", "schema.cfg")).is_file()), None)


@pytest.mark.skipif(mailman_schema() is None, reason="mailman3 is not installed")
def test_mailman() -> None:
    schema = mailman_schema()
    assert schema is not None
    settings = dict(re.findall(r"^(verp_\w+): (.*)$", schema.read_text(), re.MULTILINE))
    for local in ("ann", "Ann-Lee+tag", "a.b"):
        form = string.Template(settings["verp_format"])
        theirs = form.substitute(bounces="list-bounces", local=local, domain="my-host.example") + "@store.example"
        ours = make_verp(f"{local}@my-host.example", "list-bounces@store.example", "mailman")
        assert ours == theirs
        match = re.search(settings["verp_regexp"], theirs, re.IGNORECASE)
        found = read_verp(theirs)
        assert match is not None
        assert found is not None
        assert found.recipient == f"{match['local']}@{match['domain']}"
    probe = string.Template(settings["verp_probe_format"])
    address = probe.substitute(bounces="list-bounces", token="0a1b", domain="store.example")  # noqa: S106
    found = read_verp(address, "mailman-probe")
    assert found is not None
    assert (found.sender, found.fields) == ("list@store.example", (("token", "0a1b"),))


def test_nothing_but_the_standard_library_and_attrs_is_imported() -> None:
    code = "import sys, bouncelib.returnpath; print(*sorted(m for m in sys.modules if m.startswith('bouncelib')))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    allowed = {"bouncelib", *(f"bouncelib.returnpath{part}" for part in ("", ".batv", ".parts", ".srs", ".verp"))}
    assert set(run.stdout.split()) <= allowed
