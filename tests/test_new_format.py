"""`bouncelib new-format`: from samples to a folder that pytest runs."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bouncelib import Fingerprint, Format, Layout, parse_bounce
from bouncelib.cli import bouncelib
from bouncelib.cli.new_format import source
from bouncelib.format import ORIGINAL_MARKS

RunPython = Callable[..., subprocess.CompletedProcess[str]]

PIGEON = """\
From: Courier pigeons <pigeons@loft.example>
To: news@store.example
Subject: Pigeon post: letter {number} came back
Return-Path: <>
Date: Mon, 5 Jan 2026 09:00:00 +0000
Message-ID: <{number}@loft.example>

Dear sender,

the loft master of roof {number} regrets that a letter came back.

Reader's address: {address}
The pigeon said: {said}

Fly well.
"""


@pytest.fixture
def samples(tmp_path: Path) -> list[str]:
    said = (("ann@library.example", "550 5.1.1 no such reader"), ("bo@library.example", "552 5.2.2 the box is full"))
    paths = [tmp_path / f"letter {number}.eml" for number in (1, 2)]
    for number, (path, (address, text)) in enumerate(zip(paths, said, strict=True), 31):
        path.write_text(PIGEON.format(number=number, address=address, said=text), "utf-8", newline="\n")
    return [str(path) for path in paths]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(bouncelib, ["new-format", *arguments], prog_name="bouncelib")


def outcome_of(folder: Path, run_python: RunPython) -> str:
    """What pytest says of the folder."""
    return run_python(
        "-m", "pytest", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", str(folder), str(folder)
    ).stdout


def test_a_folder_is_written_that_pytest_runs(samples: list[str], tmp_path: Path, run_python: RunPython) -> None:
    result = run("pigeon", *samples)
    assert (result.exit_code, result.stderr) == (0, "")
    folder = tmp_path / "pigeon"
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*")) == [
        "fixtures/letter-1.eml",
        "fixtures/letter-1.json",
        "fixtures/letter-2.eml",
        "fixtures/letter-2.json",
        "pigeon_format.py",
        "test_pigeon.py",
    ]
    assert "1 passed" in outcome_of(folder, run_python)
    first = json.loads((folder / "fixtures" / "letter-1.json").read_text("utf-8"))
    assert first["format"] == "pigeon"
    assert first["recipients"][0]["address"] == "ann@library.example"
    assert first["recipients"][0]["diagnostic"] == "550 5.1.1 no such reader"
    # The test tests: an expectation that is wrong fails.
    wrong = folder / "fixtures" / "letter-2.json"
    wrong.write_text(wrong.read_text("utf-8").replace("552", "550"), "utf-8")
    assert "1 failed" in outcome_of(folder, run_python)


def test_the_file_holds_what_the_samples_share(samples: list[str], tmp_path: Path) -> None:
    run("pigeon", *samples)
    assert (tmp_path / "pigeon" / "pigeon_format.py").read_text("utf-8") == (
        '"""pigeon: say here who writes these reports, and where you know it from."""\n\n'
        "from bouncelib import Fingerprint, Format, Layout\n\n"
        "FORMAT = Format(\n"
        '    "pigeon",\n'
        '    (Fingerprint(phrases=("regrets that a letter came back",)),),\n'
        "    Layout(\n"
        "        recipient=r\"^\\s{0,20}reader's\\s{1,20}address:\\s{1,20}"
        '(?P<address>[^\\s<>,;:]{1,64}@[^\\s<>,;:]{1,255})\\s*$",\n'
        '        fields={"the pigeon said:": "diagnostic"},\n'
        "    ),\n)\n"
    )


def test_it_says_how_selective_a_clue_is_and_whose_addresses_are_copied(samples: list[str], root: Path) -> None:
    result = run("pigeon", *samples, "--against", str(root / "fixtures" / "qmail"))
    count = len(list((root / "fixtures" / "qmail").glob("*.eml"))) + 23
    assert (
        f"clues that all samples share (2), and in how many of {count} other messages they are found:" in result.stdout
    )
    rows = re.findall(r"^  ([* ]) +(\d+)  (\w+) '(.*)'$", result.stdout, re.MULTILINE)
    assert rows[0] == ("*", "0", "phrase", "regrets that a letter came back")
    assert (" ", "0", "subject", "pigeon post: letter") in rows
    assert (" ", "0", "sender", "pigeons") in rows
    assert "addresses of real people in them: replace those before you publish" in result.stdout


def test_a_message_is_no_other_mail_of_its_own(samples: list[str], tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "same.eml").write_bytes(Path(samples[0]).read_bytes())
    assert " of 23 other messages" in run("pigeon", *samples, "--against", "more").stdout


@pytest.mark.parametrize("name", ["nullmailer", "dragonfly", "prodigy"])
def test_what_shipped_formats_read_is_read_as_well(
    name: str, root: Path, tmp_path: Path, run_python: RunPython
) -> None:
    mails = [
        mail
        for mail in sorted((root / "fixtures" / name).glob("*.eml"))
        # Odd addresses are what a read() is for, and a standard report needs no format.
        if "-address-" not in mail.name and parse_bounce(mail.read_bytes()).format != "rfc3464"
    ][:6]
    assert mails
    result = run(name, *map(str, mails), "-o", "out")
    assert result.exit_code == 0, result.output
    assert "1 passed" in outcome_of(tmp_path / "out", run_python)
    for mail in mails:
        found = json.loads((tmp_path / "out" / "fixtures" / f"{mail.stem}.json").read_text("utf-8"))
        report = parse_bounce(mail.read_bytes())
        assert [(one["address"], one["verdict"], one["reason"]) for one in found["recipients"]] == [
            (one.address, one.verdict, one.reason) for one in report.recipients
        ], mail
        assert found["kind"] == report.kind


def test_the_user_may_say_who_did_not_get_it(tmp_path: Path) -> None:
    path = tmp_path / "odd.eml"
    path.write_text(
        "From: robot@loft.example\nTo: news@store.example\nSubject: Pigeon post\nX-Loft: 1\n\n"
        "cy@loft.example regrets: ann@library.example moved away.\n",
        "utf-8",
    )
    assert "recipients: cy@loft.example, ann@library.example" in run("odd", str(path), "-o", "a").stdout
    result = run("odd", str(path), "-o", "b", "--recipient", "ann@library.example")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "recipients: ann@library.example\n" in result.stdout
    wanted = json.loads((tmp_path / "b" / "fixtures" / "odd.json").read_text("utf-8"))
    assert [one["address"] for one in wanted["recipients"]] == ["ann@library.example"]


def test_a_writer_that_is_known_is_said_to_be(root: Path, tmp_path: Path) -> None:
    result = run("mine", str(next((root / "fixtures" / "qmail").glob("*.eml"))))
    assert "read by qmail so far" in result.stdout
    assert "a matter of rules, not of a format" in result.stdout
    assert (tmp_path / "mine").is_dir()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("Pigeon", "a.eml"), "'Pigeon' is no name"),
        (("class", "a.eml"), "'class' is no name"),
        (("pigeon",), "SAMPLE"),
        (("pigeon", "none.eml"), "none.eml: No such file"),
        (("pigeon", "a.eml"), "a.eml: no recipient found in its text"),
        (("pigeon", "b.eml", "c.eml"), "no layout finds the recipients of all samples"),
        (("pigeon", "b.eml", "d.eml"), "nothing in common"),
        (("pigeon", "b.eml", "-o", "there"), "there: is there already"),
    ],
)
def test_what_cannot_be_done_is_one_line(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    mails = {
        "a": "From: x@loft.example\nX-Loft: 1\n\nNothing.\n",
        "b": "From: x@loft.example\nX-Loft: 1\n\nNot delivered: ann@library.example\n",
        "c": "From: x@loft.example\nX-Loft: 1\n\nann@library.example is fine\nbut bo@library.example is not, not delivered\n",
        "d": "From: y@roof.example\n\nNot delivered: ann@library.example\n",
    }
    for name, text in mails.items():
        (tmp_path / f"{name}.eml").write_text(text, "utf-8")
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").touch()
    told = ("--recipient", "ann@library.example") if "c.eml" in arguments else ()
    result = run(*arguments, *told)
    assert result.exit_code != 0
    assert says in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "pigeon").exists()


def test_a_format_becomes_source_that_means_the_same() -> None:
    form = Format(
        "odd",
        (Fingerprint(senders=("a@b.example",), subjects=('say "no"',), headers=("x-odd",), phrases=("投递失败",)),),
        Layout(
            r'^"(?P<address>\S+)"$',
            ("opens",),
            (*ORIGINAL_MARKS, "closes"),
            {"why:": "diagnostic"},
            said=False,
            said_before=True,
            delays=("will be retried",),
            blanks=2,
        ),
    )
    space: dict[str, object] = {}
    exec(source(form), space)  # noqa: S102 - what we wrote
    assert space["FORMAT"] == form
