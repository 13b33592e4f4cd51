"""The lint of a rule file: each mistake is one problem that names file, rule and reason; a good file has none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from bouncelib import DEFAULT_RULES, BounceParser, RuleError, load_rules, parse_bounce
from bouncelib.rulecheck import Problem, check_rules, judge_example, rule_hits

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """
hosts = ["library.example"]

[[rule]]
id = "left"
says = ["reader has left"]
reason = "disabled"
examples = ["550 5.7.1 The reader has left"]
counter_examples = ["550 5.1.1 User unknown"]
"""


def problems(tmp_path: Path, text: str) -> list[tuple[str | None, str]]:
    file = tmp_path / "my.toml"
    file.write_text(text, encoding="utf-8")
    found = check_rules(file)
    assert all(problem.file == str(file) for problem in found)
    return [(problem.rule, problem.text) for problem in found]


def rule(**keys: str) -> str:
    lines = {"id": '"a"', "says": '["xyzzy"]', "reason": '"policy"', **keys}
    return "[[rule]]\n" + "".join(f"{key} = {value}\n" for key, value in lines.items() if value)


def test_a_good_file_has_no_problem(tmp_path: Path) -> None:
    assert problems(tmp_path, GOOD) == []


@pytest.mark.parametrize("name", ["gmail", "kddi", "postfix"])
def test_shipped_files_have_no_problem(package: Path, name: str) -> None:
    assert check_rules(package / "rules" / "vendors" / f"{name}.toml") == []


def test_the_examples_of_the_documentation_have_no_problem(root: Path, tmp_path: Path) -> None:
    page = (root / "docs" / "rules.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 3
    assert [problems(tmp_path, block) for block in blocks] == [[]] * len(blocks)


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"color": '"red"'}, "unknown key 'color'"),
        ({"reason": '"bad_luck"'}, "unknown reason 'bad_luck'"),
        ({"reason": ""}, "no 'reason'"),
        ({"verdict": '"dead"'}, "unknown verdict 'dead'"),
        ({"confidence": '"sure"'}, "unknown confidence 'sure'"),
        ({"status": '["5.1"]'}, "'5.1' is no enhanced code"),
        ({"status": '["3.1.1"]'}, "'3.1.1' is no enhanced code"),
        ({"reply": '["650"]'}, "'650' is no SMTP reply"),
        ({"reply": "550"}, "'reply' has a wrong value 550"),
        ({"stage": '["LUNCH"]'}, "unknown stage 'LUNCH'"),
        ({"action": '["gone"]'}, "unknown action 'gone'"),
        ({"says": '["..."]'}, "a phrase without words"),
        ({"says": "[]"}, "'says' has a wrong value []"),
        ({"says": ""}, "no condition"),
        ({"weak": '"yes"'}, "'weak' has a wrong value 'yes'"),
        ({"pattern": '"("'}, "the pattern '(' is wrong"),
        ({"pattern": '"(a+)+b"'}, "can run away"),
        ({"pattern": '"a{99999999999}"'}, "too large"),
        ({"default": "true"}, "never decides: 'default' needs 'hosts'"),
        ({"examples": "[3]"}, "the example 3 is none: neither a text nor a table"),
        ({"examples": '[{host = "library.example"}]'}, "no 'text'"),
        ({"examples": '[{text = "550", color = "red"}]'}, "unknown key 'color'"),
        ({"examples": '[{text = "550", smtp_code = 550}]'}, "'smtp_code' must be a text"),
        ({"examples": '[{text = "550", stage = "LUNCH"}]'}, "'LUNCH' is not a valid Stage"),
    ],
)
def test_a_mistake_in_a_rule_is_one_problem(tmp_path: Path, keys: dict[str, str], says: str) -> None:
    ((label, text),) = problems(tmp_path, rule(**keys))
    assert label == "a"
    assert says in text


@pytest.mark.parametrize("keys", [{"id": ""}, {"id": '"A b"'}, {"id": "3"}])
def test_a_rule_without_a_good_id_is_named_by_what_there_is(tmp_path: Path, keys: dict[str, str]) -> None:
    ((label, text),) = problems(tmp_path, rule(id='"first"') + rule(**keys, says='["plugh"]'))
    assert label in {"#2", "A b"}
    assert "'id' must be a short name" in text


def test_all_mistakes_are_found_at_once_in_the_order_of_the_rules(tmp_path: Path) -> None:
    text = 'color = "red"\n' + rule(status='["5.1", "5.1.1", "9"]', shape='"round"') + rule(id='"b"', reply='["x"]')
    found = problems(tmp_path, text)
    assert [label for label, _ in found] == [None, "a", "a", "a", "b"]


def test_what_the_loader_refuses_the_lint_reports_and_what_it_takes_loads(tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text(rule(status='["5.1"]'), encoding="utf-8")
    assert check_rules(file)
    with pytest.raises(RuleError, match=re.escape("my.toml: rule 'a': '5.1' is no enhanced code")):
        load_rules(file)
    file.write_text(GOOD, encoding="utf-8")
    judgement = judge_example(
        BounceParser(rules=[load_rules(file), *DEFAULT_RULES]), load_rules(file), "550 The reader has left"
    )
    assert judgement.rule == "my/left"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rule = 3\n", "'rule' must be a list of tables"),
        ("", "no [[rule]] in it"),
        ("hosts = 'library.example'\n" + rule(), "'hosts' must be a list of texts"),
        ("hosts = ['https://library.example/']\n" + rule(), "is no host name"),
        ("hosts = ['*.library.example']\n" + rule(), "is no host name"),
        ("title = 3\n" + rule(), "'title' must be a text"),
        ("reason = 3\n" + rule(), "'reason' must be a table"),
        ("reason = {left = 'gone'}\n" + rule(), "reason 'left' has an unknown base 'gone'"),
        ("this is not TOML", "no TOML"),
    ],
)
def test_a_mistake_in_the_file_is_one_problem(tmp_path: Path, text: str, says: str) -> None:
    ((label, found),) = problems(tmp_path, text)
    assert label is None
    assert says in found


def test_a_file_that_cannot_be_read_is_one_problem(tmp_path: Path) -> None:
    path = tmp_path / "none.toml"
    assert check_rules(path) == [Problem(str(path), None, "No such file or directory")]
    path.write_bytes(b"\xff\xfe")
    assert [problem.text[:7] for problem in check_rules(path)] == ["no TOML"]


def test_a_rule_that_is_no_table_is_named(tmp_path: Path) -> None:
    assert problems(tmp_path, "rule = [3]\n") == [("#1", "a rule must be a table; write [[rule]]")]


def test_an_id_that_stands_there_twice_is_named(tmp_path: Path) -> None:
    assert problems(tmp_path, rule() + rule(says='["plugh"]')) == [("a", "stands there twice")]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"says": '["user"]'}, {"says": '["user unknown", "no such user"]'}),
        ({"says": '["user ... unknown"]'}, {"says": '["user ... unknown"]', "reply": '["550"]'}),
        ({"says": '["unzustell*"]'}, {"says": '["unzustellbar"]'}),
        ({"says": "", "reply": '["5yz"]'}, {"reply": '["550"]'}),
        ({"says": "", "status": '["x.7.*"]'}, {"status": '["5.7.1", "4.7.600-610"]'}),
        ({"says": "", "stage": '["RCPT", "DATA"]'}, {"stage": '["DATA"]', "says": '["plugh"]'}),
        ({"unless": '["not"]'}, {"unless": '["not", "never"]'}),
        ({"also": '["a", "b"]'}, {"also": '["b"]'}),
    ],
)
def test_a_rule_behind_a_wider_one_never_decides(tmp_path: Path, first: dict[str, str], second: dict[str, str]) -> None:
    ((label, text),) = problems(tmp_path, rule(**first) + rule(**{**second, "id": '"b"'}))
    assert label == "b"
    assert text == "never decides: rule a is asked before it and takes all that it matches"
    # The other way round both can decide.
    if first | {"id": ""} != second | {"id": ""}:
        assert problems(tmp_path, rule(**{**second, "id": '"b"'}) + rule(**first)) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"says": '["user unknown"]'}, {"says": '["user"]'}),
        ({"says": '["unzustellbar"]'}, {"says": '["unzustell*"]'}),
        ({"reply": '["550"]'}, {}),
        ({"status": '["5.7.1"]'}, {"status": '["5.7.1", "5.7.2"]'}),
        ({"unless": '["not"]'}, {}),
        ({"pattern": '"x[0-9]"'}, {}),
    ],
)
def test_a_rule_behind_a_narrower_one_may_decide(tmp_path: Path, first: dict[str, str], second: dict[str, str]) -> None:
    assert problems(tmp_path, rule(**first) + rule(**{**second, "id": '"b"'})) == []


def test_a_default_rule_stands_behind_all_others_wherever_it_stands(tmp_path: Path) -> None:
    text = 'hosts = ["library.example"]\n' + rule(default="true") + rule(id='"b"')
    assert problems(tmp_path, text) == [("a", "never decides: rule b is asked before it and takes all that it matches")]


def test_a_rule_whose_examples_are_all_taken_is_shadowed(tmp_path: Path) -> None:
    first = rule(says='["red"]')
    second = rule(id='"b"', says='["green"]', examples='["550 green, even red", "550 red or green"]')
    assert problems(tmp_path, first + second) == [("b", "shadowed: its examples are all taken by rule a")]


def test_an_example_that_another_rule_decides_is_named(tmp_path: Path) -> None:
    text = 'hosts = ["library.example"]\n' + rule(
        default="true", examples='["550 xyzzy", "550 5.1.1 User unknown, xyzzy"]'
    )
    ((label, found),) = problems(tmp_path, text)
    assert label == "a"
    assert "'550 5.1.1 User unknown, xyzzy' is decided by standard/" in found


def test_an_example_without_the_rule_s_own_words_is_named(tmp_path: Path) -> None:
    ((_, found),) = problems(tmp_path, rule(examples='["550 5.1.1 User unknown"]'))
    assert re.fullmatch(r"the example '550 5\.1\.1 User unknown' is decided by standard/.*, not by this rule", found)


def test_a_counter_example_that_the_rule_decides_is_named(tmp_path: Path) -> None:
    assert problems(tmp_path, rule(counter_examples='["550 xyzzy"]')) == [
        ("a", "the counter-example '550 xyzzy' is decided by this rule")
    ]


def test_the_wrong_rules_of_a_file_do_not_hide_what_is_wrong_with_the_others(tmp_path: Path) -> None:
    text = rule(id='"broken"', reply='["x"]', says='["plugh"]') + rule(counter_examples='["550 xyzzy"]')
    assert [label for label, _ in problems(tmp_path, text)] == ["broken", "a"]


@pytest.mark.parametrize("pattern", ["(a|a)*b", "(?:ab|a|b)+c", "(?:[0-9]|1)*x", "(?:user|user name| name)*$"])
def test_a_slow_pattern_is_named(tmp_path: Path, pattern: str) -> None:
    ((label, text),) = problems(tmp_path, rule(pattern=f"'{pattern}'"))
    assert label == "a"
    assert "is slow" in text or "run away" in text


@pytest.mark.parametrize("pattern", ["user [0-9]{1,9} unknown", r"\bAUP#\w+", "^550 .*unknown$", "a|b|c", ""])
def test_a_quick_pattern_is_no_problem(tmp_path: Path, pattern: str) -> None:
    assert problems(tmp_path, rule(pattern=f"'{pattern}'")) == []


def test_an_example_is_judged_as_the_words_of_the_file_s_own_server(tmp_path: Path) -> None:
    assert problems(tmp_path, GOOD.replace("hosts", "formats").replace("library.example", "acme")) == []
    elsewhere = GOOD.replace('["550 5.7.1 The reader has left"]', '[{text = "550 x", host = "mx.store.example"}]')
    assert "is decided by standard/" in problems(tmp_path, elsewhere)[0][1]


def test_a_problem_reads_as_one_line() -> None:
    assert str(Problem("my.toml", "a", "is wrong")) == "my.toml: rule a: is wrong"
    assert str(Problem("my.toml", None, "is wrong")) == "my.toml: is wrong"


def test_rule_hits_count_who_decided(root: Path) -> None:
    names = ("refused-in-session-postfix", "refused-in-session-postfix", "accepted-then-disk-full-postfix")
    reports = [parse_bounce((root / f"fixtures/textbook/{name}.eml").read_bytes()) for name in names]
    hits = rule_hits([*reports, parse_bounce(b"Subject: nothing\n\n")])
    assert hits.total() == 3
    assert hits.most_common(1)[0] == (reports[0].recipients[0].rule, 2)
