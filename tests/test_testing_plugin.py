"""The kit's plugin for pytest: a folder of messages is a folder of tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

pytest_plugins = "pytester"

MAIL = """\
From: MAILER-DAEMON@mail.store.example
To: news@store.example
Subject: failure notice
Return-Path: <>

Hi. This is the qmail-send program at mail.store.example.
I'm afraid I wasn't able to deliver your message to the following addresses.

<ann@library.example>:
550 5.1.1 User unknown
"""
WANTED = {"why": "a refusal", "kind": "bounce", "format": "qmail", "recipients": [{"address": "ann@library.example"}]}


@pytest.fixture
def mails(pytester: pytest.Pytester) -> Path:
    """A folder of one message that is read as its expectation says."""
    pytester.makeini("[pytest]\naddopts = -p bouncelib.testing.plugin\nbounce_fixtures = mails\n")
    folder = pytester.mkdir("mails")
    (folder / "refused.eml").write_text(MAIL, "utf-8")
    write(folder, WANTED)
    return folder


def write(folder: Path, wanted: object) -> None:
    (folder / "refused.json").write_text(json.dumps(wanted), "utf-8")


def read(folder: Path, name: str = "refused.json") -> dict[str, object]:
    data: dict[str, object] = json.loads((folder / name).read_text("utf-8"))
    return data


def test_a_message_is_a_test(pytester: pytest.Pytester, mails: Path) -> None:
    (mails / "refused.got.json").write_text("{}", "utf-8")
    result = pytester.runpytest("-v")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["mails/refused.eml::reads PASSED*"])
    assert not (mails / "refused.got.json").exists(), "what a failure left goes when the test passes"


def test_folders_that_nobody_named_hold_no_tests(pytester: pytest.Pytester, mails: Path) -> None:
    mails.rename(mails.parent / "others")
    assert pytester.runpytest().ret is pytest.ExitCode.NO_TESTS_COLLECTED


def test_a_failure_lists_the_differences_and_leaves_what_was_read(pytester: pytest.Pytester, mails: Path) -> None:
    write(mails, {**WANTED, "kind": "delay", "recipients": [{"status": "5.2.2", "address": "ann@library.example"}]})
    result = pytester.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            'kind: "delay" expected, "bounce" found',
            'recipients[[]0[]].status: "5.2.2" expected, "5.1.1" found',
            "what was read is in refused.got.json",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    assert read(mails, "refused.got.json") == {
        **WANTED,
        "recipients": [{"status": "5.1.1", "address": "ann@library.example"}],
    }


@pytest.mark.usefixtures("mails")
def test_line_ends_and_text_are_tried_too(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        from bouncelib import BounceParser, Message

        class Picky(BounceParser):
            def parse(self, raw):
                return super().parse(raw if isinstance(raw, str) or b"\\r\\n" not in raw else b"")

        def pytest_bounce_parser():
            return Picky()
        """
    )
    result = pytester.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(['with CRLF line ends: kind: "bounce" expected, "other" found'])


@pytest.mark.parametrize(
    ("text", "says"), [("[]", "refused.json: not a JSON object"), ("{", "refused.json: Expecting *")]
)
def test_an_expectation_that_is_none_fails(pytester: pytest.Pytester, mails: Path, text: str, says: str) -> None:
    (mails / "refused.json").write_text(text, "utf-8")
    result = pytester.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([says])


def test_a_message_without_expectation_and_the_other_way_round_fail(pytester: pytest.Pytester, mails: Path) -> None:
    (mails / "refused.json").rename(mails / "gone.json")
    result = pytester.runpytest()
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "no message gone.eml beside it",
            "no expectation refused.json beside it",
            "pytest --bounce-regen writes one",
        ]
    )


def test_regen_keeps_the_keys_that_are_there(pytester: pytest.Pytester, mails: Path) -> None:
    write(mails, {**WANTED, "kind": "other", "recipients": [{"status": None}]})
    result = pytester.runpytest("--bounce-regen")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["changed: mails/refused.json"])
    assert read(mails) == {**WANTED, "recipients": [{"status": "5.1.1"}]}
    pytester.runpytest().assert_outcomes(passed=1)


def test_regen_writes_a_new_expectation_in_full(pytester: pytest.Pytester, mails: Path) -> None:
    (mails / "refused.json").unlink()
    result = pytester.runpytest("--bounce-regen")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["new: mails/refused.json", "Read the difference before you believe it."])
    new = read(mails)
    assert (new["kind"], new["format"]) == ("bounce", "qmail")
    assert isinstance(new["recipients"], list)
    assert new["recipients"][0]["diagnostic"] == "550 5.1.1 User unknown"


def test_regen_leaves_alone_what_is_right(pytester: pytest.Pytester, mails: Path) -> None:
    before = (mails / "refused.json").read_bytes()
    result = pytester.runpytest("--bounce-regen")
    assert (mails / "refused.json").read_bytes() == before
    result.stdout.no_fnmatch_line("*expectations of bounces*")


def test_a_conftest_says_which_parser_reads_its_folder(pytester: pytest.Pytester, mails: Path) -> None:
    (mails / "conftest.py").write_text(
        "from bouncelib import BounceParser\ndef pytest_bounce_parser(config):\n    return BounceParser(formats=[])\n",
        "utf-8",
    )
    result = pytester.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(['kind: "bounce" expected, "other" found'])


def test_an_error_that_is_no_difference_shows_where_it_was_raised(pytester: pytest.Pytester, mails: Path) -> None:
    (mails / "conftest.py").write_text("def pytest_bounce_parser():\n    return 1 / 0\n", "utf-8")
    result = pytester.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*ZeroDivisionError*"])


def test_the_plugin_imports_nothing_before_a_message_is_read(
    run_python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    code = "import sys, bouncelib.testing.plugin; print(*[m for m in sys.modules if m.startswith('bouncelib.')])"
    done = run_python("-c", code)
    assert (done.stdout.split(), done.stderr) == (["bouncelib.testing", "bouncelib.testing.plugin"], "")
