"""Could this report be real: tags, known ids, whose original it is, and weak signs two at a time."""

from __future__ import annotations

import functools
import pickle
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st

from bouncelib import Advice, BounceParser, BounceReport, Genuine, SentByUs
from bouncelib.returnpath import sign_batv

OURS = ("store.example",)
KEY = "correct horse"
NOW = datetime.now(UTC)


@frozen
class Mail:
    """What a report is made of; a forger alters it."""

    to: str = "news@store.example"
    return_path: str = "<>"
    original_from: str = "news@store.example"
    message_id: str = "<1@store.example>"
    reporter: str = "mx.library.example"
    received: str = "mx.library.example"
    sent: datetime = NOW
    reported: datetime = NOW + timedelta(minutes=5)
    extra: str = ""

    def raw(self) -> bytes:
        return (
            f"Return-Path: {self.return_path}\n"
            f"Received: from {self.received} ([192.0.2.9]) by mail.store.example; {format_datetime(self.reported)}\n"
            f"From: MAILER-DAEMON@mx.library.example\nTo: {self.to}\nDate: {format_datetime(self.reported)}\n"
            f"Subject: Undelivered Mail Returned to Sender\n{self.extra}MIME-Version: 1.0\n"
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
            f"--b\n\nsorry\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; {self.reporter}\n\n"
            "Final-Recipient: rfc822; ann@library.example\nAction: failed\nStatus: 5.1.1\n"
            "Diagnostic-Code: smtp; 550 5.1.1 User unknown\n"
            f"--b\nContent-Type: message/rfc822\n\nFrom: {self.original_from}\nTo: ann@library.example\n"
            f"Message-ID: {self.message_id}\nDate: {format_datetime(self.sent)}\n\nhello\n--b--\n"
        ).encode()


@functools.cache
def parser(domains: tuple[str, ...], key: str | None, known: str | None, trusted: tuple[str, ...]) -> BounceParser:
    """A parser takes long to build; the properties ask it often."""
    return BounceParser(
        sent_by_us=SentByUs(
            domains=domains,
            batv_keys={0: key} if key else {},
            knows_id=known.__eq__ if known else None,
            trusted_authentication=trusted,
        )
    )


def weigh(
    mail: Mail, domains: tuple[str, ...] = (), key: str | None = None, known: str | None = None, trusted: Any = ()
) -> BounceReport:
    return parser(domains, key, known, trusted).parse(mail.raw())


def weighed(mail: Mail, *ours: Any, **more: Any) -> tuple[Genuine, Advice]:
    report = weigh(mail, *ours, **more)
    return report.genuine, report.recipients[0].advice


def tagged(key: str = KEY, **more: Any) -> str:
    address = sign_batv("news@store.example", key, **more)
    assert address is not None
    return address


def test_nothing_is_weighed_where_nothing_is_known_to_be_ours() -> None:
    report = weigh(Mail())
    assert report.genuine is Genuine.UNKNOWN
    assert report.recipients[0].advice is Advice.SUPPRESS


def test_our_original_and_no_contradiction_is_plausible() -> None:
    assert weighed(Mail(), OURS) == (Genuine.PLAUSIBLE, Advice.SUPPRESS)


def test_subdomains_are_ours_and_lookalikes_are_not() -> None:
    assert weighed(Mail(original_from="x@news.store.example"), OURS)[0] is Genuine.PLAUSIBLE
    assert weighed(Mail(original_from="x@evilstore.example"), OURS)[0] is Genuine.SUSPECT


def test_somebody_elses_original_is_backscatter() -> None:
    assert weighed(Mail(original_from="x@other.example"), OURS) == (Genuine.SUSPECT, Advice.NONE)


def test_a_valid_tag_confirms() -> None:
    mail = Mail(to=tagged())
    assert weighed(mail, OURS, KEY)[0] is Genuine.CONFIRMED


@pytest.mark.parametrize(
    "to",
    [
        "news@store.example",
        tagged("wrong key"),
        tagged(today=(NOW - timedelta(days=40)).date()),
        tagged()[:12] + "@store.example",
        "prvs=@store.example",
        "prvs=0123456789=",
        "=@=",
        "",
    ],
    ids=["untagged", "wrong key", "expired", "truncated", "empty tag", "no domain", "rubbish", "nothing"],
)
def test_a_missing_or_wrong_tag_is_suspect_where_a_key_is_set(to: str) -> None:
    assert weighed(Mail(to=to), OURS, KEY) == (Genuine.SUSPECT, Advice.NONE)


def test_a_tag_for_another_domain_of_the_same_key_does_not_confirm() -> None:
    other = sign_batv("x@other.example", KEY)
    assert other is not None
    assert weighed(Mail(to=other), OURS, KEY)[0] is Genuine.SUSPECT


def test_a_known_message_id_confirms_whatever_the_rest() -> None:
    mail = Mail(return_path="<eve@other.example>")
    assert weighed(mail, known="<1@store.example>")[0] is Genuine.CONFIRMED
    assert weighed(mail, known="<2@store.example>")[0] is Genuine.UNKNOWN


WEAK: dict[str, dict[str, Any]] = {
    "return path": {"return_path": "<eve@other.example>"},
    "reporter": {"reporter": "mx.elsewhere.example"},
    "date": {"sent": NOW + timedelta(days=9)},
    "authentication": {"extra": "Authentication-Results: mail.store.example; spf=fail smtp.helo=x\n"},
    "program": {"extra": "X-Mailer: Apple Mail (2.3445)\n"},
}
TRUST: dict[str, Any] = {"domains": OURS, "trusted": ("mail.store.example",)}


@pytest.mark.parametrize("sign", WEAK)
def test_one_weak_sign_is_a_defect_only(sign: str) -> None:
    report = weigh(evolve(Mail(), **WEAK[sign]), **TRUST)
    assert report.genuine is Genuine.PLAUSIBLE
    assert len(report.defects) == 1


@pytest.mark.parametrize("pair", [("return path", "reporter"), ("date", "authentication"), ("program", "return path")])
def test_two_weak_signs_together_are_suspect(pair: tuple[str, str]) -> None:
    mail = evolve(Mail(), **WEAK[pair[0]], **WEAK[pair[1]])
    assert weighed(mail, **TRUST) == (Genuine.SUSPECT, Advice.NONE)


def test_a_fake_that_a_mail_program_made_is_suspect() -> None:
    raw = (
        b"From: MAILER-DAEMON@mx.library.example\nTo: news@store.example\nX-Mailer: Apple Mail (2.1084)\n"
        b"Subject: Returned mail: User unknown\n\n   ----- The following addresses had permanent fatal errors -----\n"
        b"<ann@library.example>\n\n   ----- Transcript of session follows -----\n"
        b"... while talking to mx.library.example.:\n>>> RCPT To:<ann@library.example>\n<<< 550 User unknown\n"
    )
    report = parser(OURS, None, None, ()).parse(raw)
    assert report.genuine is Genuine.SUSPECT
    assert report.recipients[0].advice is Advice.NONE


def test_an_untrusted_service_is_not_believed() -> None:
    mail = evolve(Mail(), **WEAK["authentication"], **WEAK["return path"])
    assert weighed(mail, OURS)[0] is Genuine.PLAUSIBLE


def test_explain_gives_the_evidence() -> None:
    report = weigh(Mail(original_from="x@o.example"), OURS)
    assert "genuine: suspect" in report.explain()
    assert "x@o.example" in report.explain()


FORGERIES = st.fixed_dictionaries(
    {},
    optional={
        "to": st.sampled_from(["news@store.example", "prvs=0123abcdef=news@store.example", tagged("guess"), ""]),
        "return_path": st.sampled_from(["<>", "<eve@other.example>", "", "<MAILER-DAEMON>"]),
        "original_from": st.sampled_from(["news@store.example", "eve@other.example", "", "<>"]),
        "message_id": st.from_regex(r"<[a-z0-9]{4,12}@(store|other)\.example>", fullmatch=True),
        "reporter": st.sampled_from(["mx.library.example", "mx.other.example", ""]),
        "sent": st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1)).map(lambda date: date.replace(tzinfo=UTC)),  # noqa: DTZ001 - bounds
    },
)


@given(FORGERIES)
def test_no_forgery_is_confirmed_and_with_a_key_none_leads_to_suppress(changes: dict[str, Any]) -> None:
    mail = evolve(Mail(), **changes)
    genuine, advice = weighed(mail, OURS, KEY, "<1@x.example>")
    assert genuine is Genuine.SUSPECT
    assert advice is Advice.NONE
    assert weighed(mail, OURS)[0] is not Genuine.CONFIRMED


@given(
    st.integers(0, 6),
    st.sampled_from(["<>", "<MAILER-DAEMON@mx.library.example>", "<eve@other.example>"]),
    st.integers(0, 5000),
)
def test_every_genuine_report_is_confirmed_or_plausible(age: int, path: str, minutes: int) -> None:
    mail = Mail(return_path=path, reported=NOW + timedelta(minutes=minutes))
    assert weighed(mail, OURS)[0] is Genuine.PLAUSIBLE
    signed = evolve(mail, to=tagged(today=(NOW - timedelta(days=age)).date()))
    assert weighed(signed, OURS, KEY)[0] is Genuine.CONFIRMED


def test_a_parser_that_knows_what_is_ours_can_be_pickled() -> None:
    copy = pickle.loads(pickle.dumps(parser(OURS, KEY, None, ())))  # noqa: S301 - our own
    assert copy.parse(Mail(to=tagged()).raw()).genuine is Genuine.CONFIRMED
