"""Messages that mean harm: depth, number, size, texts on which a pattern could run away.

Time is that of the processor, and always measured against other work of the same run.
"""

from __future__ import annotations

import base64
import email
import importlib
import pkgutil
import re
import sys
import tracemalloc
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from timing import quickest, yardstick

import bouncelib
from bouncelib import classify_response, parse_bounce
from bouncelib.model import Verdict
from bouncelib.patterns import Late

if TYPE_CHECKING:
    from collections.abc import Callable

SIZE = 20_000
DAEMON = b"From: MAILER-DAEMON@mail.store.example\nSubject: Undelivered Mail Returned to Sender\nReturn-Path: <>\n"
HEAD = DAEMON + b'Content-Type: multipart/report; report-type=delivery-status; boundary="bb"\n\n'
STATUS = (
    b"--bb\n\nIt failed.\n--bb\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mail.store.example\n\n"
    b"Final-Recipient: rfc822; ann@library.example\nAction: failed\nStatus: 5.1.1\n"
)


# -- messages ---------------------------------------------------------------------------------------------------------


def nested(depth: int) -> bytes:
    parts = [b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(depth)]
    return DAEMON + b"".join(parts) + b"\ntext\n"


def nested_messages(depth: int) -> bytes:
    return DAEMON + b"Content-Type: message/rfc822\n\n" * depth + b"\ntext\n"


MESSAGES = {
    "deep": nested(2_000),
    "deep, one boundary": HEAD + b"--bb\nContent-Type: multipart/mixed; boundary=bb\n\n" * 5_000,
    "deep messages": nested_messages(5_000),
    "100k parts": HEAD + b"--bb\n\nx\n" * 100_000 + b"--bb--\n",
    "100k empty parts": HEAD + b"--bb\n" * 100_000,
    "100k closing lines": HEAD + b"--bb--\n" * 100_000,
    "empty boundary": HEAD.replace(b'"bb"', b'""') + b"--\n" * 100_000,
    "boundary of dashes": HEAD.replace(b'"bb"', b'"-"') + b"-" * 500_000,
    "boundary prefixes": HEAD + b"".join(b"--b\n--bbb\n--bb-\n" for _ in range(50_000)),
    "boundary of one letter": HEAD.replace(b'"bb"', b"x") + b"\n--xy" * 100_000,
    "many unfinished multiparts": HEAD
    + b"--bb\nContent-Type: multipart/mixed; boundary=none\n\n" * 3_000
    + b"x" * 500_000,
    "giant header": b"Subject: " + b"x" * 2_000_000 + b"\n\n",
    "giant folded header": b"Subject: x" + b"\n y" * 500_000 + b"\n\n",
    "100k headers": DAEMON + b"A: b\n" * 100_000 + b"\n",
    "header without an end": b"A: b\n" * 100_000,
    "blank lines": b"\n" * 1_000_000,
    "blank lines with CR": b"\r\n" * 500_000,
    "mailbox lines": b"From x\n" * 100_000,
    "one long line": DAEMON + b"\n" + b"x" * 2_000_000,
    "one long line of at signs": DAEMON + b"\n" + b"a@" * 300_000,
    "one long line of dashes": DAEMON + b"\n" + b"-" * 300_000,
    "one long line of angles": DAEMON + b"\n" + b"<" * 300_000,
    "one long line of digits": DAEMON + b"\n" + b"550-5.1.1 " * 30_000,
    "one long line of spaces": DAEMON + b"\n" + b" " * 300_000 + b"x",
    "many short lines": DAEMON + b"\n" + b"a\n" * 100_000,
    "many lines with addresses": DAEMON + b"\n" + b"<ann@library.example>:\n" * 10_000,
    "tabs and colons": DAEMON + b"\n" + b"\t:\n" * 50_000,
    "encoded words without end": b"Subject: " + b"=?utf-8?q?" * 20_000 + b"\nFrom: " + b"=?" * 50_000 + b"\n\n",
    "encoded words in a row": b"Subject: " + b"=?utf-8?q?a?= " * 10_000 + b"\n\n",
    "parameters without end": DAEMON + b"Content-Type: multipart/mixed" + b"; a*0*=b" * 20_000 + b"\n\nx",
    "quotes without end": DAEMON + b'Content-Type: multipart/mixed; boundary="' + b'\\"' * 50_000 + b"\n\nx",
    "comments without end": b"From: " + b"(" * 100_000 + b"\nDate: " + b"(" * 100_000 + b"\n\nx",
    "tags": DAEMON + b"Content-Type: text/html\n\n" + b"<" * 60_000,
    "comments in HTML": DAEMON + b"Content-Type: text/html\n\n" + b"<!--" * 15_000,
    "entities": DAEMON + b"Content-Type: text/html\n\n" + b"&#x" * 20_000,
    "many recipients": HEAD
    + STATUS
    + b"".join(
        b"\nFinal-Recipient: rfc822; r%d@library.example\nAction: failed\nStatus: 5.2.2\n" % n for n in range(30_000)
    ),
    "groups without blank lines": HEAD
    + STATUS
    + b"".join(
        b"Final-Recipient: rfc822; r%d@library.example\nAction: failed\nStatus: 5.2.2\n" % n for n in range(30_000)
    ),
    "one recipient many times": HEAD
    + STATUS
    + b"\nFinal-Recipient: rfc822; r@library.example\nAction: failed\n" * 30_000,
    "a header of one long word": HEAD + STATUS + b"\n--bb\nContent-Type: message/rfc822\n\nA: b\n" + b"a" * 200_000,
    "spaces in a reply": HEAD + STATUS + b"Diagnostic-Code: smtp; 550 550" + b" " * 100_000 + b"x\n",
    "group of many fields": HEAD + STATUS + b"X-Field: value\n" * 50_000,
    "a field with many lines": HEAD + STATUS + b"Diagnostic-Code: smtp; 550" + b"\n x" * 50_000,
    "a field of many replies": HEAD + STATUS + b"Diagnostic-Code: smtp; " + b"550-5.1.1 said: 550 '" * 20_000,
    "spaces before a type": HEAD + STATUS + b"Diagnostic-Code: " + b" " * 100_000 + b"x\n",
    "blank groups": HEAD + STATUS + b" \n\t\n" * 50_000 + b"x",
    "base64 of nothing": DAEMON + b"Content-Transfer-Encoding: base64\n\n" + b"=" * 300_000,
    "carriage returns": DAEMON.replace(b"\n", b"\r") + b"\r" * 300_000,
    "line ends of all kinds": b"\r\r\n\n\r" * 100_000,
    "NULs": b"\0" * 500_000,
    "500 levels": nested(500),
    "header of 50 MB": DAEMON + b"A: b\n" * 10_000_000 + b"\n",
    "line of 50 MB": DAEMON + b"\n" + b"x" * 50_000_000,
    "a million recipients": HEAD
    + STATUS
    + b"".join(b"\nFinal-Recipient: rfc822; r%d@library.example\nAction: failed\n" % n for n in range(1_000_000)),
    "UTF-7 all over": DAEMON
    + b"Content-Type: text/plain; charset=utf-7\n\n"
    + b"+ADw-script+AD4-+AAAADQAK-ann+AEA-library.example " * 10_000,
    "shifts without end": DAEMON
    + b"Content-Type: text/plain; charset=iso-2022-jp\n\n"
    + b"\x1b$B!!\x1b(J\x1b$(D" * 20_000,
    "lone surrogates": DAEMON
    + b"Content-Type: text/plain; charset=utf-16-le\n\n"
    + b"\x00\xd8" * 50_000
    + b"\xed\xa0\x80" * 50_000,
    "base64 in base64": DAEMON
    + b"Content-Transfer-Encoding: base64\n\n"
    + base64.encodebytes(base64.encodebytes(b"<ann@library.example>: 550 5.1.1\n" * 20_000)),
    "dates that are none": b"Date: " + b"Mon, 99 Xyz 99999 99:99:99 +9999 " * 5_000 + b"\n" + HEAD + STATUS,
    "0xFF": DAEMON + b"\n" + b"\xff" * 100_000,
}


@pytest.mark.parametrize("name", MESSAGES)
def test_no_message_takes_long(name: str) -> None:
    raw = MESSAGES[name]
    parse_bounce(raw)
    assert quickest(lambda: parse_bounce(raw).to_dict(), 1) < 40 * yardstick()


ORDINARY = (HEAD + STATUS + b"\n--bb\nContent-Type: message/rfc822\n\nSubject: x\n\n" + b"A line of text.\n" * 256)[
    :4096
]


@pytest.mark.skipif(sys.gettrace() is not None, reason="coverage slows what it traces; .ci/run has it without")
@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_under_a_megabyte_costs_a_bounded_multiple_of_a_small_one(name: str) -> None:
    raw = MESSAGES[name][:1_000_000]
    parse_bounce(raw)
    small = quickest(lambda: email.message_from_bytes(ORDINARY), 20)
    # Two hundred on an idle machine: twice that leaves room for what else runs.
    assert quickest(lambda: parse_bounce(raw), 3) < 400 * small


CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@pytest.mark.parametrize("name", [name for name, raw in MESSAGES.items() if len(raw) < 1_000_000])
def test_nothing_that_a_terminal_or_a_log_would_obey_comes_out(name: str) -> None:
    report = parse_bounce(MESSAGES[name])
    shown = [report.explain(), *(value for field in report.fields for value in field)]
    for one in report.recipients:
        shown += [
            one.address or "",
            one.original_address or "",
            one.diagnostic or "",
            one.remote_mta or "",
            one.explain(),
        ]
    assert [text for text in shown if CONTROL.search(text)] == []


MEMORY = 4_000_000
"""What a parse may take beside the message: the rules, and some copies of what the limits allow."""


@pytest.mark.parametrize("name", MESSAGES)
def test_memory_is_at_most_four_times_the_message(name: str) -> None:
    raw = MESSAGES[name]
    parse_bounce(STATUS)
    tracemalloc.start()
    try:
        report = parse_bounce(raw)
        assert report.explain()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * len(raw) + MEMORY


def test_a_bounce_of_a_bounce_of_a_bounce_is_about_the_outermost() -> None:
    raw = b""
    for name in (b"innermost", b"inner", b"outermost"):
        boundary = b"b-" + name
        raw = (
            (HEAD + STATUS + b"\n--bb\nContent-Type: message/rfc822\n\n")
            .replace(b"bb", boundary)
            .replace(b"ann@", name + b"@")
            + raw
            + b"\n--"
            + boundary
            + b"--\n"
        )
    report = parse_bounce(raw)
    assert [one.address for one in report.recipients] == ["outermost@library.example"]
    assert report.original is not None
    assert report.original.subject == "Undelivered Mail Returned to Sender"


def test_the_report_is_still_read_behind_a_flood() -> None:
    assert parse_bounce(MESSAGES["group of many fields"]).recipients[0].address == "ann@library.example"
    report = parse_bounce(MESSAGES["many recipients"])
    assert len(report.recipients) == 1_000
    assert "recipients cut at 1000" in report.defects


# -- growth -----------------------------------------------------------------------------------------------------------

GROWING: dict[str, Callable[[int], bytes]] = {
    "notice of at signs": lambda n: DAEMON + b"\n" + b"a@" * n,
    "notice of dashes": lambda n: DAEMON + b"\n" + b"-" * 2 * n,
    "notice of recipients": lambda n: (
        DAEMON + b"\nCould not be delivered:\n" + b"".join(b"r%d@library.example\n" % at for at in range(n // 20))
    ),
    "notice of recipients under headings": lambda n: (
        DAEMON + b"\n" + b"".join(b"could not be found:\nr%d@library.example\n" % at for at in range(n // 40))
    ),
    "notice of recipients in a line": lambda n: (
        DAEMON + b"\nCould not be delivered: " + b"".join(b"r%d@library.example x: " % at for at in range(n // 24))
    ),
    "notice of replies": lambda n: DAEMON + b"\n" + b"550 " * (n // 2),
    "notice of lines": lambda n: DAEMON + b"\n" + b"to: a\n" * (n // 3),
    "status of continuation lines": lambda n: HEAD + STATUS + b"Diagnostic-Code: smtp; 550" + b"\n x" * n,
    "status of fields": lambda n: HEAD + STATUS + b"X-A: b\n" * (n // 3),
    "status of groups": lambda n: HEAD + STATUS + b"\nFinal-Recipient: rfc822; r@library.example\n" * (n // 20),
    "parts": lambda n: HEAD + b"--bb\n\n" * (n // 3),
    "header of colons": lambda n: b"A" + b":" * 2 * n + b"\n\n",
    "subject of words": lambda n: b"Subject: " + b"=?a?q?" * (n // 3) + b"\n\n",
}


@pytest.mark.parametrize("name", GROWING)
def test_time_grows_as_the_message_does(name: str) -> None:
    make = GROWING[name]
    short, long = make(15_000), make(60_000)
    spent = quickest(lambda: parse_bounce(long))
    # Four times the bytes: sixteen times the time where it is quadratic.
    assert spent < 0.02 or spent < 9 * quickest(lambda: parse_bounce(short), 3)


REPLIES: dict[str, Callable[[int], str]] = {
    seed: lambda n, seed=seed: (seed * n)[:n]
    for seed in ["550 5.1.1 ", "said: 550 '", "a@", "host a.", "x ", "after ", "try in 5 ", "http://", "-", "é", "不"]
} | {
    "lines of one code each": lambda n: (
        "550 a" * (n // 10) + " ".join(f"550 5.{i // 1000}.{i % 1000}" for i in range(n // 20))
    ),
}


@pytest.mark.parametrize("name", REPLIES)
def test_time_grows_as_the_reply_does(name: str) -> None:
    make = REPLIES[name]
    # So long that copying what stands before, over and over, shows beside the patterns.
    short, long = make(50_000), make(400_000)
    assert classify_response(long).verdict in {Verdict.HARD, Verdict.SOFT}
    spent = quickest(lambda: classify_response(long))
    # Eight times the text: sixty-four times the time where it is quadratic.
    assert spent < 0.02 or spent < 20 * quickest(lambda: classify_response(short), 3)


# -- patterns ---------------------------------------------------------------------------------------------------------


def patterns() -> dict[str, tuple[re.Pattern[Any], str]]:
    """Every pattern that a module of the package holds, and whether it is only asked at the start of a text."""
    found: dict[int, tuple[str, re.Pattern[Any], str]] = {}
    for module in pkgutil.walk_packages(bouncelib.__path__, "bouncelib."):
        # What only writes reads nothing that arrives; the page needs an extra besides.
        if module.name.endswith((".__main__", ".build")) or ".cli" in module.name or ".htmlreport" in module.name:
            continue
        loaded = importlib.import_module(module.name)
        source = Path(str(loaded.__file__)).read_text("utf-8")
        for name, given in vars(loaded).items():
            value = given.compile() if isinstance(given, Late) else given
            # `_RUNAWAY` reads the patterns of rules: what their authors write, not what arrives.
            if isinstance(value, re.Pattern) and name != "_RUNAWAY":
                uses = set(re.findall(rf"\b{re.escape(name)}\.(\w+)\(", source))
                found.setdefault(
                    id(value), (f"{module.name}.{name}", value, "match" if uses <= {"match", "fullmatch"} else "search")
                )
    layouts = {
        f"{form.name}, layout {number}": (re.compile(form.layout.recipient, re.IGNORECASE), "search")
        for number, form in enumerate(bouncelib.CATALOGUE)
        if form.layout is not None
    }
    return {name: (pattern, use) for name, pattern, use in found.values()} | layouts


PATTERNS = patterns()
SEEDS = (
    "a", "a@", "@", ".", "a.", "-", "--", " ", "\t", "\n", "\n ", " \n", "<", "<a@b.c ", "(", "[", '"', "'",
    "5", "5.1.", "550 ", "550-", "=?", "=?x?q?", "\n--a", "boundary=", "host a", "host a (", "after ", "a:",
    "a: ", "\na: b", "a-", "your message ", "re: ", "[x] ", "9 ", "=", "_", "+", "/", ">", "> ", "é", "不",
    "\r", "\\", "0", "1.2.", "in reply to ", "https://a", ",", ";", "; ", "*", "#",
)  # fmt: skip


def subject(pattern: re.Pattern[Any], seed: str, size: int) -> str | bytes:
    text = (seed * size)[:size]
    return text if isinstance(pattern.pattern, str) else text.encode()[:size]


def spent_on(pattern: re.Pattern[Any], use: str, text: str | bytes, times: int = 1) -> float:
    ask = pattern.match if use == "match" else pattern.search
    return quickest(lambda: ask(text), times)


@pytest.mark.parametrize("name", PATTERNS)
def test_no_pattern_runs_away(name: str) -> None:
    pattern, use = PATTERNS[name]
    source = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    words = re.findall(r"[A-Za-z]{4,}", re.sub(r"\\[a-zA-Z]", " ", source))[:8]
    for seed in (*SEEDS, *words, *(f"{word} " for word in words)):
        # Small before large: what runs away is caught where it still ends.
        for size in (SIZE // 16, SIZE):
            long = spent_on(pattern, use, subject(pattern, seed, size))
            if long < 0.03:
                continue
            short = spent_on(pattern, use, subject(pattern, seed, size // 8), 3)
            # Eight times the text: sixty-four times the time where it is quadratic.
            again = spent_on(pattern, use, subject(pattern, seed, size), 2)
            assert min(long, again) < 24 * short, (seed, size, again, short)


# -- size -------------------------------------------------------------------------------------------------------------

MEGABYTES = 25


@cache
def big(end: bytes) -> bytes:
    """A report that returns a large message."""
    line = b"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU2Nzg5QUJDREVGR0hJSktMTU5PUFFSU1RV\n"
    head = HEAD + STATUS + b"\n--bb\nContent-Type: message/rfc822\n\nMessage-ID: <1@store.example>\nSubject: Big\n\n"
    return (head + line * (MEGABYTES * 1_048_576 // len(line)) + b"--bb--\n").replace(b"\n", end)


ENDS = pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])


@ENDS
def test_nothing_grows_with_a_large_original(end: bytes) -> None:
    raw = big(end)
    parse_bounce(raw[:5_000])
    tracemalloc.start()
    try:
        report = parse_bounce(raw)
        assert report.original is not None
        assert report.original.message_id == "<1@store.example>"
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # At most some copies of a bounded header block.
    assert peak < 2_000_000


@ENDS
def test_a_large_original_costs_a_tenth_of_email_at_most(end: bytes) -> None:
    raw = big(end)
    assert quickest(lambda: parse_bounce(raw).explain()) < 0.1 * quickest(lambda: email.message_from_bytes(raw), 1)


def test_the_report_holds_nothing_of_a_large_original() -> None:
    report = parse_bounce(big(b"\n"))
    assert len(repr(report)) + len(repr(report.envelope)) < 20_000
