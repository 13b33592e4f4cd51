"""Evidence merged per recipient: who wins each field, what an inner reply adds, who spoke."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from hypothesis import given

from bouncelib.dispatch import Dispatcher
from bouncelib.format import Fingerprint, Format
from bouncelib.gather import gather, settle
from bouncelib.message import Message
from bouncelib.model import Action, EnhancedCode, Evidence, Kind, Reading, Refused, Stage
from bouncelib.testing.strategies import evidences

ANN, BOB = "ann@library.example", "bob@library.example"
RAW = b"From: MAILER-DAEMON@mail.store.example\nSubject: Undelivered\nContent-Type: multipart/report\n\nIt failed.\n"


def code(text: str) -> EnhancedCode:
    return EnhancedCode.parse(text)


def form(name: str, *recipients: Evidence, kind: Kind = Kind.BOUNCE, always: bool = False) -> Format:
    """A format that reads what it is told to."""
    reading = Reading(kind, tuple(evolve(one, format=name) for one in recipients), (), name) if recipients else None
    clues = () if always else (Fingerprint(senders=("mailer-daemon",)),)
    return Format(name, clues, read=lambda _: reading, kind=kind)


def run(*formats: Format) -> Reading:
    return gather(Message(RAW), Dispatcher(formats))


def failed(address: str | None = ANN, **facts: Any) -> Evidence:
    return Evidence(address, action=Action.FAILED, **facts)


def test_nothing_read_is_other() -> None:
    assert run() == Reading(Kind.OTHER)
    assert run(form("a", always=True), form("b")) == Reading(Kind.OTHER)


def test_the_first_that_reads_decides() -> None:
    reading = run(form("none"), form("one", failed(diagnostic="a")), form("two", failed(BOB, diagnostic="b")))
    assert reading.format == "one"
    assert [one.address for one in reading.recipients] == [ANN]


def test_a_complete_report_is_not_filled() -> None:
    reading = run(form("lead", failed(status=code("5.1.1")), always=True), form("other", failed(diagnostic="550 no")))
    assert reading.recipients[0].diagnostic is None


@pytest.mark.parametrize("status", [None, "5.0.0", "4.0.0"])
def test_what_is_missing_is_filled_and_its_source_kept(status: str | None) -> None:
    lead = failed(status=code(status) if status else None, remote_mta="mx.library.example")
    reading = run(
        form("lead", lead, always=True),
        form("vendor", failed(ANN.upper(), diagnostic="550 5.1.1 no", remote_mta="x.example")),
    )
    (got,) = reading.recipients
    assert (reading.format, got.address, got.diagnostic) == ("lead", ANN, "550 5.1.1 no")
    # The first source wins each field.
    assert got.remote_mta == "mx.library.example"
    assert ("diagnostic", "vendor") in got.sources
    assert ("remote_mta", "vendor") not in got.sources


def test_only_the_same_recipient_is_filled() -> None:
    lead = form("lead", failed(ANN), failed(BOB), always=True)
    reading = run(lead, form("vendor", failed(BOB, diagnostic="no")))
    assert [one.diagnostic for one in reading.recipients] == [None, "no"]
    # Where each names one, they mean the same.
    reading = run(
        form("lead", failed(ANN), always=True), form("vendor", failed("ann@mx.library.example", diagnostic="no"))
    )
    assert [(one.address, one.diagnostic) for one in reading.recipients] == [(ANN, "no")]


def test_merging_adds_no_recipient_and_is_idempotent() -> None:
    lead = form("lead", failed(ANN), always=True)
    vendor = form("vendor", failed(ANN, diagnostic="no"), failed(BOB, diagnostic="no"))
    once, twice = run(lead, vendor), run(lead, vendor, vendor)
    assert once == twice
    assert [one.address for one in once.recipients] == [ANN]


@pytest.mark.parametrize(
    ("stated", "text", "status"),
    [
        # The remote server's word beats the summary.
        ("5.0.0", "550 5.1.1 no", "5.1.1"),
        ("5.1.2", "550 5.1.1 no", "5.1.1"),
        (None, "550 5.1.1 no", "5.1.1"),
        # Unless it says nothing.
        ("5.1.1", "550 5.0.0 no", "5.1.1"),
        ("5.0.0", "450 4.0.0 no", "4.0.0"),
        ("5.1.1", "550 no", "5.1.1"),
        # 2.y.z is no refusal.
        ("5.1.1", "250 2.1.5 ok", "5.1.1"),
        (None, "no", None),
    ],
)
def test_the_status_is_the_most_specific_one(stated: str | None, text: str, status: str | None) -> None:
    got = settle(failed(status=code(stated) if stated else None, diagnostic=text)).status
    assert (str(got) if got else None) == status


@pytest.mark.parametrize(
    ("facts", "refused"),
    [
        ({"diagnostic": "550 no", "diagnostic_type": "smtp"}, Refused.IN_SESSION),
        ({"diagnostic": "550 no", "remote_mta": "mx.library.example"}, Refused.IN_SESSION),
        ({"diagnostic": "host mx.library.example[192.0.2.1] said: 550 no"}, Refused.IN_SESSION),
        ({"diagnostic": "550 no"}, None),
        ({"diagnostic": "connect to mx.library.example: Connection timed out"}, Refused.NEVER_REACHED),
        ({"diagnostic": "Host not found", "diagnostic_type": "x-postfix"}, Refused.NEVER_REACHED),
        ({"diagnostic": "anything", "diagnostic_type": "dns"}, Refused.NEVER_REACHED),
        ({"diagnostic_type": "dns"}, Refused.NEVER_REACHED),
        ({"diagnostic": "disk full", "diagnostic_type": "x-unix"}, Refused.AFTER_ACCEPTANCE),
        ({"diagnostic": "unknown user", "diagnostic_type": "x-postfix"}, Refused.AFTER_ACCEPTANCE),
        ({"diagnostic": "no"}, None),
        ({}, None),
        ({"diagnostic": "550 no", "diagnostic_type": "smtp", "refused": Refused.NEVER_REACHED}, Refused.NEVER_REACHED),
    ],
)
def test_who_spoke(facts: dict[str, Any], refused: Refused | None) -> None:
    assert settle(failed(**facts)).refused is refused


def test_what_was_said_gives_codes_host_and_stage() -> None:
    text = "host mx.library.example[192.0.2.1] said: 550-5.1.1 no 550 5.1.1 such user (in reply to RCPT TO command)"
    got = settle(failed(diagnostic=text))
    assert got.diagnostic == text
    assert got.unwrapped is not None
    assert got.unwrapped.startswith("550")
    assert (got.smtp_code, str(got.status), got.host, got.stage) == ("550", "5.1.1", "mx.library.example", Stage.RCPT)


def test_what_is_stated_is_not_overwritten() -> None:
    stated = failed(
        diagnostic="host mx.library.example[192.0.2.1] said: 550 no",
        smtp_code="554",
        host="a.example",
        stage=Stage.DATA,
    )
    got = settle(stated)
    assert (got.smtp_code, got.host, got.stage) == ("554", "a.example", Stage.DATA)


@given(evidences)
def test_settling_any_evidence_keeps_what_is_there_and_is_idempotent(seen: Evidence) -> None:
    once = settle(seen)
    assert settle(once) == once
    for name in (
        "address",
        "original_address",
        "action",
        "diagnostic",
        "remote_mta",
        "format",
        "fields",
        "sources",
        "guessed",
    ):
        assert getattr(once, name) == getattr(seen, name)
