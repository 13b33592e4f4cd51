"""`bouncelib explain`: whom it asked, why, and what each said."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bouncelib import BounceParser, Evidence, Judgement, Verdict, heuristic, judge
from bouncelib.cli import bouncelib
from bouncelib.cli.tracing import TracingParser

MAIL = b"""\
From: MAILER-DAEMON@mail.store.example
To: news@store.example
Subject: failure notice
Return-Path: <>

Hi. This is the qmail-send program at mail.store.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<ann@library.example>:
192.0.2.25 does not like recipient.
Remote host said: 550 5.1.1 User unknown
"""
EXPLAINED = """\
-
  kind: bounce, read by qmail
  signs: From names a mail system; the return path is null; the subject is one of a failure report
  formats:
    rfc3464  nothing              always
    qmail    bounce, 1 recipient  phrase 'this is the qmail send program' or 'afraid i wasn t able to deliver your mess...
    generic  not asked            last resort
    flufl    not asked            last resort
  recipient ann@library.example
    evidence:
      address     qmail       ann@library.example
      action      qmail       failed
      status      worked out  5.1.1
      smtp_code   worked out  550
      diagnostic  qmail       192.0.2.25 does not like recipient. Remote host said: 550 5.1.1 User unknown
      unwrapped   worked out  550 5.1.1 User unknown
      remote_mta  qmail       192.0.2.25
      host        qmail       192.0.2.25
      stage       qmail       RCPT
      refused     worked out  in_session
    judges:
      standard/status     standard/status/x.1.1 (hard, unknown_user)
      vendor qmail        nothing
      standard/conflicts  nothing
      standard/phrases    standard/phrases/user-unknown (hard, unknown_user) by "user unknown"
    ann@library.example: hard, unknown_user (recipient): stop mailing it
      because standard/phrases/user-unknown: status 5.1.1 and reply 550 and "user unknown" in the diagnostic of 192.0.2.25
      agrees with standard/status/x.1.1
      confidence high; facts from qmail (address, status, smtp_code, diagnostic)
  addresses that could be meant:
    notice  ann@library.example
  genuine: unknown
  defects: none
"""


def run(*arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(bouncelib, ["explain", *arguments], input=stdin, prog_name="bouncelib")


def explained(*arguments: str, stdin: bytes = MAIL) -> list[str]:
    result = run(*arguments, "-", stdin=stdin)
    assert (result.exit_code, result.stderr) == (0, "")
    return [" ".join(line.split()) for line in result.stdout.splitlines()]


def test_a_message_is_explained_from_the_first_clue_to_the_rule() -> None:
    result = run("-", stdin=MAIL)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == EXPLAINED


def test_mail_that_reports_nothing_says_so() -> None:
    assert explained(stdin=b"From: ann@library.example\nSubject: Lunch?\n\nAt one.\n") == [
        "-",
        "kind: other",
        "signs: none of a report",
        "formats:",
        "rfc3464 not asked a letter, with no part for it",
        "generic not asked last resort",
        "flufl not asked last resort",
        "addresses that could be meant: none",
        "genuine: unknown",
        "defects: none",
    ]


def test_several_messages_stand_apart(root: Path) -> None:
    folder = root / "fixtures" / "haraka"
    messages = sorted(folder.glob("*.eml"))
    result = run(str(folder))
    assert result.stdout.count("\n\n") == len(messages) - 1
    assert [line for line in result.stdout.splitlines() if not line.startswith(" ") and line] == list(
        map(str, messages)
    )


def test_own_rules_and_formats_show_too(tmp_path: Path) -> None:
    rules = tmp_path / "mine.toml"
    rules.write_text('[[rule]]\nid = "no"\nsays = ["quite another thing"]\nreason = "policy"\n', "utf-8")
    form = tmp_path / "mine.py"
    form.write_text(
        "from bouncelib import Evidence, Fingerprint, heuristic\n"
        "@heuristic('mine', fingerprint=Fingerprint(senders=('mailer-daemon', 'x'), subjects=('failure notice',)))\n"
        "def FORMAT(message):\n    yield Evidence('ann@library.example', diagnostic='552 full')\n"
        "FORMAT.remove()\n",
        "utf-8",
    )
    lines = explained("--rules", str(rules), "--format", str(form))
    assert "mine bounce, 1 recipient subject 'failure notice' and sender 'mailer-daemon'" in lines
    assert not any(line.startswith("qmail bounce") for line in lines)
    assert "your rules mine nothing" in lines


def test_judges_are_shown_with_what_they_said() -> None:
    @judge("ours")
    def ours(evidence: Evidence) -> Judgement | None:
        return Judgement.of("policy", verdict=Verdict.SOFT, rule="ours/no") if evidence.smtp_code == "550" else None

    with ours:
        assert "judge ours soft, policy" in explained()
        assert "judge ours nothing" in explained(stdin=MAIL.replace(b"550 5.1.1", b""))


def test_a_format_that_fails_is_a_defect() -> None:
    @heuristic("broken")
    def read(message: object) -> None:
        raise LookupError(message)

    with read:
        lines = explained()
    assert "broken raised LookupError always" in lines
    assert any(line.startswith("format broken failed: LookupError") for line in lines)


def test_what_a_message_inside_says_is_told_apart() -> None:
    outer = (
        b"From: MAILER-DAEMON@filter.example\nSubject: Undeliverable mail\nContent-Type: multipart/mixed; boundary=b\n\n"
        b"--b\n\nA message for you was held.\n--b\nContent-Type: message/rfc822\n\n" + MAIL + b"\n--b--\n"
    )
    lines = explained(stdin=outer)
    assert "qmail bounce, 1 recipient asked of the message inside" in lines
    assert "generic not asked last resort" in lines


def test_the_tracing_parser_reads_as_any_other(root: Path) -> None:
    parser, plain = TracingParser(plugins=False), BounceParser(plugins=False)
    for path in sorted((root / "fixtures").rglob("*.eml"))[::7]:
        parser.forget()
        raw = path.read_bytes()
        report = parser.parse(raw)
        assert report == plain.parse(raw), path
        decided = {one.rule for one in report.recipients if one.rule and one.rule != "standard/undetermined"}
        said = " ".join(word.said or "" for word in parser.words)
        assert all(rule in said for rule in decided), path


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("none.eml",), 1, "none.eml: No such file"),
        ((), 2, "PATH"),
        (("--rules", "none.toml", "-"), 2, "none.toml"),
        (("--format", "none.py", "-"), 2, "none.py: No such file"),
        (("--format", "wrong.py", "-"), 2, "wrong.py: ZeroDivisionError"),
        (("--format", "empty.py", "-"), 2, "empty.py: neither FORMAT nor FORMATS"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wrong.py").write_text("1 / 0", "utf-8")
    (tmp_path / "empty.py").write_text("FORMATS = []", "utf-8")
    result = run(*arguments, stdin=MAIL)
    assert result.exit_code == code
    assert says in result.stderr
    assert result.stderr.count("\n") == 1
