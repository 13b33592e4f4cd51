"""What users add: decorated functions, installed packages, explicit arguments; and what goes wrong in them."""

from __future__ import annotations

import pickle
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest

from bouncelib import (
    CATALOGUE,
    DEFAULT_RULES,
    BounceParser,
    BounceReport,
    Evidence,
    Fingerprint,
    Format,
    FormatError,
    Judgement,
    Kind,
    Layout,
    Limits,
    Message,
    Reading,
    Verdict,
    classify_response,
    heuristic,
    judge,
    load_rules,
    parse_bounce,
)
from bouncelib.plugins import installed

ANN, BOB = "ann@library.example", "bob@library.example"
ACME = b"""\
From: Acme Post <robot@acme.example>
To: news@store.example
Subject: [acme] letter came back
Message-ID: <1@acme.example>

Your letter to ann@library.example came back: 552 the box of this reader is full.
"""
DSN = b"""\
From: MAILER-DAEMON@mail.store.example
Subject: Undelivered
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

Sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.store.example

Final-Recipient: rfc822; ann@library.example
Action: failed
Status: 5.1.1

Final-Recipient: rfc822; bob@library.example
Action: failed
Status: 5.2.2
--b--
"""
CLUE = Fingerprint(subjects=("[acme] letter came back",))
ANY = Fingerprint(senders=("robot", "mailer-daemon"))


def read_acme(message: Message) -> Iterator[Evidence]:
    """The format that the tests know: one line holds all."""
    for line in message.lines:
        if line.startswith("Your letter to "):
            yield Evidence(line.split()[3], diagnostic=line.partition(": ")[2])


# In the module, so that a process pool finds them by name.
@heuristic("acme", fingerprint=CLUE)
def acme(message: Message) -> Iterable[Evidence]:
    return read_acme(message)


acme.remove()


@judge("module")
def module_judge(evidence: Evidence) -> Judgement | None:
    return Judgement.of("suppressed") if evidence.smtp_code == "599" else None


module_judge.remove()


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BOUNCELIB_PLUGINS", raising=False)


def form(read: Callable[[Message], Any], name: str = "acme", clue: Fingerprint = ANY) -> Format:
    return Format(name, (clue,), read=read)


def read_by(read: Callable[[Message], Any], raw: bytes = DSN, **options: Any) -> BounceReport:
    return BounceParser(formats=[form(read), *CATALOGUE], **options).parse(raw)


def verdicts(report: BounceReport) -> list[tuple[str | None, Verdict]]:
    return [(one.address, one.verdict) for one in report.recipients]


def test_a_decorated_function_reads_until_it_is_removed() -> None:
    assert parse_bounce(ACME).format != "mine"
    with heuristic("mine", fingerprint=CLUE)(read_acme):
        report = parse_bounce(ACME)
        assert (report.kind, report.format, verdicts(report)) == (Kind.BOUNCE, "mine", [(ANN, Verdict.SOFT)])
        (one,) = report.recipients
        assert (one.smtp_code, one.reason) == ("552", "mailbox_full")
        # Off for one parser, and by the environment for all.
        assert BounceParser(plugins=False).parse(ACME).format != "mine"
    assert parse_bounce(ACME).format != "mine"


@pytest.mark.parametrize("word", ["0", "off", "No", "FALSE"])
def test_the_environment_turns_plugins_off(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    with heuristic("mine", fingerprint=CLUE)(read_acme):
        monkeypatch.setenv("BOUNCELIB_PLUGINS", word)
        assert parse_bounce(ACME).format != "mine"
        assert BounceParser().parse(ACME).format != "mine"
        assert BounceParser(plugins=True).parse(ACME).format == "mine"


def test_the_function_stays_callable_and_a_handle_may_be_removed_twice() -> None:
    handle = heuristic("mine", fingerprint=CLUE)(read_acme)
    assert list(cast("Iterator[Evidence]", handle(Message(ACME)))) == list(read_acme(Message(ACME)))
    assert handle.__doc__ == read_acme.__doc__
    handle.remove()
    handle.remove()


def test_a_later_function_of_the_same_name_replaces() -> None:
    with heuristic("mine", fingerprint=CLUE)(lambda _: Reading(Kind.AUTO_REPLY)), judge("j")(lambda _: None):
        with heuristic("mine", fingerprint=CLUE)(read_acme):
            assert parse_bounce(ACME).kind is Kind.BOUNCE
        # What it replaced is gone too.
        assert parse_bounce(ACME).format != "mine"


def test_a_format_of_a_shipped_name_replaces_it() -> None:
    parser = BounceParser(formats=[Format("rfc3464", (CLUE,), read=read_acme), *CATALOGUE])
    assert parser.parse(ACME).format == "rfc3464"
    assert parser.parse(DSN).format != "rfc3464"


def test_a_format_without_a_fingerprint_is_asked_of_every_message() -> None:
    parser = BounceParser(formats=[Format("acme", read=read_acme), *CATALOGUE], plugins=False)
    assert [one.address for one in parser.parse(ACME).recipients] == [ANN]
    assert parser.parse(DSN).format == "rfc3464"


def test_a_users_format_comes_before_the_standards_own() -> None:
    report = read_by(lambda _: [Evidence(BOB, diagnostic="Sorry.")])
    assert (report.format, [one.address for one in report.recipients]) == ("acme", [BOB])
    # Placed last, it is asked last.
    late = BounceParser(formats=[*CATALOGUE, form(lambda _: [Evidence(BOB)])])
    assert late.parse(DSN).format == "rfc3464"
    assert late.parse(ACME).format != "rfc3464"


def test_what_a_users_format_leaves_open_is_filled() -> None:
    report = read_by(
        lambda _: [Evidence(ANN, status="5.0.0", action="failed")],  # type: ignore[arg-type]
        DSN.replace(b"5.1.1", b"5.0.0\nDiagnostic-Code: smtp; 550 5.1.1 no such user"),
    )
    (one,) = report.recipients
    assert (report.format, one.diagnostic, one.reason) == ("acme", "550 5.1.1 no such user", "unknown_user")
    assert ("diagnostic", "rfc3464") in one.evidence.sources


def test_a_layout_and_another_kind() -> None:
    layout = Layout(recipient=r"letter to (?P<address>\S+) came back: (?P<text>.*)")
    report = BounceParser(formats=[Format("flat", (CLUE,), layout)]).parse(ACME)
    assert (report.format, [one.smtp_code for one in report.recipients]) == ("flat", ["552"])
    with heuristic("away", fingerprint=CLUE, kind=Kind.AUTO_REPLY)(lambda _: ()):
        assert parse_bounce(ACME).kind is Kind.AUTO_REPLY


def boom(_: Message) -> Reading:
    raise ValueError("a\x1b[31m\nb")


def late_boom(_: Message) -> Iterator[Evidence]:
    yield Evidence(ANN, diagnostic="Sorry.")
    raise RuntimeError("late")


class Untold(Exception):  # noqa: N818 - it is the worst of its kind
    def __str__(self) -> str:
        raise RuntimeError


def untold(_: Message) -> Reading:
    raise Untold


BAD: list[tuple[str, Callable[[Message], Any], str]] = [
    ("raises", boom, "format acme failed: ValueError: a?[31m?b"),
    ("raises late", late_boom, "format acme failed: RuntimeError: late"),
    ("cannot tell", untold, "format acme failed: Untold: "),
    ("an int", lambda _: 7, "format acme failed: TypeError: it returned int"),
    ("a text", lambda _: ANN, "format acme failed: TypeError: it returned str"),
    ("a mapping", lambda _: {"address": ANN}, "format acme failed: TypeError: it returned dict"),
    ("a list of texts", lambda _: [ANN], "format acme: str is no Evidence"),
    ("no kind", lambda _: Reading("bounced", (Evidence(ANN),)), "format acme failed: ValueError: 'bounced'"),  # type: ignore[arg-type]
    ("ten million", lambda _: (Evidence(ANN) for _ in range(10_000_000)), "it yields more than 1000 recipients"),
    ("ten million in a reading", lambda _: Reading(Kind.BOUNCE, (Evidence(ANN),) * 10_000_000), "it yields more than"),
    ("invents", lambda _: [Evidence("eve@library.example")], "format acme: eve@library.example does not stand"),
    ("invents one", lambda _: [Evidence(ANN), Evidence("eve@library.example")], "eve@library.example does not stand"),
    ("invents the original", lambda _: [Evidence(ANN, "eve@library.example")], "eve@library.example does not stand"),
    (
        "invents where to",
        lambda _: Reading(Kind.BOUNCE, (Evidence(ANN),), new_address="eve@a.example"),
        "eve@a.example",
    ),
    ("no address", lambda _: [Evidence(diagnostic="no")], "format acme: it names no address"),
    ("control characters", lambda _: [Evidence("ann@library.example\r\nBcc: eve")], "format acme: no address: "),
    ("a number for an address", lambda _: [Evidence(7)], "format acme: int is no text"),  # type: ignore[arg-type]
    ("a wrong action", lambda _: [Evidence(ANN, action="lost")], "'lost' is not a valid Action"),  # type: ignore[arg-type]
    ("a wrong code", lambda _: [Evidence(ANN, status="9.9.9")], "no enhanced code"),  # type: ignore[arg-type]
    ("a wrong reply", lambda _: [Evidence(ANN, smtp_code="lots")], "no reply code"),
    ("fields", lambda _: [Evidence(ANN, fields=7)], "int is no list of pairs"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("read", "defect"), [one[1:] for one in BAD], ids=[one[0] for one in BAD])
def test_a_bad_answer_is_named_and_changes_nothing(read: Callable[[Message], Any], defect: str) -> None:
    usual = BounceParser(plugins=False).parse(DSN)
    report = read_by(read)
    assert report.recipients == usual.recipients
    assert any(defect in one for one in report.defects), report.defects
    assert all(one.isprintable() for one in report.defects)


def test_what_holds_of_a_bad_answer_is_used_where_nobody_else_reads() -> None:
    report = read_by(lambda _: [Evidence(ANN, diagnostic="no"), Evidence("eve@library.example")], ACME)
    assert (report.format, [one.address for one in report.recipients]) == ("acme", [ANN])
    assert any("eve@library.example" in one for one in report.defects)


def test_an_invented_code_is_refused() -> None:
    report = read_by(lambda _: [Evidence(ANN, status="5.7.9", smtp_code=571, diagnostic="no")], ACME)  # type: ignore[arg-type]
    (one,) = report.recipients
    assert (one.status, one.smtp_code) == (None, None)
    assert {
        "format acme: 5.7.9 does not stand in the message",
        "format acme: 571 does not stand in the message",
    } <= set(report.defects)


@pytest.mark.parametrize(
    "line",
    [
        b"Your letter to ann@library.example came back",
        b"Your letter to ANN@Library.example came back",
        b"Return-Path: <news+ann=library.example@store.example>",
        b"rfc822; ann+40library.example",
        b"utf-8; \\x{61}nn@library.example",
    ],
)
def test_an_address_may_stand_there_in_any_usual_spelling(line: bytes) -> None:
    raw = b"From: robot@acme.example\nSubject: no\n\n" + line + b"\n"
    assert [one.address for one in read_by(lambda _: [Evidence(ANN, diagnostic="no")], raw).recipients] == [ANN]


def test_a_format_among_the_shipped_ones_is_checked_too() -> None:
    catalogue = tuple(CATALOGUE)
    parser = BounceParser(formats=[*catalogue[:3], form(boom, "odd"), *catalogue[3:]])
    assert "format odd failed: ValueError: a?[31m?b" in parser.parse(ACME).defects


def test_the_limit_of_recipients_holds() -> None:
    report = read_by(lambda _: [Evidence(ANN), Evidence(BOB)], limits=Limits(recipients=1))
    assert "format acme failed: ValueError: it yields more than 1 recipients" in report.defects


def test_a_judge_decides_before_the_rules_and_may_pass() -> None:
    with judge("mine")(lambda seen: Judgement.of("policy", "hard", rule="mine") if seen.address == BOB else None):
        report = parse_bounce(DSN)
        assert [(one.reason, one.verdict, one.rule) for one in report.recipients] == [
            ("unknown_user", Verdict.HARD, "standard/status/x.1.1"),
            ("policy", Verdict.HARD, "mine"),
        ]
    assert classify_response("552 5.2.2 full").reason == "mailbox_full"


def bad_judge(_: Evidence) -> Judgement:
    raise KeyError("lost")


def talker(_: Evidence) -> str:
    return "hard"


@pytest.mark.parametrize(
    ("ours", "defect"),
    [
        (bad_judge, "judge bad_judge failed: KeyError: 'lost'"),
        (talker, "judge talker failed: TypeError: it returned str, not a Judgement"),
    ],
)
def test_a_bad_judge_is_named_and_passed_over(ours: Any, defect: str) -> None:
    parser = BounceParser(judges=[ours], plugins=False)
    report = parser.parse(DSN)
    assert report.recipients == BounceParser(plugins=False).parse(DSN).recipients
    assert report.defects == (defect,)
    # One reply has no defects: its trail tells.
    assert ("passed over", defect) in parser.classify_response("550 5.1.1 no such user").trail


@pytest.mark.parametrize(
    ("name", "function", "clue"),
    [("", read_acme, CLUE), ("mine", None, CLUE), ("mine", read_acme, ["robot"])],
)
def test_a_wrong_registration_is_an_error(name: str, function: Any, clue: Any) -> None:
    with pytest.raises(FormatError):
        heuristic(name, fingerprint=clue)(function)
    assert parse_bounce(ACME).format != "mine"


def test_parsers_with_plugins_are_pickled() -> None:
    parser = BounceParser(formats=[acme.format, *CATALOGUE], judges=[module_judge])
    again = pickle.loads(pickle.dumps(parser))  # noqa: S301 - our own
    assert again.parse(ACME) == parser.parse(ACME)
    assert again.parse(ACME).format == "acme"
    assert again.parse(DSN) == parser.parse(DSN)
    assert again.classify_response("599 no").reason == "suppressed"


def test_the_explicit_door_touches_nothing_global() -> None:
    before = parse_bounce(ACME)
    BounceParser(formats=[form(read_acme)], judges=[lambda _: Judgement.of("spam")])
    assert parse_bounce(ACME) == before


def test_threads_may_add_and_remove_while_others_parse() -> None:
    usual = parse_bounce(DSN)
    stop = threading.Event()

    def come_and_go(number: int) -> None:
        while not stop.is_set():
            heuristic(f"mine{number}", fingerprint=CLUE)(read_acme).remove()

    with ThreadPoolExecutor(4) as pool:
        busy = [pool.submit(come_and_go, number) for number in range(2)]
        try:
            assert all(parse_bounce(DSN) == usual for _ in range(5))
        finally:
            stop.set()
        for one in busy:
            one.result()
    assert parse_bounce(ACME).format not in {"mine0", "mine1"}


def install(folder: Path, name: str, points: str, **modules: str) -> None:
    """A package as pip leaves it, as far as anybody looks."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(points)
    for module, text in modules.items():
        (folder / f"{module}.py").write_text(text)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(tmp_path))
    installed.cache_clear()
    yield tmp_path
    installed.cache_clear()
    # A plugin that comes and goes makes the snapshot be taken again.
    heuristic("none", fingerprint=CLUE)(read_acme).remove()


def fresh() -> BounceParser:
    heuristic("none", fingerprint=CLUE)(read_acme).remove()
    return BounceParser()


def test_installed_packages_bring_formats_and_rules(site: Path) -> None:
    install(
        site,
        "bouncelib-parcel",
        "[bouncelib.formats]\nparcel = parcel_plugin:FORMAT\n[bouncelib.rules]\nparcel = parcel_plugin:rules\n",
        parcel_plugin=(
            "from pathlib import Path\n"
            "from bouncelib import Evidence, Fingerprint, Format\n"
            "def read(message):\n"
            "    return [Evidence(m.split()[3], diagnostic=m) for m in message.lines if m.startswith('Your letter')]\n"
            "FORMAT = Format('parcel', (Fingerprint(subjects=('[acme] letter came back',)),), read=read)\n"
            "def rules():\n"
            "    return Path(__file__).with_name('parcel.toml')\n"
        ),
    )
    (site / "parcel.toml").write_text(
        '[[rule]]\nid = "full"\nsays = ["box of this reader is full"]\nreason = "policy"\nsource = "observed"\n'
        'examples = ["552 the box of this reader is full"]\n'
    )
    report = fresh().parse(ACME)
    (one,) = report.recipients
    assert (report.format, one.reason, one.rule) == ("parcel", "policy", "parcel/full")
    # Explicit rules come first.
    mine = site / "mine.toml"
    mine.write_text((site / "parcel.toml").read_text().replace('"policy"', '"spam"'))
    (one,) = BounceParser(rules=[load_rules(mine), *DEFAULT_RULES]).parse(ACME).recipients
    assert one.rule == "mine/full"
    assert BounceParser(plugins=False).parse(ACME).format != "parcel"


@pytest.mark.parametrize(
    ("points", "text"),
    [
        ("[bouncelib.formats]\nbad = bad_plugin:FORMAT\n", "raise OSError('no')"),
        ("[bouncelib.formats]\nbad = bad_plugin:FORMAT\n", "FORMAT = [7]"),
        ("[bouncelib.formats]\nbad = no_such_plugin:FORMAT\n", ""),
        ("[bouncelib.rules]\nbad = bad_plugin:RULES\n", "RULES = ['/no/such/file.toml']"),
    ],
)
def test_a_broken_package_is_a_warning_that_names_it(site: Path, points: str, text: str) -> None:
    install(site, "bouncelib-bad", points, bad_plugin=text)
    sys.modules.pop("bad_plugin", None)
    with pytest.warns(RuntimeWarning, match=r"entry point bad \(bouncelib\.\w+\) of bouncelib-bad 1\.0 is left out: "):
        parser = fresh()
    assert parser.parse(DSN).recipients == BounceParser(plugins=False).parse(DSN).recipients
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # Once is enough.
        fresh()


def test_packages_are_looked_for_on_any_path(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (site / "file.txt").write_text("")
    (site / "odd-1.0.dist-info").mkdir()
    for path in ("file.txt", "missing"):
        monkeypatch.syspath_prepend(str(site / path))
    assert installed().formats == ()


def test_judgements_of_a_reason() -> None:
    one = Judgement.of("mailbox_full", "hard", rule="mine", confidence="low")
    assert (one.verdict, one.fault, one.advice, one.confidence) == ("hard", "recipient", "suppress", "low")
    with pytest.raises(ValueError, match="no_reason"):
        Judgement.of("no_reason")


def test_iterables_of_fingerprints() -> None:
    clues: Iterable[Fingerprint] = [Fingerprint(senders=("nobody",)), CLUE]
    with heuristic("mine", fingerprint=clues)(read_acme):
        assert parse_bounce(ACME).format == "mine"
