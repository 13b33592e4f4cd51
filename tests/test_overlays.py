"""Files of a user's own: rules that replace, leave out or re-rate shipped ones, and the policies that come with the package."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from bouncelib import DEFAULT_RULES, BounceParser, RuleError, load_rules
from bouncelib.cli import bouncelib
from bouncelib.rulebook import policy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Load = Callable[..., BounceParser]

UNKNOWN = "550 5.1.1 <ann@library.example>: User unknown"
FULL = "552 5.2.2 <ann@library.example>: Mailbox full"
USER_UNKNOWN = "standard/phrases/user-unknown"
MAILBOX_FULL = "standard/phrases/mailbox-full"


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def parser(*texts: str) -> BounceParser:
        rules = []
        for number, text in enumerate(texts):
            file = tmp_path / f"mine{number}.toml"
            file.write_text(text, "utf-8")
            rules.append(load_rules(file))
        return BounceParser(rules=[*rules, *DEFAULT_RULES])

    return parser


def test_what_the_tests_start_from() -> None:
    judge = BounceParser().classify_response
    assert [(judge(text).rule, judge(text).verdict) for text in (UNKNOWN, FULL)] == [
        (USER_UNKNOWN, "hard"),
        (MAILBOX_FULL, "soft"),
    ]


def test_a_rule_that_is_left_out_decides_no_more(load: Load) -> None:
    judgement = load(f'disable = ["{USER_UNKNOWN}"]').classify_response(UNKNOWN)
    assert (judgement.rule, judgement.verdict) == ("standard/status/x.1.1", "hard")


def test_a_rule_is_re_rated(load: Load) -> None:
    text = f'[[rerate]]\nid = "dead-when-full"\nrules = ["{MAILBOX_FULL}"]\nverdict = "hard"\n'
    parser = load(text)
    judgement = parser.classify_response(FULL)
    assert (judgement.rule, judgement.verdict, judgement.reason, judgement.advice) == (
        MAILBOX_FULL,
        "hard",
        "mailbox_full",
        "suppress",
    )
    assert ("re-rated by", "mine0/dead-when-full") in judgement.trail
    assert parser.classify_response(UNKNOWN) == BounceParser().classify_response(UNKNOWN)


def test_a_re_rating_holds_for_what_its_conditions_say(load: Load) -> None:
    judge = load(
        '[[rerate]]\nid = "nights"\nreasons = ["unknown_user"]\nsays = ["tonight"]\nverdict = "soft"\n'
    ).classify_response
    assert judge("550 5.1.1 User unknown tonight").verdict == "soft"
    assert judge(UNKNOWN).verdict == "hard"


def test_a_temporary_reply_stays_soft_unless_the_re_rating_is_final(load: Load) -> None:
    text = '[[rerate]]\nid = "mine"\nreasons = ["mailbox_full"]\nverdict = "hard"\n'
    assert load(text).classify_response("452 4.2.2 Mailbox full").verdict == "soft"
    assert load(f"{text}final = true\n").classify_response("452 4.2.2 Mailbox full").verdict == "hard"


def test_of_two_files_the_first_counts(load: Load) -> None:
    hard = f'[[rerate]]\nid = "a"\nrules = ["{MAILBOX_FULL}"]\nverdict = "hard"\n'
    low = f'[[rerate]]\nid = "b"\nrules = ["{MAILBOX_FULL}"]\nconfidence = "low"\n'
    assert load(hard, low).classify_response(FULL).verdict == "hard"
    assert load(low, hard).classify_response(FULL).verdict == "soft"
    assert load(low, hard).classify_response(FULL).confidence == "low"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('disable = ["standard/phrases/no-such-rule"]', "no-such-rule"),
        ('[[rerate]]\nid = "a"\nrules = ["standard/phrases/no-such-rule"]\nverdict = "hard"', "no-such-rule"),
        ('[[rerate]]\nid = "a"\nverdict = "hard"', "give 'rules' or 'reasons'"),
        ('[[rerate]]\nid = "a"\nreasons = ["expired"]', "nothing changes"),
        ('[[rerate]]\nid = "a"\nreasons = ["sad"]\nverdict = "hard"', "unknown reason 'sad'"),
        ('[[rerate]]\nid = "a"\nreasons = ["expired"]\nverdict = "dead"', "unknown verdict 'dead'"),
        ('[[rerate]]\nid = "a"\nreasons = ["expired"]\nverdict = "hard"\ncolour = "red"', "colour"),
    ],
)
def test_what_is_wrong_is_named_with_its_file(load: Load, text: str, says: str) -> None:
    with pytest.raises(RuleError, match=r"mine0") as error:
        load(text)
    assert says in str(error.value)


def test_the_lint_knows_overlays(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text(
        f'disable = ["{MAILBOX_FULL}"]\n[[rerate]]\nid = "a"\nreasons = ["expired"]\nverdict = "hard"\n', "utf-8"
    )
    bad.write_text('disable = ["standard/phrases/no-such-rule"]\n', "utf-8")
    assert CliRunner().invoke(bouncelib, ["rules", "check", str(good)]).stdout == ""
    result = CliRunner().invoke(bouncelib, ["rules", "check", "--json", str(bad)])
    assert result.exit_code == 1
    assert "no-such-rule" in json.loads(result.stdout.splitlines()[0])["text"]


POLICIES = [
    ("unverified-hard", "450 4.1.1 <ann@library.example>: Recipient address rejected: User unknown", "soft", "hard"),
    ("unverified-hard", "452 4.1.1 <ann@library.example>: user over quota", "soft", "soft"),
    ("disabled-soft", "550 5.2.1 <ann@library.example>: This account has been disabled", "hard", "soft"),
    ("disabled-soft", UNKNOWN, "hard", "hard"),
    ("long-full-hard", "552 5.2.2 Mailbox full and inactive", "soft", "hard"),
    ("long-full-hard", "552 5.2.2 Mailbox has been full for more than 30 days", "soft", "hard"),
    ("long-full-hard", FULL, "soft", "soft"),
    ("expired-hard", "550 4.4.7 Message expired: delivery time expired", "soft", "hard"),
    ("expired-hard", "421 4.4.2 Connection timed out", "soft", "soft"),
]


@pytest.mark.parametrize(("name", "text", "without", "with_it"), POLICIES)
def test_a_policy_changes_what_it_says_and_nothing_else(name: str, text: str, without: str, with_it: str) -> None:
    parser = BounceParser(rules=[policy(name), *DEFAULT_RULES])
    before, after = BounceParser().classify_response(text), parser.classify_response(text)
    assert (before.verdict, after.verdict) == (without, with_it)
    assert (("re-rated by", f"policies/{name}") in after.trail) == (without != with_it)
    if without == with_it:
        assert before == after


def test_a_delay_is_no_failure_under_any_policy() -> None:
    names = sorted({name for name, *_ in POLICIES})
    parser = BounceParser(rules=[policy(*names), *DEFAULT_RULES])
    for text in ("450 4.1.1 User unknown", "452 4.2.2 Mailbox full and inactive", "delivery time expired"):
        assert parser.classify_response(text, action="delayed").verdict == "soft"


def test_an_unknown_policy_is_an_error_that_names_those_there_are() -> None:
    with pytest.raises(RuleError, match="no policy 'kind': there are unverified-hard, disabled-soft"):
        policy("kind")


def test_a_report_explains_the_re_rating(root: Path, load: Load) -> None:
    raw = (root / "fixtures/textbook/refused-in-session-postfix.eml").read_bytes()
    (one,) = load(f'[[rerate]]\nid = "gentle"\nrules = ["{USER_UNKNOWN}"]\nverdict = "soft"\n').parse(raw).recipients
    assert (one.verdict, one.rule) == ("soft", USER_UNKNOWN)
    assert "re-rated by mine0/gentle" in one.explain()
