"""The command line: what it prints, where, and the code that it exits with."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from bouncelib import BounceReport, Reason, Verdict, __version__, parse_bounce
from bouncelib.cli import bouncelib

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    RunPython = Callable[..., subprocess.CompletedProcess[str]]

REFUSED = "fixtures/textbook/refused-in-session-postfix.eml"
FULL = "fixtures/textbook/accepted-then-disk-full-postfix.eml"
ROW = f"bounce\tjill@library.example\thard\tunknown_user\tstandard/phrases/user-unknown\t{REFUSED}"
RULES = """
[[rule]]
id = "mine"
says = ["user unknown"]
reason = "policy"
examples = ["550 User unknown"]
"""


@pytest.fixture(autouse=True)
def in_the_tree(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)


def run(*arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(bouncelib, list(arguments), input=stdin, prog_name="bouncelib")


def rows(result: Result) -> list[list[str]]:
    return [line.split("\t") for line in result.stdout.splitlines()]


def one_line(text: str) -> bool:
    return text.count("\n") == 1 and text.endswith("\n")


def test_parse_prints_one_line_a_recipient() -> None:
    result = run("parse", "--format", "tsv", REFUSED)
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"{ROW}\n", "")


def test_parse_reads_every_message_of_a_folder(root: Path) -> None:
    result = run("parse", "--format", "tsv", "fixtures/textbook")
    assert result.exit_code == 0
    assert {row[5] for row in rows(result)} == {
        str(path.relative_to(root)) for path in (root / "fixtures" / "textbook").glob("*.eml")
    }
    assert all(len(row) == 6 for row in rows(result))


def test_a_message_without_recipients_has_its_line_too() -> None:
    result = run("parse", "--format", "tsv", "-", stdin=b"From: ann@library.example\nSubject: Lunch?\n\nAt one.\n")
    assert rows(result) == [["other", "-", "-", "-", "-", "-"]]


def test_parse_reads_an_mbox_from_standard_input(root: Path) -> None:
    mail = b"From MAILER-DAEMON Mon Jan  5 09:30:00 2026\n" + (root / REFUSED).read_bytes() + b"\n"
    result = run("parse", "--format", "tsv", "-", stdin=mail * 2)
    assert [row[5] for row in rows(result)] == ["-#1", "-#2"]
    assert {row[1] for row in rows(result)} == {"jill@library.example"}


def test_json_lines_hold_the_whole_report(root: Path) -> None:
    result = run("parse", "--json", REFUSED, FULL)
    assert result.exit_code == 0
    records: list[dict[str, Any]] = [json.loads(line) for line in result.stdout.splitlines()]
    assert [record.pop("origin") for record in records] == [REFUSED, FULL]
    reports = [parse_bounce((root / name).read_bytes()) for name in (REFUSED, FULL)]
    assert records == [report.to_dict() for report in reports]
    assert [BounceReport.from_dict(record) for record in records] == reports


def test_explain_says_why(root: Path) -> None:
    result = run("parse", "--explain", REFUSED)
    report = parse_bounce((root / REFUSED).read_bytes())
    assert result.stdout.splitlines() == [
        f"{REFUSED}: bounce, read by {report.format}",
        *(f"  {line}" for line in report.explain().splitlines()),
    ]
    assert "because standard/phrases/user-unknown" in result.stdout


def test_explain_goes_into_json_too(root: Path) -> None:
    record = json.loads(run("parse", "--json", "--explain", REFUSED).stdout)
    assert record["explanation"] == parse_bounce((root / REFUSED).read_bytes()).explain()


def test_the_rules_are_counted_on_standard_error() -> None:
    result = run("parse", "--format", "tsv", "--count-rules", REFUSED, FULL, REFUSED)
    assert len(rows(result)) == 3
    assert result.stderr == "2\tstandard/phrases/user-unknown\n1\tstandard/phrases/system-full\n"
    result = run("parse", "--count-rules", "--json", REFUSED)
    assert json.loads(result.stderr) == {"rules": {"standard/phrases/user-unknown": 1}}


def test_own_rules_come_first(tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text(RULES, encoding="utf-8")
    assert rows(run("parse", "--format", "tsv", "--rules", str(file), REFUSED))[0][2:5] == ["soft", "policy", "my/mine"]
    assert "rule: my/mine\n" in run("classify", "--rules", str(file), "550 User unknown").stdout


def test_what_cannot_be_read_is_one_line_and_the_rest_is_read(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = run("parse", "--format", "tsv", "no-such-file", str(tmp_path / "empty"), REFUSED)
    assert result.exit_code == 1
    assert result.stdout == f"{ROW}\n"
    assert result.stderr.splitlines() == [
        "bouncelib: no-such-file: No such file or directory",
        f"bouncelib: {tmp_path}/empty: a folder without messages",
    ]


def test_a_damaged_member_of_a_folder_is_one_line_and_the_rest_is_read(tmp_path: Path, root: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"\x1f\x8b\x08")
    (tmp_path / "b.eml").write_bytes((root / REFUSED).read_bytes())
    result = run("parse", "--format", "tsv", str(tmp_path))
    assert result.exit_code == 1
    assert [row[1] for row in rows(result)] == ["jill@library.example"]
    assert (
        result.stderr
        == f"bouncelib: {tmp_path}/a.zip: Compressed file ended before the end-of-stream marker was reached\n"
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("parse", "--no-such-option", REFUSED), "--no-such-option"),
        (("--no-such-option",), "--no-such-option"),
        (("parse",), "PATH"),
        (("perse",), "perse"),
        (("rules", "chuck"), "chuck"),
        (("rules", "check"), "FILE"),
        (("parse", "--rules", "no-such-file", REFUSED), "no-such-file"),
        (("classify",), "TEXT"),
        (("classify", "550", "--stage", "LUNCH"), "LUNCH"),
        (("classify", "550", "--status", "9.9"), "9.9"),
        (("classify", "550", "--smtp-code", "6\x1b[2J"), "--smtp-code"),
    ],
)
def test_a_wrong_argument_is_one_line_on_standard_error(arguments: tuple[str, ...], says: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert one_line(result.stderr)
    assert says in result.stderr
    assert result.stderr.rstrip("\n").isprintable()


@pytest.mark.parametrize("group", [(), ("rules",)])
def test_a_group_without_a_command_shows_what_there_is(group: tuple[str, ...]) -> None:
    result = run(*group)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Commands:" in result.stderr


def test_version_and_help() -> None:
    assert run("--version").stdout == f"bouncelib {__version__}\n"
    for arguments in (("--help",), ("parse", "-h"), ("classify", "--help"), ("rules", "list", "--help")):
        result = run(*arguments)
        assert (result.exit_code, result.stderr) == (0, "")
        assert result.stdout.startswith("Usage: bouncelib")


NASTY = "a\x1b[2Jb\x07c\x9bd\u202ee\x00f"


@pytest.mark.parametrize(
    "options",
    [
        ("--format", "tsv"),
        ("--explain",),
        ("--json",),
        ("--json", "--explain"),
        ("--format", "table"),
        ("--format", "csv"),
    ],
)
def test_nothing_in_a_mail_or_a_name_reaches_the_terminal_as_a_command(
    tmp_path: Path, root: Path, options: tuple[str, ...]
) -> None:
    raw = (root / REFUSED).read_text(encoding="utf-8")
    raw = raw.replace("jill@library.example", f"{NASTY}@library.example").replace(
        "User unknown", f"User unknown {NASTY}"
    )
    file = tmp_path / f"x\x1b[31m{chr(0x202E)}\n.eml"
    file.write_bytes(raw.encode())
    result = run("parse", *options, str(file), str(tmp_path / "no\x1b\nsuch"))
    assert result.exit_code == 1
    assert result.stdout
    for line in (result.stdout + result.stderr).removesuffix("\n").split("\n"):
        assert line.replace("\t", "").isprintable()
    if "tsv" in options:
        assert [len(row) for row in rows(result)] == [6]


def test_a_name_that_is_no_text_is_shown_escaped(tmp_path: Path, root: Path) -> None:
    name = os.fsencode(tmp_path) + b"/\xff.eml"
    with open(name, "wb") as file:  # noqa: PTH123 - bytes
        file.write((root / REFUSED).read_bytes())
    result = run("parse", "--format", "tsv", str(tmp_path))
    assert result.exit_code == 0
    assert rows(result)[0][5].endswith("/\\udcff.eml")
    assert json.loads(run("parse", "--json", str(tmp_path)).stdout)["origin"] == os.fsdecode(name)


def test_classify_says_what_a_reply_means() -> None:
    result = run("classify", "552 5.2.2 <ann@library.example>: Mailbox is over quota", "--stage", "rcpt")
    assert result.exit_code == 0
    said = dict(line.split(": ", 1) for line in result.stdout.splitlines())
    assert said["verdict"] == Verdict.SOFT
    assert said["reason"] == Reason.MAILBOX_FULL
    assert said["advice"] == "count"
    assert said["rule"].startswith("standard/")


def test_classify_heeds_host_domain_stage_and_codes() -> None:
    def judged(*arguments: str) -> dict[str, Any]:
        result = run("classify", "--json", *arguments)
        assert (result.exit_code, result.stderr) == (0, "")
        judgement: dict[str, Any] = json.loads(result.stdout)
        return judgement

    inactive = "550 5.2.1 The email account that you tried to reach is disabled."
    assert judged(inactive, "--host", "gmail-smtp-in.l.google.com")["rule"].startswith("gmail/")
    assert judged(inactive, "--domain", "gmail.com")["rule"].startswith("gmail/")
    assert judged("no", "--status", "5.1.1")["reason"] == "unknown_user"
    assert judged("no", "--smtp-code", "552")["rule"] != judged("no")["rule"]
    assert judged("554 no", "--stage", "CONNECT")["rule"] == "standard/reply/refused-at-connect"


def test_classify_reads_standard_input() -> None:
    result = run("classify", "-", "--json", stdin=b"550 5.1.1 User unknown \xff\r\n")
    assert json.loads(result.stdout)["reason"] == "unknown_user"


def test_rules_list_shows_every_rule_with_its_source() -> None:
    result = run("rules", "list")
    assert result.exit_code == 0
    listed = rows(result)
    assert len(listed) > 500
    assert {len(row) for row in listed} == {5}
    ids = [row[0] for row in listed]
    assert len(set(ids)) == len(ids)
    assert {row[1] for row in listed} <= {str(reason) for reason in Reason}
    assert {row[2] for row in listed} == {"hard", "soft"}
    judged = run("classify", "550 5.1.1 User unknown").stdout
    match = re.search(r"^rule: (.+)$", judged, re.MULTILINE)
    assert match
    assert match[1] in ids


def test_rules_list_gives_json() -> None:
    first = json.loads(run("rules", "list", "--json").stdout.splitlines()[0])
    assert list(first) == ["id", "reason", "verdict", "meaning", "source"]


def test_rules_check_is_silent_about_a_good_file(tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text(RULES, encoding="utf-8")
    result = run("rules", "check", str(file))
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


def test_rules_check_prints_a_line_a_problem_with_file_rule_and_reason(tmp_path: Path) -> None:
    bad, gone = tmp_path / "bad.toml", tmp_path / "gone.toml"
    bad.write_text(RULES.replace("policy", "bad\\u001b[2Jluck") + 'color = "red"\n', encoding="utf-8")
    result = run("rules", "check", str(bad), str(gone))
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        f"{bad}: rule mine: unknown reason 'bad\\x1b[2Jluck'",
        f"{bad}: rule mine: unknown key 'color'",
        f"{gone}: No such file or directory",
    ]
    assert result.stderr == "bouncelib: 3 problems found\n"
    assert json.loads(run("rules", "check", "--json", str(gone)).stdout) == {
        "file": str(gone),
        "rule": None,
        "text": "No such file or directory",
    }


def test_the_module_runs_with_the_same_exit_codes(run_python: RunPython) -> None:
    done = run_python("-m", "bouncelib", "parse", "--format", "tsv", REFUSED)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{ROW}\n", "")
    done = run_python("-m", "bouncelib", "parse", "no-such-file")
    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        "",
        "bouncelib: no-such-file: No such file or directory\n",
    )
    done = run_python("-m", "bouncelib", "parse", "--frob")
    assert (done.returncode, done.stdout) == (2, "")
    assert one_line(done.stderr)


def test_the_module_reads_standard_input(run_python: RunPython, root: Path) -> None:
    done = run_python(
        "-m", "bouncelib", "parse", "--format", "tsv", "-", stdin=(root / REFUSED).read_text(encoding="utf-8")
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("bounce\tjill@library.example\thard\t")


WITHOUT_CLICK = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "click":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
from bouncelib.__main__ import main
main()
"""


def test_without_click_one_line_says_what_to_install(run_python: RunPython) -> None:
    done = run_python("-c", WITHOUT_CLICK)
    assert (done.returncode, done.stdout) == (2, "")
    assert one_line(done.stderr)
    assert "pip install 'bouncelib[cli]'" in done.stderr


@pytest.mark.parametrize("options", [(), ("--format", "table"), ("--format", "csv"), ("--explain",)])
def test_a_reader_that_leaves_early_ends_it_quietly(root: Path, package: Path, options: tuple[str, ...]) -> None:
    command = [sys.executable, "-P", "-m", "bouncelib", "parse", *options, "fixtures/textbook", "fixtures/rfc3464"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(package.parent)},
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        process.wait(timeout=60)


def test_a_terminal_that_cannot_show_a_character_gets_its_number(root: Path, package: Path, tmp_path: Path) -> None:
    file = tmp_path / "größe.eml"
    file.write_bytes((root / REFUSED).read_bytes())
    done = subprocess.run(
        [sys.executable, "-P", "-m", "bouncelib", "parse", "--format", "tsv", str(file)],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(package.parent), "PYTHONIOENCODING": "koi8-r"},
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"gr\\xf6\\xdfe.eml" in done.stdout
