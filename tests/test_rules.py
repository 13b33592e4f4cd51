"""Every shipped rule: its examples are decided by exactly it through the whole chain, its counter-examples by another."""

from __future__ import annotations

import functools
from collections import Counter
from typing import Any

import pytest

from bouncelib.model import Judgement
from bouncelib.parser import BounceParser
from bouncelib.rulebook import shipped_tables
from bouncelib.words import Phrase, spell_out


@functools.cache
def parser() -> BounceParser:
    return BounceParser()


def public_id(name: str, rule: dict[str, Any]) -> str:
    return f"{name.removeprefix('vendors/')}/{rule['id']}"


def cases(key: str) -> list[Any]:
    found = []
    for name, table in shipped_tables().items():
        if name == "standard/blocklists":
            continue
        for rule in table.get("rule", ()):
            for number, example in enumerate(rule.get(key, ())):
                public = public_id(name, rule)
                found.append(pytest.param(table, public, rule, example, id=f"{public}-{number}"))
    return found


def judge(table: dict[str, Any], example: str | dict[str, Any]) -> Judgement:
    facts: dict[str, Any] = {"text": example} if isinstance(example, str) else dict(example)
    text = facts.pop("text")
    if "host" not in facts and "domain" not in facts and "format" not in facts:
        if table.get("hosts"):
            facts["host"] = table["hosts"][0]
        elif table.get("formats"):
            facts["format"] = table["formats"][0]
    return parser().classify_response(text, **facts)


@pytest.mark.parametrize(("table", "rule_id", "rule", "example"), cases("examples"))
def test_an_example_is_decided_by_its_rule(
    table: dict[str, Any], rule_id: str, rule: dict[str, Any], example: str | dict[str, Any]
) -> None:
    judgement = judge(table, example)
    assert judgement.rule == rule_id
    assert judgement.reason == rule["reason"]


@pytest.mark.parametrize(("table", "rule_id", "rule", "example"), cases("counter_examples"))
def test_a_counter_example_is_decided_by_another(
    table: dict[str, Any], rule_id: str, rule: dict[str, Any], example: str | dict[str, Any]
) -> None:
    del rule
    assert judge(table, example).rule != rule_id


def test_every_rule_has_an_example_and_a_source() -> None:
    missing = [
        public_id(name, rule)
        for name, table in shipped_tables().items()
        for rule in table.get("rule", ())
        if name != "standard/blocklists"
        and (not rule.get("examples") or not (rule.get("source") or name == "standard/phrases"))
    ]
    assert missing == []


def test_no_phrase_stands_twice_in_a_rule() -> None:
    twice = []
    for name, table in shipped_tables().items():
        for rule in table.get("rule", ()):
            for key in ("says", "also", "unless"):
                counted = Counter(Phrase.parse(text).parts for text in spell_out(rule.get(key, ())))
                twice += [(public_id(name, rule), key, parts) for parts, count in counted.items() if count > 1]
    assert twice == []


NAMES = [
    pytest.param(rule["id"], rule["examples"][0], id=rule["id"])
    for rule in shipped_tables()["standard/blocklists"]["rule"]
]


@pytest.mark.parametrize(("name", "text"), NAMES)
def test_a_refusal_that_names_a_blocklist_says_which(name: str, text: str) -> None:
    assert parser().classify_response(text).blocklist == name
