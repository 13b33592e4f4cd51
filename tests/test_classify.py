"""From evidence to judgement: the order of the judges, softening, advice, confidence, the trail."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from bouncelib import BounceParser, classify_response, parse_bounce
from bouncelib.classify import Classifier
from bouncelib.model import (
    REASONS,
    Action,
    Advice,
    Confidence,
    EnhancedCode,
    Evidence,
    Fault,
    Reason,
    Verdict,
)
from bouncelib.rulebook import Rulebook, Rules
from bouncelib.testing.strategies import evidences

ADDRESS = "ann@library.example"


def says(name: str, phrase: str, reason: str, **more: object) -> dict[str, Any]:
    return {"id": name, "says": [phrase], "reason": reason, **more}


TABLES: dict[str, dict[str, Any]] = {
    "mine": {"rule": [says("own", "apple", "virus")]},
    "acme": {
        "hosts": ["acme.example"],
        "rule": [
            says("quirk", "banana", "blocklisted"),
            {"id": "else", "reply": ["5yz"], "reason": "policy", "default": True},
        ],
    },
    "spoken": {"tokens": ["zebra"], "rule": [says("token", "banana", "bad_reputation")]},
    "standard/conflicts": {"rule": [says("both", "cherry", "spam", status=["5.1.1"])]},
    "standard/phrases": {
        "rule": [
            says("unknown", "no such user", "unknown_user"),
            says("full", "full", "mailbox_full"),
            says("never", "no such domain", "unknown_host", final=True),
            says("gone", "has moved", "moved"),
            says("vague", "unavailable", "not_authorized", weak=True),
            says("slow", "greylisted", "greylisted"),
            says("closed", "closed", "disabled", confidence="low"),
        ]
    },
    "standard/status": {
        "rule": [
            {"id": "5.1.1", "status": ["x.1.1"], "reason": "unknown_user"},
            {"id": "5.2.2", "status": ["x.2.2"], "reason": "mailbox_full"},
            {"id": "5.7.1", "status": ["x.7.1"], "reason": "policy", "weak": True},
            {"id": "5.0.0", "status": ["x.0.0"], "reason": "undetermined", "weak": True},
        ]
    },
    "standard/reply": {"rule": [{"id": "552", "reply": ["552"], "reason": "message_too_large"}]},
    "standard/blocklists": {"rule": [says("list.example", "list.example", "blocklisted")]},
}
BOOK = Rulebook([Rules(name, table) for name, table in TABLES.items()])
CLASSIFIER = Classifier(BOOK)


def evidence(text: str = "", status: str | None = None, code: str | None = None, **more: Any) -> Evidence:
    facts = {"action": Action.FAILED, "host": "mx.library.example", **more}
    return Evidence(
        ADDRESS, diagnostic=text or None, status=EnhancedCode.parse(status) if status else None, smtp_code=code, **facts
    )


@pytest.mark.parametrize(
    ("text", "status", "code", "host", "rule"),
    [
        # Each line takes away what decided the one before.
        ("apple banana cherry no such user", "5.1.1", "552", "mx.acme.example", "mine/own"),
        ("banana cherry no such user", "5.1.1", "552", "mx.acme.example", "acme/quirk"),
        ("banana cherry no such user", "5.1.1", "552", "mx.library.example", "standard/conflicts/both"),
        ("banana no such user", "5.1.1", "552", "mx.library.example", "standard/phrases/unknown"),
        ("banana", "5.1.1", "552", "mx.library.example", "standard/status/5.1.1"),
        ("no such user", "5.7.1", "552", "mx.library.example", "standard/phrases/unknown"),
        ("banana zebra", "5.7.1", "552", "mx.library.example", "spoken/token"),
        ("unavailable", "5.7.1", "552", "mx.acme.example", "acme/else"),
        ("unavailable", "5.7.1", "552", "mx.library.example", "standard/phrases/vague"),
        ("nothing", "5.7.1", "552", "mx.library.example", "standard/status/5.7.1"),
        ("nothing", "5.0.0", "552", "mx.library.example", "standard/reply/552"),
        ("nothing", None, "552", "mx.library.example", "standard/reply/552"),
        ("nothing", "5.0.0", "550", "mx.library.example", "standard/status/5.0.0"),
        ("nothing", None, "550", "mx.library.example", "standard/undetermined"),
        ("", None, None, None, "standard/undetermined"),
    ],
)
def test_the_order_of_the_judges(text: str, status: str | None, code: str | None, host: str | None, rule: str) -> None:
    assert CLASSIFIER.judge(evidence(text, status, code, host=host)).rule == rule


@pytest.mark.parametrize(
    ("text", "status", "reason", "verdict", "confidence"),
    [
        # Code and words agree.
        ("no such user", "5.1.1", "unknown_user", "hard", "high"),
        # Both soft, or both hard: the words are closer to the cause.
        ("has moved", "5.1.1", "moved", "hard", "medium"),
        # They contradict each other: the milder verdict, whichever says it.
        ("mailbox full", "5.1.1", "mailbox_full", "soft", "low"),
        ("no such user", "5.2.2", "mailbox_full", "soft", "low"),
        # One alone.
        ("", "5.1.1", "unknown_user", "hard", "medium"),
        ("no such user", None, "unknown_user", "hard", "medium"),
        ("unavailable", None, "not_authorized", "soft", "low"),
        ("", "5.7.1", "policy", "soft", "low"),
        # A rule lowers its own.
        ("closed", None, "disabled", "hard", "low"),
        # A class digit never makes hard.
        ("", "5.0.0", "undetermined", "soft", "low"),
        ("", None, "undetermined", "soft", "low"),
    ],
)
def test_code_and_words_together(text: str, status: str | None, reason: str, verdict: str, confidence: str) -> None:
    got = CLASSIFIER.judge(evidence(text, status))
    assert (got.reason, got.verdict, got.confidence) == (reason, verdict, confidence)


@pytest.mark.parametrize(
    ("text", "status", "code", "action", "verdict"),
    [
        ("no such user", None, "550", Action.FAILED, Verdict.HARD),
        ("no such user", None, "450", Action.FAILED, Verdict.SOFT),
        ("no such user", "4.1.1", None, Action.FAILED, Verdict.SOFT),
        ("no such user", "4.1.1", "550", Action.FAILED, Verdict.SOFT),
        ("no such user", "5.1.1", None, Action.DELAYED, Verdict.SOFT),
        # NXDOMAIN and the like stay, once the recipient has failed.
        ("no such domain", None, "450", Action.FAILED, Verdict.HARD),
        ("no such domain", "4.4.4", None, Action.FAILED, Verdict.HARD),
        ("no such domain", "4.4.4", None, Action.DELAYED, Verdict.SOFT),
    ],
)
def test_a_temporary_code_softens(
    text: str, status: str | None, code: str | None, action: Action, verdict: Verdict
) -> None:
    got = CLASSIFIER.judge(evidence(text, status, code, action=action))
    assert got.verdict is verdict
    assert (("softened because", "the reply is temporary") in got.trail) is (verdict is Verdict.SOFT)


def advised(base: Reason, action: Action) -> Advice:
    """The table of advice, row by row."""
    fault, verdict = REASONS[base]
    if action is Action.DELAYED:
        return Advice.RETRY
    if verdict is Verdict.HARD:
        return Advice.SUPPRESS
    if base is Reason.GREYLISTED or fault in {Fault.TRANSPORT, Fault.SYSTEM}:
        return Advice.RETRY
    if fault is Fault.MESSAGE:
        return Advice.FIX_MESSAGE
    if fault is Fault.SENDER or base is Reason.NOT_AUTHORIZED:
        return Advice.FIX_SENDER
    return Advice.COUNT


@pytest.mark.parametrize("action", [Action.FAILED, Action.DELAYED])
@pytest.mark.parametrize("base", Reason)
def test_every_row_of_the_table_of_advice(base: Reason, action: Action) -> None:
    classifier = Classifier(Rulebook([Rules("mine", {"rule": [says("it", "plum", base)]})]))
    got = classifier.judge(evidence("plum", action=action))
    assert got.reason == got.reason_base == base
    assert got.fault is REASONS[base][0]
    assert got.advice is advised(base, action)


@pytest.mark.parametrize("action", [Action.DELIVERED, Action.RELAYED, Action.EXPANDED])
def test_where_nothing_failed_there_is_nothing_to_judge(action: Action) -> None:
    got = CLASSIFIER.judge(evidence("no such user", "5.1.1", "550", action=action))
    assert (got.verdict, got.reason, got.fault, got.advice) == (Verdict.NONE, None, None, Advice.NONE)


def test_the_trail_names_what_agreed_and_what_was_overruled() -> None:
    assert CLASSIFIER.judge(evidence("no such user", "5.1.1")).trail == (("agrees with", "standard/status/5.1.1"),)
    assert CLASSIFIER.judge(evidence("full", "5.1.1")).trail == (("overruled", "standard/status/5.1.1"),)
    assert CLASSIFIER.judge(evidence("no such user", "5.2.2")).trail == (("overruled", "standard/phrases/unknown"),)
    assert CLASSIFIER.judge(evidence("no such user")).trail == ()


def test_a_guess_is_never_sure() -> None:
    assert CLASSIFIER.judge(evidence("no such user", "5.1.1", guessed=True)).confidence is Confidence.LOW


def test_the_wrapper_decides_where_the_quoted_reply_is_vague() -> None:
    wrapped = evidence("no such user, they said: 550 unavailable", unwrapped="550 unavailable", code="550")
    assert CLASSIFIER.judge(wrapped).rule == "standard/phrases/unknown"
    clear = evidence("no such user, they said: 550 mailbox full", unwrapped="550 mailbox full", code="550")
    assert CLASSIFIER.judge(clear).rule == "standard/phrases/full"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("greylisted, try in 5 minutes", 300),
        ("greylisted for 90 sec", 90),
        ("greylisted 2 hours", 7200),
        ("greylisted 1 day", 86400),
        ("greylisted", None),
        ("greylisted 99999999 seconds", None),
        ("mailbox full for 5 minutes", None),
    ],
)
def test_a_stated_waiting_time(text: str, seconds: int | None) -> None:
    assert CLASSIFIER.judge(evidence(text)).retry_after == seconds


def test_a_link_and_a_blocklist_are_named() -> None:
    got = CLASSIFIER.judge(
        evidence("banana listed by list.example, see https://list.example/why?ip=192.0.2.1.", host="mx.acme.example")
    )
    assert got.help_url == "https://list.example/why?ip=192.0.2.1"
    assert got.blocklist == "list.example"
    assert CLASSIFIER.judge(evidence("mailbox full list.example")).blocklist is None


@given(evidences)
def test_any_evidence_is_judged_and_twice_alike(seen: Evidence) -> None:
    got = CLASSIFIER.judge(seen)
    assert CLASSIFIER.judge(evolve(seen)) == got
    assert (got.verdict is Verdict.NONE) == (got.reason is None) == (got.advice is Advice.NONE)
    if seen.action in {Action.DELIVERED, Action.RELAYED, Action.EXPANDED, Action.DELAYED}:
        assert got.verdict is not Verdict.HARD


@pytest.mark.parametrize(
    ("line", "host", "reason", "verdict"),
    [
        ("550 5.1.1 <ann@library.example>: Recipient address rejected: User unknown", None, "unknown_user", "hard"),
        (
            "452 4.2.2 The email account that you tried to reach is over quota.",
            "gmail-smtp-in.l.google.com",
            "mailbox_full",
            "soft",
        ),
        ("450 4.1.1 <ann@library.example>: User unknown", None, "unknown_user", "soft"),
        (
            "to=<ann@library.example>, dsn=5.1.1, status=bounced (host mx.library.example[192.0.2.1] said: 550 No such user)",
            None,
            "unknown_user",
            "hard",
        ),
        ("421 4.7.0 Try again later, closing connection", None, None, "soft"),
        ("550", None, None, "soft"),
        ("", None, "undetermined", "soft"),
        ("\0\ud800" * 50, None, "undetermined", "soft"),
    ],
)
def test_one_line_of_a_log_is_judged_like_a_report(
    line: str, host: str | None, reason: str | None, verdict: str
) -> None:
    got = classify_response(line, host=host)
    assert got.verdict == verdict
    assert reason is None or got.reason == reason


def test_codes_may_be_given_beside_the_text() -> None:
    code = EnhancedCode(5, 1, 1)
    assert classify_response("no", status="5.1.1") == classify_response("no", status=code)
    assert classify_response("no", smtp_code=550) == classify_response("no", smtp_code="550")
    for wrong in ({"stage": "LUNCH"}, {"status": "5.1"}):
        with pytest.raises(ValueError, match=r"\S"):
            classify_response("no", **wrong)


def test_the_name_of_a_host_has_no_case_and_no_final_dot() -> None:
    parser = BounceParser(rules=[Rules(name, table) for name, table in TABLES.items()])
    for host in ("mx.acme.example", "MX.Acme.Example."):
        assert parser.classify_response("550 banana", host=host).rule == "acme/quirk"
    assert parser.classify_response("550 banana", domain="acme.example").rule == "acme/quirk"


@given(st.text(max_size=200))
def test_any_text_is_judged(text: str) -> None:
    assert classify_response(text).verdict in {Verdict.HARD, Verdict.SOFT}


def test_a_report_explains_itself() -> None:
    raw = (
        b"From: MAILER-DAEMON@mail.store.example\nContent-Type: message/delivery-status\n\n"
        b"Reporting-MTA: dns; mail.store.example\n\nFinal-Recipient: rfc822; ann@library.example\nAction: failed\n"
        b"Status: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\n"
    )
    report = parse_bounce(raw)
    (recipient,) = report.recipients
    told = report.explain()
    assert told == recipient.explain()
    for part in (
        ADDRESS,
        "hard",
        "unknown_user",
        "recipient",
        "stop mailing it",
        "status 5.1.1",
        str(recipient.rule),
        "rfc3464",
    ):
        assert part in told
    assert recipient.judgement.words is not None
    assert f'"{recipient.judgement.words}" in the diagnostic' in told


def test_nothing_said_before_the_recipient_was_named_makes_it_hard() -> None:
    text = "550 5.1.1 User unknown"
    assert classify_response(text, stage="RCPT").verdict is Verdict.HARD
    for stage in ("CONNECT", "EHLO", "MAIL"):
        assert classify_response(text, stage=stage).verdict is Verdict.SOFT
        assert classify_response(text, host="mx.store.example", stage=stage).advice is not Advice.SUPPRESS


def test_what_a_server_said_of_the_sender_is_not_said_of_the_recipient() -> None:
    text = (
        "450 4.1.7 <bob@store.example>: Sender address rejected: undeliverable address: host mx.store.example[192.0.2.7] "
        "said: 550 5.1.1 <bob@store.example>: User unknown (in reply to RCPT TO command)"
    )
    assert classify_response(text).verdict is Verdict.SOFT


@pytest.mark.parametrize(
    ("text", "verdict", "reason"),
    [
        ("550 Domain not found. Please check the address and try again.", "hard", "unknown_host"),
        ("550 Domain not found, try again", "soft", None),
        ("550 no such domain. The message was returned to the sender.", "hard", "unknown_host"),
        ("550 Unable to verify recipient, try again", "soft", None),
    ],
)
def test_advice_to_the_reader_is_no_cause(text: str, verdict: str, reason: str | None) -> None:
    judgement = classify_response(text)
    assert judgement.verdict == verdict
    assert reason is None or judgement.reason == reason
