"""Delivery lines of mail servers' logs, and the command that judges them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from bouncelib.cli import bouncelib
from bouncelib.logs import LogEntry, read_line, read_log
from bouncelib.model import Action

if TYPE_CHECKING:
    from pathlib import Path

ANN, READERS, MX = "ann@library.example", "readers@store.example", "mx.library.example"
POSTFIX = "Nov 24 02:00:00 mail postfix/smtp[123]: 4F1B2C3D4E: to=<ann@library.example>, "
EXIM = "2026-11-24 02:00:00 1abcde-000123-AB "
SENDMAIL = (
    "Nov 24 02:00:00 mail sm-mta[321]: 3AO1abcd000123: to=<ann@library.example>, ctladdr=<news@store.example> (1000/1000), "
    "delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=120000, relay=mx.library.example. [192.0.2.1], "
)
OPENSMTPD = (
    "Nov 24 02:00:00 mail smtpd[123]: 0123456789abcdef mta delivery evpid=fedcba9876543210 from=<news@store.example> "
    'to=<ann@library.example> rcpt=<-> source="198.51.100.1" relay="192.0.2.1 (mx.library.example)" delay=1s '
)
REFUSED = "550 5.1.1 User unknown"
F, D, OK = Action.FAILED, Action.DELAYED, Action.DELIVERED

LINES = [
    (
        POSTFIX + "orig_to=<readers@store.example>, relay=mx.library.example[192.0.2.1]:25, conn_use=2, delay=1.2, "
        "delays=0.1/0/0.5/0.6, dsn=5.1.1, status=bounced (host mx.library.example[192.0.2.1] said: 550 5.1.1 User unknown "
        "(in reply to RCPT TO command))",
        LogEntry(
            ANN,
            READERS,
            F,
            "5.1.1",
            MX,
            f"host mx.library.example[192.0.2.1] said: {REFUSED} (in reply to RCPT TO command)",
            "4F1B2C3D4E",
        ),
    ),
    (
        POSTFIX
        + "relay=none, delay=1.2, delays=0.1/0/0.5/0.6, dsn=4.4.1, status=deferred (connect to mx.library.example"
        "[192.0.2.1]:25: Connection timed out)",
        LogEntry(
            ANN,
            None,
            D,
            "4.4.1",
            None,
            "connect to mx.library.example[192.0.2.1]:25: Connection timed out",
            "4F1B2C3D4E",
        ),
    ),
    (
        POSTFIX + "relay=local, delay=0.1, delays=0.1/0/0/0, dsn=2.0.0, status=sent (delivered to mailbox)",
        LogEntry(ANN, None, OK, "2.0.0", None, "delivered to mailbox", "4F1B2C3D4E"),
    ),
    (
        EXIM
        + "** ann@library.example <readers@store.example> R=dnslookup T=remote_smtp H=mx.library.example [192.0.2.1]: "
        "SMTP error from remote mail server after RCPT TO:<ann@library.example>: 550 5.1.1 User unknown",
        LogEntry(
            ANN,
            READERS,
            F,
            None,
            MX,
            f"SMTP error from remote mail server after RCPT TO:<{ANN}>: {REFUSED}",
            "1abcde-000123-AB",
        ),
    ),
    (
        EXIM
        + "== ann@library.example R=dnslookup T=remote_smtp defer (-44) H=mx.library.example [192.0.2.1]: SMTP error from "
        "remote mail server after RCPT TO:<ann@library.example>: 452 4.2.2 Mailbox full",
        LogEntry(
            ANN,
            None,
            D,
            None,
            MX,
            f"SMTP error from remote mail server after RCPT TO:<{ANN}>: 452 4.2.2 Mailbox full",
            "1abcde-000123-AB",
        ),
    ),
    (
        EXIM + "** ann@library.example: Unrouteable address",
        LogEntry(ANN, None, F, None, None, "Unrouteable address", "1abcde-000123-AB"),
    ),
    (
        EXIM + '=> ann@library.example R=dnslookup T=remote_smtp H=mx.library.example [192.0.2.1] C="250 OK"',
        LogEntry(ANN, None, OK, None, MX, "250 OK", "1abcde-000123-AB"),
    ),
    (SENDMAIL + "dsn=5.1.1, stat=User unknown", LogEntry(ANN, None, F, "5.1.1", MX, "User unknown", "3AO1abcd000123")),
    (
        SENDMAIL + "dsn=4.0.0, stat=Deferred: Connection refused by mx.library.example.",
        LogEntry(ANN, None, D, "4.0.0", MX, "Deferred: Connection refused by mx.library.example.", "3AO1abcd000123"),
    ),
    (
        SENDMAIL + "dsn=2.0.0, stat=Sent (ok)",
        LogEntry(ANN, None, OK, "2.0.0", MX, "Sent (ok)", "3AO1abcd000123"),
    ),
    (
        OPENSMTPD + 'result="PermFail" stat="550 5.1.1 User unknown"',
        LogEntry(ANN, None, F, None, MX, REFUSED, "0123456789abcdef"),
    ),
    (OPENSMTPD + 'result="Ok" stat="250 ok"', LogEntry(ANN, None, OK, None, MX, "250 ok", "0123456789abcdef")),
]


@pytest.mark.parametrize(
    ("line", "entry"), LINES, ids=[f"{one.queue_id}-{one.action}-{one.text[:9]}" for _, one in LINES]
)
def test_a_delivery_line(line: str, entry: LogEntry) -> None:
    assert read_line(line + "\n") == entry


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Nov 24 02:00:00 mail postfix/qmgr[123]: 4F1B2C3D4E: from=<news@store.example>, size=1, nrcpt=1 (queue active)",
        "Nov 24 02:00:00 mail postfix/smtp[123]: connect to mx.library.example[192.0.2.1]:25: Connection refused",
        EXIM + "<= news@store.example H=mail.store.example [192.0.2.9] P=esmtp S=700",
        EXIM + "Completed",
        SENDMAIL.replace("to=<", "from=<") + "dsn=5.1.1",
        "status=bounced dsn=5.1.1 stat=User unknown result=PermFail to=<ann@library.example>",
    ],
)
def test_other_lines_are_passed_over(line: str) -> None:
    assert list(read_log([line])) == []


@given(st.text(max_size=200), st.sampled_from(LINES), st.integers(0, 300))
def test_whatever_stands_in_a_line_nothing_is_raised_or_invented(
    junk: str, known: tuple[str, LogEntry], place: int
) -> None:
    line = known[0][:place] + junk + known[0][place:]
    entry = read_line(line)
    assert entry is None or (entry.address in line and entry.text in line)


def test_the_command_judges_a_log(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    log.write_text("\n".join(line for line, _ in LINES) + "\nsomething else\n")
    result = CliRunner().invoke(bouncelib, ["classify", "--log", str(log)])
    rows = [line.split("\t") for line in result.stdout.splitlines()]
    assert rows[0] == ["failed", ANN, "hard", "unknown_user", "standard/phrases/user-unknown", MX]
    assert [(row[0], row[2]) for row in rows].count(("delayed", "soft")) == 3
    assert len(rows) == sum(entry.action is not OK for _, entry in LINES)
    assert result.stderr == "delivered\t4\n"


def test_the_command_judges_a_stream_as_json() -> None:
    result = CliRunner().invoke(bouncelib, ["classify", "--log", "-", "--json"], input=LINES[0][0])
    got = json.loads(result.stdout)
    assert (got["address"], got["original_address"], got["verdict"], got["fault"]) == (
        ANN,
        READERS,
        "hard",
        "recipient",
    )


@pytest.mark.parametrize("arguments", [[], ["550 no", "--log", "-"], ["--log", "/no/such/file"]])
def test_a_reply_or_a_log(arguments: list[str]) -> None:
    result = CliRunner().invoke(bouncelib, ["classify", *arguments])
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
