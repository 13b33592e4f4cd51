"""A redacted message names nobody and reads the same."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

import pytest

from bouncelib import parse_bounce
from bouncelib.redaction import redact

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

NOTICE = b"""\
From: Mail Delivery System <MAILER-DAEMON@mx.store.example>
To: Ann Author <ann@store.example>
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="9B095B5ADDA0.1179/mx.store.example"

--9B095B5ADDA0.1179/mx.store.example

<jill.smith@library.example>: host mx.library.example[198.51.100.7] said: 550 5.1.1
    <jill.smith@library.example>: User unknown (in reply to RCPT TO command)

--9B095B5ADDA0.1179/mx.store.example
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.store.example
X-Postfix-Queue-ID: 9B095B5ADDA0

Final-Recipient: rfc822; jill.smith@library.example
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.library.example
Diagnostic-Code: smtp; 550 5.1.1 <jill.smith@library.example>: User unknown

--9B095B5ADDA0.1179/mx.store.example
Content-Type: message/rfc822

From: Ann Author <ann@store.example>
To: Jill Smith <jill.smith@library.example>
Subject: Our secret plan
Message-ID: <20260101.7@mx.store.example>

Nobody may read this.
--9B095B5ADDA0.1179/mx.store.example--
"""
SECRETS = (
    b"jill",
    b"library",
    b"store.example",
    b"9B095B5ADDA0",
    b"198.51.100.7",
    b"secret",
    b"Nobody",
    b"Author",
    b"Smith",
)


def reading(raw: bytes) -> object:
    report = parse_bounce(raw)
    return report.kind, report.format, [(one.verdict, one.reason, one.rule, one.status) for one in report.recipients]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_a_report_names_nobody_and_reads_the_same(end: bytes) -> None:
    done = redact(NOTICE.replace(b"\n", end))
    assert [secret for secret in SECRETS if secret in done.raw] == []
    assert reading(done.raw) == reading(NOTICE)
    assert done.kept == ()


def test_the_same_is_replaced_by_the_same() -> None:
    report = parse_bounce(redact(NOTICE).raw)
    (one,) = report.recipients
    assert one.address is not None
    assert re.fullmatch(r"user\d@domain\d\.example", one.address)
    assert report.original is not None
    assert one.address in redact(NOTICE).raw.decode().partition("Subject: [subject removed]")[0].rpartition("To:")[2]


@pytest.mark.parametrize("encoding", [b"base64", b"quoted-printable"])
def test_what_is_encoded_is_replaced_too(encoding: bytes) -> None:
    text = b"<jill.smith@library.example>: User unknown\n"
    body = base64.encodebytes(text) if encoding == b"base64" else text.replace(b"@", b"=40")
    head, boundary, rest = NOTICE.partition(b"--9B095B5ADDA0.1179/mx.store.example\n\n<")
    assert boundary
    rest = rest.partition(b"\n\n--")[2]
    raw = head + boundary[:-2] + b"Content-Transfer-Encoding: " + encoding + b"\n\n" + body + b"\n--" + rest
    done = redact(raw).raw
    assert "jill" not in parse_bounce(done).explain()
    assert body.strip() not in done
    assert reading(done) == reading(raw)


def test_a_host_that_the_verdict_rests_on_stays_and_is_told() -> None:
    plain = NOTICE.replace(b"5.1.1", b"5.2.1").replace(b"User unknown", b"Mailbox not available")
    raw = plain.replace(b"library.example", b"interia.pl")
    assert reading(raw) != reading(plain)
    done = redact(raw)
    assert reading(done.raw) == reading(raw)
    assert done.kept == ("interia.pl",)
    assert b"jill" not in done.raw


def test_every_fixture_reads_the_same(root: Path) -> None:
    different = []
    shown = []
    for file in sorted((root / "fixtures").rglob("*.eml"))[::7]:
        raw = file.read_bytes()
        done, kept = redact(raw)
        if reading(done) != reading(raw):
            different.append(file.name)
        locals_ = {one.address.rpartition("@")[0] for one in parse_bounce(raw).recipients if one.address}
        shown += [
            (file.name, local)
            for local in locals_
            if len(local) > 5
            and f"{local}@" not in kept
            and re.search(rf"\b{re.escape(local)}@".encode(), done)
            and not re.match("postmaster|mailer|no.?reply|bounce|abuse|user", local, re.IGNORECASE)
        ]
    assert different == []
    assert shown == []


def test_the_command_writes_one_message(
    tmp_path: Path, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    (tmp_path / "a.eml").write_bytes(NOTICE)
    done = run_python("-m", "bouncelib", "redact", str(tmp_path / "a.eml"), "-o", str(tmp_path / "b.eml"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "b.eml").read_bytes() == redact(NOTICE).raw
    (tmp_path / "box.mbox").write_bytes((b"From x Thu Jan  1 00:00:00 2026\n" + NOTICE + b"\n") * 2)
    done = run_python("-m", "bouncelib", "redact", str(tmp_path / "box.mbox"))
    assert done.returncode == 2
    assert "more than one message" in done.stderr
