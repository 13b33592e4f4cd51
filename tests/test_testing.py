"""The test kit: what it finds wrong with a format, with a rule file, with an expectation."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from attrs import evolve

from bouncelib import (
    Action,
    BounceParser,
    Evidence,
    Fingerprint,
    Format,
    Kind,
    Layout,
    Message,
    Reading,
    heuristic,
    parse_bounce,
)
from bouncelib.format import report
from bouncelib.testing import check_format, check_rules, differences, stands
from bouncelib.testing.damage import variants
from bouncelib.testing.expectation import rewritten
from bouncelib.testing.ordinary import known_reports, ordinary_mail

MAIL = b"""\
From: Courier pigeons <pigeons@loft.example>
To: news@store.example
Subject: Pigeon post: a letter came back
Return-Path: <>
X-Pigeon: 7
Date: Mon, 5 Jan 2026 09:00:00 +0000
Message-ID: <1@loft.example>

The loft master regrets that a letter came back.

Reader: ann@library.example
Because: 550 5.1.1 no such reader
"""
EXPECTED: dict[str, Any] = {
    "kind": "bounce",
    "recipients": [{"address": "ann@library.example", "status": "5.1.1", "smtp_code": "550", "action": "failed"}],
}
LAYOUT = Layout(recipient=r"^reader: (?P<address>[^\s<>]{1,320})$", fields={"because:": "diagnostic"})
PIGEON = Format("pigeon", (Fingerprint(phrases=("the loft master regrets",)),), LAYOUT)

Reader = Callable[[Message], Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "came-back.eml").write_bytes(MAIL)
    (tmp_path / "came-back.json").write_text(json.dumps(EXPECTED), "utf-8")
    return tmp_path


@pytest.fixture(scope="module")
def parser() -> BounceParser:
    return BounceParser()


def broken(form: Format, folder: Path, **options: Any) -> list[str]:
    """The lines of what is wrong with the format."""
    with pytest.raises(AssertionError) as caught:
        check_format(form, folder, **options)
    first, *lines = str(caught.value).split("\n  ")
    assert first == f"format {form.name!r} breaks its contract:"
    return lines


def reading(read: Reader) -> Format:
    return Format("pigeon", PIGEON.fingerprints, read=read)


def named(address: str = "ann@library.example", diagnostic: str | None = "550 5.1.1 no such reader") -> Reading:
    return report("pigeon", [Evidence(address=address, action=Action.FAILED, diagnostic=diagnostic, format="pigeon")])


def test_a_format_that_keeps_its_contract_passes(folder: Path) -> None:
    check_format(PIGEON, folder)


def test_a_decorated_function_is_a_format(folder: Path) -> None:
    @heuristic("pigeon", fingerprint=PIGEON.fingerprints)
    def read(message: Message) -> Reading | None:
        return cast("Reading | None", PIGEON.run(message))

    with read:
        check_format(read, folder)


def test_a_format_is_read_in_its_place_where_it_is_called_as_a_shipped_one(folder: Path) -> None:
    check_format(evolve(PIGEON, name="qmail"), folder)


def test_the_parser_may_be_given(folder: Path) -> None:
    check_format(PIGEON, folder, parser=BounceParser(formats=[PIGEON]))
    assert 'came-back.eml: format: "pigeon" expected, "generic" found' in broken(PIGEON, folder, parser=BounceParser())


def test_without_messages_there_is_no_proof(tmp_path: Path) -> None:
    assert broken(PIGEON, tmp_path) == [f"{tmp_path}: no *.eml in it"]


def test_a_message_needs_an_expectation_and_an_expectation_a_message(folder: Path) -> None:
    (folder / "came-back.json").rename(folder / "went.json")
    (folder / "went.got.json").write_text("{}", "utf-8")
    assert broken(PIGEON, folder) == [
        "went.json: no message beside it",
        "came-back.eml: no came-back.json beside it",
    ]


@pytest.mark.parametrize("text", ["{", "[]"])
def test_an_expectation_that_is_none_is_named(folder: Path, text: str) -> None:
    (folder / "came-back.json").write_text(text, "utf-8")
    assert [line.partition(": ")[0] for line in broken(PIGEON, folder)] == ["came-back.json"]


def test_every_difference_is_listed(folder: Path) -> None:
    wanted = {
        "kind": "delay",
        "statuss": 1,
        "recipients": [{"address": "bo@library.example", "status": None, "smtp_code": "550"}, {"address": "cy"}],
        "original": {"message_id": "<1@store.example>"},
    }
    (folder / "came-back.json").write_text(json.dumps(wanted), "utf-8")
    assert broken(PIGEON, folder) == [
        'came-back.eml: kind: "delay" expected, "bounce" found',
        "came-back.eml: statuss: a report has no such key",
        "came-back.eml: recipients: 2 expected, 1 found: ann@library.example",
        'came-back.eml: recipients[0].address: "bo@library.example" expected, "ann@library.example" found',
        'came-back.eml: recipients[0].status: nothing expected, "5.1.1" found',
        'came-back.eml: original: {"message_id": "<1@store.example>"} expected, nothing found',
    ]


def test_a_message_that_another_format_reads_says_so(folder: Path) -> None:
    (folder / "qmail.eml").write_bytes(next(raw for name, raw in known_reports() if name == "qmail"))
    (folder / "qmail.json").write_text("{}", "utf-8")
    assert 'qmail.eml: format: "pigeon" expected, "qmail" found' in broken(PIGEON, folder)
    (folder / "qmail.json").write_text('{"format": "qmail"}', "utf-8")
    check_format(PIGEON, folder)
    for path in folder.glob("came-back.*"):
        path.unlink()
    assert broken(PIGEON, folder) == [f"{folder}: no message in it is read by this format"]


def test_line_ends_must_not_matter(folder: Path) -> None:
    def read(message: Message) -> Reading | None:
        return named() if b"\r" not in message.source.raw and message.source.raw.isascii() else None

    crlf = [line for line in broken(reading(read), folder) if "CRLF" in line]
    # The bytes are normalised before a reader sees them; it must look at them to know.
    assert crlf == [] or crlf[0].startswith("came-back.eml: with CRLF line ends: ")


def test_reading_must_be_pure(folder: Path) -> None:
    number = itertools.count()
    form = reading(lambda _: named(diagnostic=f"550 5.1.1 no such reader {next(number)}"))
    assert "came-back.eml: read() gives another result the second time" in broken(form, folder)


def test_what_is_reported_must_stand_in_the_message(folder: Path) -> None:
    form = reading(lambda _: named("annie@library.example"))
    assert "came-back.eml: annie@library.example does not stand in the message" in broken(form, folder)


def test_a_code_must_stand_in_the_message_too(folder: Path) -> None:
    form = reading(lambda _: Reading(Kind.BOUNCE, (Evidence("ann@library.example", smtp_code="552"),), format="pigeon"))
    assert "came-back.eml: 552 does not stand in the message" in broken(form, folder)


def test_an_address_must_not_be_invented_when_the_message_is_damaged(folder: Path) -> None:
    form = reading(lambda _: named())
    assert any(
        re.match(r"came-back\.eml: cut after \d+ bytes: ann@library\.example does not stand in the message", line)
        for line in broken(form, folder)
    )


def test_damage_must_raise_nothing(folder: Path) -> None:
    def read(message: Message) -> Reading | None:
        at = message.lines.index("Reader: ann@library.example")
        return report("pigeon", [Evidence(message.lines[at][8:], action=Action.FAILED, diagnostic="no such reader")])

    lines = broken(reading(read), folder)
    assert any("bytes: failed: ValueError: " in line for line in lines)
    assert any(line.startswith("of other mail (a note): failed: ValueError: ") for line in lines)


@pytest.mark.parametrize("wrong", ["ann@library.example", Evidence(), 7])
def test_a_reader_gives_a_reading_or_nothing(folder: Path, wrong: object) -> None:
    name = type(wrong).__name__
    assert f"came-back.eml: failed: TypeError: it returned {name}" in broken(reading(lambda _: wrong), folder)


def test_a_reader_may_yield_evidence(folder: Path) -> None:
    def read(message: Message) -> Iterator[Evidence]:
        for line in message.lines:
            if line.startswith("Reader: ") and "@" in line:
                yield Evidence(line[8:].strip(), action=Action.FAILED, diagnostic="550 5.1.1 no such reader")

    check_format(reading(read), folder)


def test_a_pattern_must_not_be_slow(folder: Path) -> None:
    layout = evolve(LAYOUT, recipient=rf"{LAYOUT.recipient}|(?:a+)+x$")
    form = evolve(PIGEON, layout=layout)
    assert any("slow: " in line and "'a' again and again" in line for line in broken(form, folder))


def test_a_fingerprint_must_fit_the_proof(folder: Path) -> None:
    form = evolve(PIGEON, fingerprints=(Fingerprint(phrases=("the loft master rejoices",)),))
    assert "came-back.eml: the fingerprint does not fit" in broken(form, folder)


def test_a_fingerprint_must_not_fit_other_mail(folder: Path) -> None:
    lines = broken(evolve(PIGEON, fingerprints=(Fingerprint(headers=("message-id",)),)), folder)
    assert "the fingerprint fits other mail: a newsletter" in lines
    assert len(lines) == len(list(ordinary_mail())) + 1


def test_a_fingerprint_must_not_fit_the_reports_of_others(folder: Path) -> None:
    form = evolve(PIGEON, fingerprints=(*PIGEON.fingerprints, Fingerprint(senders=("mailer-daemon",))))
    assert "the fingerprint fits 5 known reports: Exim, qmail, Sendmail, Postfix, its notice alone, " in "".join(
        broken(form, folder)
    )


def test_other_mail_must_be_read_as_before(folder: Path) -> None:
    def read(message: Message) -> Reading | None:
        found = re.search(r"\w+@library\.example", message.notice)
        return None if found is None else report("pigeon", [Evidence(found[0], action=Action.FAILED)])

    form = Format("pigeon", read=read)
    lines = broken(form, folder)
    assert "other mail is read: a subscription" in lines
    assert "a known report is read in another way: qmail" in lines


def test_a_name_is_plain(folder: Path) -> None:
    assert broken(evolve(PIGEON, name="Pigeon post"), folder)[0] == (
        "the name 'Pigeon post' is none; write small letters, digits, '-' and '_'"
    )


GOOD = """
[[rule]]
id = "left"
says = ["reader has flown away"]
reason = "unknown_user"
"""


def rule_problems(path: Path) -> list[str]:
    with pytest.raises(AssertionError, match="rules break their contract") as caught:
        check_rules(path)
    return str(caught.value).split("\n  ")[1:]


def test_rules_need_examples(tmp_path: Path) -> None:
    path = tmp_path / "pigeon.toml"
    path.write_text(GOOD, "utf-8")
    assert rule_problems(path) == [f"{path}: rule left: no examples"]
    path.write_text(GOOD + 'examples = ["550 The reader has flown away"]\n', "utf-8")
    check_rules(path)
    check_rules(tmp_path)


def test_rules_are_held_to_their_examples(tmp_path: Path) -> None:
    path = tmp_path / "pigeon.toml"
    path.write_text(GOOD + 'examples = ["550 User unknown"]\nsay = "x"\n', "utf-8")
    assert rule_problems(path) == [f"{path}: rule left: unknown key 'say'"]
    path.write_text(GOOD + 'examples = ["550 User unknown"]\n', "utf-8")
    assert rule_problems(path)[0].endswith("is decided by standard/phrases/user-unknown, not by this rule")


def test_a_folder_without_rules_proves_nothing(tmp_path: Path) -> None:
    assert rule_problems(tmp_path) == [f"{tmp_path}: no *.toml in it"]


@pytest.mark.parametrize(
    ("text", "raw"),
    [
        ("ann@library.example", b"To: <Ann@Library.example>"),
        ("ann@library.example", b"ann@lib=\nrary.example"),
        ("ann@library.example", b"\n\nann@library\n .example"),
        ("ann@library.example", b"Return-Path: <bounce-ann=library.example@store.example>"),
        ("ann+tag@library.example", b"rfc822; ann+2Btag@library.example"),
        ("j\u00fc@library.example", b"utf-8; j\\x{FC}@library.example"),
        (
            "ann@library.example",
            b"MIME-Version: 1.0\nContent-Transfer-Encoding: base64\n\nYW5uQGxpYnJhcnkuZXhhbXBsZQ==\n",
        ),
        ("ann@library.example", b"<a href=mailto:ann%40library.example>"),
        ("j\u00fc", "From: jü".encode("latin-1")),
    ],
)
def test_what_stands_in_a_message_is_found_however_it_is_written(text: str, raw: bytes) -> None:
    assert stands(text, raw)
    assert not stands(f"x{text}", raw)


def test_damage_is_the_same_on_every_run() -> None:
    first = list(variants(MAIL))
    assert first == list(variants(MAIL))
    assert len({raw for _, raw in first}) > 30


def test_the_mail_of_the_kit_is_read_as_what_it_is() -> None:
    assert {str(parse_bounce(raw).kind) for _, raw in ordinary_mail()} == {"other"}
    kinds = {name: parse_bounce(raw).kind for name, raw in known_reports()}
    assert len(kinds) == 8
    assert Kind.OTHER not in kinds.values()
    recipients = [one.address for _, raw in known_reports() for one in parse_bounce(raw).recipients]
    assert recipients == ["bo@library.example"] * 7


def test_a_new_expectation_says_what_matters(parser: BounceParser) -> None:
    got = parser.parse(MAIL).to_dict()
    assert rewritten(None, got) == {
        "why": "",
        "kind": "bounce",
        "format": "generic",
        "recipients": [
            {
                "address": "ann@library.example",
                "action": "failed",
                "status": "5.1.1",
                "smtp_code": "550",
                "verdict": "hard",
                "reason": "unknown_user",
                "diagnostic": got["recipients"][0]["diagnostic"],
            }
        ],
    }


def test_an_old_expectation_keeps_its_keys(parser: BounceParser) -> None:
    got = parser.parse(MAIL).to_dict()
    wanted = {"why": "so", "recipients": [{"status": "4.0.0"}], "kind": "other", "no_such_key": 1, "new_address": "x"}
    assert rewritten(wanted, got) == {
        "why": "so",
        "recipients": [{"status": "5.1.1"}],
        "kind": "bounce",
        "new_address": None,
    }
    assert differences(rewritten(wanted, got), got) == []
    assert list(rewritten({"recipients": []}, got)["recipients"][0])[:2] == ["address", "action"]


def test_of_an_original_only_what_is_named_is_compared(parser: BounceParser) -> None:
    raw = next(raw for name, raw in known_reports() if name.startswith("a report"))
    got = parser.parse(raw).to_dict()
    wanted = {"original": {"message_id": "<january.1@store.example>", "subject": "?"}}
    assert differences(wanted, got) == ['original.subject: "?" expected, "What is new in January" found']
    assert rewritten(wanted, got)["original"]["subject"] == "What is new in January"


def test_the_kit_has_no_other_names() -> None:
    import bouncelib.testing

    with pytest.raises(AttributeError, match="check_everything"):
        bouncelib.testing.check_everything  # noqa: B018
