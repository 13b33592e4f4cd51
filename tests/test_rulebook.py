"""Rules from TOML: what is wrong names file and rule; what is right is found by host, format, token, code and words."""

from __future__ import annotations

import random
import re
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from timing import quickest

from bouncelib import BounceParser
from bouncelib.errors import RuleError
from bouncelib.model import EnhancedCode, Reason, Verdict
from bouncelib.rulebook import DEFAULT_RULES, Facts, Rulebook, Rules, load_rules, shipped_tables
from bouncelib.rulebook.schema import read_rule

if TYPE_CHECKING:
    from pathlib import Path

GOOD = {"id": "full", "says": ["mailbox full"], "reason": "mailbox_full"}


def rule(**changes: object) -> dict[str, Any]:
    return {**GOOD, **changes}


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (rule(id="Not Good"), "'id' must be"),
        (rule(id=7), "'id' must be"),
        ({"says": ["x"], "reason": "spam"}, "'id' must be"),
        (rule(colour="red"), "unknown key 'colour'"),
        (rule(reason="boredom"), "unknown reason 'boredom'"),
        (rule(reason=["spam"]), "'reason' has a wrong value"),
        (rule(verdict="firm"), "firm"),
        (rule(confidence="total"), "total"),
        (rule(says="mailbox full"), "'says' has a wrong value"),
        (rule(says=[]), "'says' has a wrong value"),
        (rule(says=["..."]), "without words"),
        (rule(says=["{a|b"]), "a brace without its other"),
        (rule(also=[" - "]), "without words"),
        (rule(status=["5.x.1"]), "no enhanced code"),
        (rule(status=["3.1.1"]), "no enhanced code"),
        (rule(status=["5.1"]), "no enhanced code"),
        (rule(reply=["250 "]), "no SMTP reply"),
        (rule(reply=["5xx"]), "no SMTP reply"),
        (rule(stage=["LUNCH"]), "LUNCH"),
        (rule(action=["refused"]), "refused"),
        (rule(weak="yes"), "'weak' has a wrong value"),
        (rule(pattern="("), "is wrong"),
        (rule(pattern="(a+)+b"), "run away"),
        (rule(pattern=r"(a)\1"), "run away"),
        (rule(pattern="(?<=a)b"), "run away"),
        (rule(pattern="a.*b.*c"), "run away"),
        ({"id": "empty", "reason": "spam"}, "no condition"),
        ({"id": "only-pattern", "reason": "spam", "pattern": "spam"}, "no condition"),
    ],
)
def test_a_wrong_rule_names_its_file_and_itself(table: dict[str, Any], says: str) -> None:
    with pytest.raises(RuleError) as caught:
        _ = Rules("acme", {"rule": [table]}).rules
    with pytest.raises(RuleError, match=re.escape(str(caught.value))):
        Rulebook([Rules("acme", {"rule": [table]})])
    assert "acme.toml" in str(caught.value)
    assert repr(table.get("id")) in str(caught.value)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"rules": []}, "unknown key 'rules'"),
        ({"hosts": "store.example"}, "'hosts' must be a list"),
        ({"tokens": [1]}, "'tokens' must be a list"),
        ({"tokens": ["{a|b"]}, "a brace without its other"),
    ],
)
def test_a_wrong_file_is_named(table: dict[str, Any], says: str) -> None:
    with pytest.raises(RuleError, match=r"acme\.toml: .*" + says):
        Rules("acme", table)


def test_a_rule_that_stands_there_twice_is_an_error() -> None:
    with pytest.raises(RuleError, match=r"acme\.toml: rule 'acme/full' stands there twice"):
        _ = Rules("acme", {"rule": [GOOD, GOOD]}).rules


def test_a_word_of_the_users_own_needs_a_base(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        '[reason]\nparked = "disabled"\n\n[[rule]]\nid = "parked"\nsays = ["is parked"]\nreason = "parked"\n', "utf-8"
    )
    rules = load_rules(path)
    judgement = BounceParser(rules=[rules, *DEFAULT_RULES]).classify_response("550 5.1.1 the mailbox is parked")
    assert (judgement.reason, judgement.reason_base, judgement.verdict) == ("parked", Reason.DISABLED, Verdict.HARD)
    assert judgement.rule == "mine/parked"
    path.write_text('[reason]\nparked = "nonsense"\n', "utf-8")
    with pytest.raises(RuleError, match=r"unknown base 'nonsense'"):
        load_rules(path)


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"[[rule]\n", b"a = 1\n"])
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "mine.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RuleError, match=r"mine(\.toml)?"):
        load_rules(path)


@pytest.mark.parametrize(
    ("spelt", "matches", "fails"),
    [
        ("5.1.1", ["5.1.1"], ["4.1.1", "5.1.10", "5.1.2"]),
        ("x.1.1", ["5.1.1", "4.1.1"], ["5.2.1"]),
        ("5.7.606-649", ["5.7.606", "5.7.649"], ["5.7.605", "5.7.650", "4.7.606"]),
        ("5.7.*", ["5.7.0", "5.7.999"], ["5.6.7", "4.7.1"]),
    ],
)
def test_enhanced_codes_of_rules(spelt: str, matches: list[str], fails: list[str]) -> None:
    ready = read_rule({"id": "a", "status": [spelt], "reason": "policy"}, "acme", {})
    assert all(ready.status_matches(EnhancedCode.parse(code)) for code in matches)
    assert not any(ready.status_matches(EnhancedCode.parse(code)) for code in fails)


@pytest.mark.parametrize(
    ("host", "domain", "found"),
    [
        ("i.ua", "", True),
        ("mx.i.ua", "", True),
        ("mail.ua", "", False),
        ("notreally-i.ua", "", False),
        ("i.ua.example", "", False),
        ("ua", "", False),
        ("", "i.ua", True),
        ("mx.library.example", "i.ua", True),
        ("mx.library.example", "mail.ua", False),
        (None, "", False),
    ],
)
def test_hosts_match_on_label_boundaries(host: str | None, domain: str, found: bool) -> None:
    vendor = Rules("acme", {"hosts": ["i.ua"], "rule": [GOOD]})
    assert [rules.file for rules in Rulebook([vendor]).vendors(host, domain, None, ())] == ([vendor] if found else [])


def test_the_host_is_asked_before_the_domain_before_the_format_before_a_token() -> None:
    spoke = Rules("spoke", {"hosts": ["mx.example"]})
    owner = Rules("owner", {"hosts": ["library.example"]})
    wrote = Rules("wrote", {"formats": ["exim"]})
    named = Rules("named", {"tokens": ["gsmtp"]})
    book = Rulebook([named, wrote, owner, spoke])
    order = book.vendors(
        "a.mx.example", "library.example", "exim", book.look_up(Facts("x gsmtp", None, None, None, None))[2]
    )
    assert [rules.file.name for rules in order] == ["spoke", "owner", "wrote", "named"]


def test_rules_that_nothing_selects_are_the_users_own() -> None:
    mine = Rules("mine", {"rule": [GOOD]})
    assert [rules.file for rules in Rulebook([mine]).user] == [mine]


def test_shipped_rules_are_all_good() -> None:
    for name, table in shipped_tables().items():
        rules = Rules(name, table)
        assert rules.rules is not None
        assert rules.selected is not name.startswith("standard/"), name


def test_the_handle_reads_nothing_until_it_is_asked() -> None:
    assert repr(DEFAULT_RULES) == "DEFAULT_RULES"
    assert [rules.name for rules in DEFAULT_RULES] == [rules.name for rules in DEFAULT_RULES]


REPLIES: tuple[tuple[str, dict[str, str]], ...] = (
    ("550 5.1.1 <ann@library.example>: User unknown", {}),
    ("552 5.2.2 over quota", {"host": "gmail-smtp-in.l.google.com"}),
    ("554 5.7.1 Message rejected as spam by content filter", {"host": "mx.library.example"}),
    ("450 4.2.0 greylisted, try again in 300 seconds", {}),
    ("550 permanent failure for one or more recipients", {"domain": "yahoo.com"}),
    ("421 too many connections", {"host": "mx1.hotmail.com", "stage": "CONNECT"}),
    ("550 no", {"format": "exim"}),
)


def test_the_order_of_rule_files_and_of_their_keys_changes_nothing() -> None:
    tables = shipped_tables()
    plain = BounceParser()
    shuffled = list(tables.items())
    random.Random(2026).shuffle(shuffled)  # noqa: S311 - an order, not a secret
    other = BounceParser(
        rules=[
            Rules(
                name.removeprefix("vendors/"),
                {key: table[key] for key in sorted(table, reverse=True)}
                | {"rule": [dict(sorted(one.items(), reverse=True)) for one in table.get("rule", ())]},
            )
            for name, table in shuffled
        ]
    )
    for text, facts in REPLIES:
        assert other.classify_response(text, **facts) == plain.classify_response(text, **facts)


def near_misses(pattern: str) -> list[str]:
    """Texts that begin as `pattern` might match and go on so for long: each of its words, and the marks around it."""
    words = re.findall(r"[a-z]{3,}", pattern.lower())[:12]
    return [*words, *(f"{word} " for word in words), "a", "a ", "1", "1.", "-", " ", "x@y ", "http://x/"]


def slowest(pattern: re.Pattern[str], size: int) -> float:
    texts = [(seed * size)[:size] for seed in near_misses(pattern.pattern)]
    return max(quickest(partial(pattern.search, text)) for text in texts)


def test_patterns_of_rules_do_not_run_away() -> None:
    # Eight times the text: sixty-four times the time where it is quadratic.
    for rules in DEFAULT_RULES:
        for ready in rules.rules:
            if ready.pattern is not None:
                long = slowest(ready.pattern, 8_000)
                assert long < 0.005 or long < 24 * slowest(ready.pattern, 1_000), ready.id


def test_a_disabled_rule_is_not_asked(tmp_path: Path) -> None:
    overlay = tmp_path / "mine.toml"
    overlay.write_text('disable = ["standard/phrases/mailbox-full"]\n', "utf-8")
    text = "550 the mailbox is full"
    before = BounceParser().classify_response(text)
    after = BounceParser(rules=[load_rules(overlay), *DEFAULT_RULES]).classify_response(text)
    assert before.rule == "standard/phrases/mailbox-full"
    assert after.rule != before.rule


def test_a_users_rule_for_a_shipped_vendor_comes_before_the_vendors(tmp_path: Path) -> None:
    mine = tmp_path / "gmail.toml"
    mine.write_text(
        'hosts = ["google.com"]\n[[rule]]\nid = "mine"\nsays = ["over quota"]\nreason = "disabled"\nsource = "observed"\n'
        'examples = ["552 5.2.2 over quota"]\n',
        "utf-8",
    )
    parser = BounceParser(rules=[load_rules(mine), *DEFAULT_RULES])
    host = "gmail-smtp-in.l.google.com"
    assert parser.classify_response("552 5.2.2 over quota", host=host).rule == "gmail/mine"
    assert parser.classify_response("550 5.7.26 unauthenticated", host=host).rule.startswith("gmail/")  # type: ignore[union-attr]


@pytest.mark.parametrize("text", ["rule = 3", "rule = [3]", "reason = 3"])
def test_what_is_no_table_is_named(tmp_path: Path, text: str) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(text, "utf-8")
    with pytest.raises(RuleError, match=r"wrong.toml"):
        load_rules(wrong)
