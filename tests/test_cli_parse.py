"""`bouncelib parse`: what it writes in each format, what it leaves out, and what it says of the whole run."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from bouncelib import parse_bounce
from bouncelib.cli import bouncelib
from bouncelib.cli.progress import total_bytes
from bouncelib.cli.rows import FIELDS

if TYPE_CHECKING:
    from click.testing import Result

FOLDER = "fixtures/textbook"
REFUSED = "fixtures/textbook/refused-in-session-postfix.eml"
FULL = "fixtures/textbook/accepted-then-disk-full-postfix.eml"


@pytest.fixture(autouse=True)
def in_the_tree(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)


def run(*arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(bouncelib, ["parse", *arguments], input=stdin, prog_name="bouncelib")


def recipients(*paths: str) -> list[dict[str, Any]]:
    return [
        {"origin": str(path), **one}
        for path in paths
        for one in parse_bounce(Path(path).read_bytes()).to_dict()["recipients"]
    ]


def test_elsewhere_than_on_a_terminal_it_is_json_lines() -> None:
    assert run(REFUSED).stdout == run("--format", "jsonl", REFUSED).stdout == run("--json", REFUSED).stdout
    assert json.loads(run(REFUSED).stdout)["origin"] == REFUSED


def test_json_is_one_array() -> None:
    array = json.loads(run("--format", "json", FOLDER).stdout)
    assert array == [json.loads(line) for line in run(FOLDER).stdout.splitlines()]
    assert json.loads(run("--format", "json", "--kind", "other", FOLDER).stdout) == []


def test_csv_has_a_header_and_every_field() -> None:
    read = list(csv.DictReader(io.StringIO(run("--format", "csv", FOLDER).stdout)))
    assert list(read[0]) == list(FIELDS)
    assert len(read) == len(run("--format", "tsv", FOLDER).stdout.splitlines())
    assert {(row["address"], row["verdict"]) for row in read if row["origin"] == REFUSED} == {
        ("jill@library.example", "hard")
    }


def test_a_cell_of_csv_is_no_formula(tmp_path: Path) -> None:
    raw = Path(REFUSED).read_bytes().replace(b"jill@", b"=jill@")
    (tmp_path / "a.eml").write_bytes(raw)
    read = list(csv.DictReader(io.StringIO(run("--format", "csv", str(tmp_path)).stdout)))
    assert read[0]["address"] == "'=jill@library.example"


def test_the_columns_are_as_asked_for() -> None:
    result = run("--format", "tsv", "--fields", "verdict, address", REFUSED)
    assert result.stdout == "hard\tjill@library.example\n"
    assert json.loads(run("--fields", "status,smtp_code", REFUSED).stdout) == {"status": "5.1.1", "smtp_code": "550"}
    assert run("--format", "csv", "--fields", "verdict", REFUSED).stdout.splitlines() == ["verdict", "hard"]
    wrong = run("--fields", "verdict,colour", REFUSED)
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    assert "'colour' is none" in wrong.stderr


def test_a_table_has_a_title_and_a_line_a_recipient_cut_to_the_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    title, *rest = run("--format", "table", FOLDER).stdout.splitlines()
    assert title.split() == ["kind", "address", "verdict", "reason", "rule", "origin"]
    assert len(rest) == len(run("--format", "tsv", FOLDER).stdout.splitlines())
    assert max(map(len, [title, *rest])) <= 100
    assert any(line.endswith("…") for line in rest)


def test_sqlite_holds_messages_and_recipients(tmp_path: Path) -> None:
    path = tmp_path / "out.sqlite"
    assert run("-o", str(path), FOLDER).exit_code == 0
    files = sorted(str(file) for file in Path(FOLDER).glob("*.eml"))
    with closing(sqlite3.connect(path)) as connection:
        assert [row[0] for row in connection.execute("SELECT origin FROM messages ORDER BY id")] == files
        found = connection.execute(
            "SELECT origin, address, verdict, reason, status, smtp_code FROM recipients JOIN messages ON message = id"
        ).fetchall()
    assert found == [
        tuple(one[name] for name in ("origin", "address", "verdict", "reason", "status", "smtp_code"))
        for one in recipients(*files)
    ]


def test_a_database_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "kept.db"
    path.write_bytes(b"precious")
    result = run("-o", str(path), FOLDER)
    assert (result.exit_code, path.read_bytes()) == (2, b"precious")
    assert "is there already" in result.stderr


@pytest.mark.parametrize("name", ["sqlite", "parquet"])
def test_a_format_that_needs_a_file_says_so(name: str) -> None:
    result = run("--format", name, REFUSED)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{name} needs a file: -o FILE" in result.stderr
    assert run("--format", name, "--fields", "kind", "-o", "x", REFUSED).exit_code == 2


def test_parquet_holds_what_arrow_gives(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    path = tmp_path / "out.parquet"
    assert run("-o", str(path), REFUSED, FULL).exit_code == 0
    assert [(one["origin"], one["verdict"]) for one in parquet.read_table(path).to_pylist()] == [
        (one["origin"], one["verdict"]) for one in recipients(REFUSED, FULL)
    ]


@pytest.mark.parametrize(
    ("suffix", "start"), [("csv", b"origin,"), ("json", b"[\n{"), ("jsonl", b'{"'), ("txt", b'{"')]
)
def test_the_name_of_the_file_says_the_format(tmp_path: Path, suffix: str, start: bytes) -> None:
    path = tmp_path / f"out.{suffix}"
    result = run("-o", str(path), REFUSED)
    assert (result.exit_code, result.stdout) == (0, "")
    assert path.read_bytes().startswith(start)


def test_a_file_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    result = run("-o", str(tmp_path / "no" / "such.csv"), REFUSED)
    assert result.exit_code == 2
    assert "No such file or directory" in result.stderr
    assert result.stderr.count("\n") == 1


def test_only_some_verdicts() -> None:
    hard = run("--format", "tsv", "--only", "hard", FOLDER).stdout.splitlines()
    soft = run("--format", "tsv", "--only", "soft", FOLDER).stdout.splitlines()
    assert {line.split("\t")[2] for line in hard} == {"hard"}
    assert sorted(hard + soft) == sorted(run("--format", "tsv", FOLDER).stdout.splitlines())
    both = run("--format", "tsv", "--only", "hard", "--only", "soft", FOLDER).stdout.splitlines()
    assert sorted(both) == sorted(hard + soft)


def test_only_some_recipients_of_a_report_that_names_several(tmp_path: Path) -> None:
    group = "Final-Recipient: rfc822; {}@library.example\nAction: failed\nStatus: {}\n\n"
    (tmp_path / "two.eml").write_text(
        "From: MAILER-DAEMON@mail.store.example\nContent-Type: multipart/report; boundary=b\n\n--b\n"
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mail.store.example\n\n"
        + group.format("ann", "5.1.1")
        + group.format("bo", "5.2.2")
        + "--b--\n",
        "utf-8",
    )
    record = json.loads(run("--only", "hard", str(tmp_path)).stdout)
    assert [one["address"] for one in record["recipients"]] == ["ann@library.example"]


def test_only_some_kinds() -> None:
    assert run("--kind", "delay", FOLDER).stdout == ""
    assert run("--kind", "bounce", "--kind", "delay", FOLDER).stdout == run(FOLDER).stdout


def test_only_since_a_date() -> None:
    assert run("--since", "2001-01-01", FOLDER).stdout == run(FOLDER).stdout
    assert run("--since", "2999-01-01T00:00:00+0100", FOLDER).stdout == ""
    assert run("--since", "yesterday", FOLDER).exit_code == 2


def test_several_workers_write_the_same() -> None:
    assert run("--workers", "2", FOLDER).stdout == run(FOLDER).stdout


def test_the_summary_counts(tmp_path: Path) -> None:
    result = run("--summary", "--only", "hard", REFUSED, FULL, str(tmp_path / "absent"))
    assert result.exit_code == 1
    assert [re.sub(" +", " ", line) for line in result.stderr.splitlines()] == [
        f"bouncelib: {tmp_path / 'absent'}: No such file or directory",
        "messages 1 (bounce 1)",
        "recipients 1 (hard 1)",
        "reasons unknown_user 1",
        "faults recipient 1",
        "domains library.example 1",
        "left out 1 (not asked for)",
        "unread 1 (complained of above)",
    ]


def test_with_the_number_sent_there_are_rates() -> None:
    told = run("--sent", "400", REFUSED, FULL).stderr
    assert "hard       1 (0.25% of 400 sent)\nsoft       1 (0.25%)\nbounced    2 (0.50%)\n" in told


def test_without_a_terminal_nothing_is_said_that_nobody_asked_for() -> None:
    assert run(FOLDER).stderr == ""


def test_what_is_to_be_read_is_known_where_it_can_be(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(b"x" * 100)
    (tmp_path / "cur").mkdir()
    (tmp_path / "cur" / "b").write_bytes(b"x" * 23)
    assert total_bytes([str(tmp_path), str(tmp_path / "a.eml")]) == 223
    assert total_bytes([str(tmp_path), "-"]) is None
    (tmp_path / "c.mbox.gz").write_bytes(b"")
    assert total_bytes([str(tmp_path)]) is None
    assert total_bytes([str(tmp_path / "absent")]) == 0


@pytest.mark.skipif(os.name == "nt", reason="there are no pseudo-terminals")
def test_on_a_terminal_it_is_a_table_in_colour_with_a_summary(root: Path, package: Path) -> None:
    import pty

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "bouncelib", "parse", FOLDER],
        stdout=theirs,
        stderr=theirs,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(package.parent), "COLUMNS": "100", "TERM": "xterm"},
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    assert process.wait(timeout=60) == 0
    text = shown.decode()
    assert text.startswith("\x1b[1mkind")
    assert "\x1b[31m" in text
    assert "messages   18 (bounce 18)" in text


def test_the_formats_are_listed_in_their_order() -> None:
    result = CliRunner().invoke(bouncelib, ["formats"])
    listed = [line.split("\t") for line in result.stdout.splitlines()]
    assert listed[0][:2] == ["rfc3464", "bounce"]
    assert [row[0] for row in listed[-2:]] == ["generic", "flufl"]
    assert all(len(row) == 3 and row[2] for row in listed)
    first = json.loads(CliRunner().invoke(bouncelib, ["formats", "--json"]).stdout.splitlines()[0])
    assert list(first) == ["name", "kind", "reads"]


def test_plugins_may_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []
    from bouncelib import parser

    whole = parser.BounceParser.__init__

    def noted(self: object, *arguments: Any, **options: Any) -> None:
        given.append(options.get("plugins"))
        whole(self, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(parser.BounceParser, "__init__", noted)
    for options in ((), ("--no-plugins",), ("--plugins",)):
        assert run(*options, REFUSED).exit_code == 0
    assert given == [None, False, True]
