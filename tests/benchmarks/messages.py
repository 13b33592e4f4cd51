"""The messages that are measured: the fixtures of the tree, or a folder of one's own."""

from __future__ import annotations

import re
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bouncelib import Kind, parse_bounce
from bouncelib.mailbox import read_mail
from bouncelib.testing.ordinary import ordinary_mail

if TYPE_CHECKING:
    from collections.abc import Iterable

FIXTURES = Path(__file__).parents[2] / "fixtures"
SMALL_GROUP = 5

_REPORT = b"""Return-Path: <>
Received: from mail.store.example ([192.0.2.7]) by mx.store.example; Mon, 5 Oct 2026 08:30:12 +0000
From: Mail Delivery System <MAILER-DAEMON@mail.store.example>
To: news@store.example
Subject: Undelivered Mail Returned to Sender
Date: Mon, 5 Oct 2026 08:30:11 +0000
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=_0be2"

--=_0be2
Content-Type: text/plain; charset=us-ascii

<ann@library.example>: host mx.library.example[198.51.100.25] said:
    550 5.1.1 <ann@library.example>: User unknown (in reply to RCPT TO command)

--=_0be2
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.store.example
Arrival-Date: Mon, 5 Oct 2026 08:30:09 +0000

Final-Recipient: rfc822; ann@library.example
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.library.example
Diagnostic-Code: smtp; 550 5.1.1 <ann@library.example>: User unknown

--=_0be2
Content-Type: message/rfc822

From: News <news@store.example>
To: ann@library.example
Subject: What is new in October
Message-ID: <20261005083007.41@store.example>
Date: Mon, 5 Oct 2026 08:30:07 +0000
Content-Type: text/plain; charset=utf-8

%b
--=_0be2--
"""
_LINE = b"Nothing in this line is of interest to anybody who reads a bounce, and there are many such.\n"


class Messages(NamedTuple):
    """What is measured."""

    reports: dict[str, list[bytes]]
    """All that report of a delivery or answer by machine, by the format that read them."""
    ordinary: list[bytes]
    """What people and programs write."""

    @property
    def every_report(self) -> list[bytes]:
        """The reports of all formats."""
        return [raw for group in self.reports.values() for raw in group]


def messages(folder: Path | None, most: int | None) -> Messages:
    """Return the messages in `folder`, or the fixtures; at most `most`, taken from all over."""
    if folder is None:
        raws = [path.read_bytes() for path in sorted(FIXTURES.glob("*/*.eml"))] + [one.raw for one in ordinary_mail()]
    else:
        raws = [mail.raw for mail in read_mail(folder, on_error=lambda _error: None)]
    return _grouped(raws if most is None else raws[:: max(1, len(raws) // most)])


def _grouped(raws: Iterable[bytes]) -> Messages:
    ordinary = []
    groups: dict[str, list[bytes]] = {}
    for raw in raws:
        report = parse_bounce(raw)
        if report.kind is Kind.OTHER:
            ordinary.append(raw)
        else:
            groups.setdefault(report.format or str(report.kind), []).append(raw)
    few = [raw for group in groups.values() if len(group) < SMALL_GROUP for raw in group]
    large = {name: group for name, group in sorted(groups.items()) if len(group) >= SMALL_GROUP}
    return Messages({**large, **({"smaller groups": few} if few else {})}, ordinary)


def report_with_original(size: int) -> bytes:
    """Return a report that brings back an original of about `size` bytes."""
    return _REPORT % (_LINE * max(1, size // len(_LINE)))


def repeated(raws: list[bytes], count: int) -> Iterable[bytes]:
    """Yield `count` messages, `raws` again and again."""
    return islice(cycle(raws), count)


def write_mailbox(path: Path, raws: list[bytes], count: int) -> None:
    """Write `count` messages to the mbox file `path`."""
    # What begins with no header field is no message of its own behind a separator line.
    headed = [raw for raw in raws if re.match(rb"[A-Za-z-]+:", raw)]
    with path.open("wb") as file:
        for raw in repeated(headed, count):
            file.write(
                b"From MAILER-DAEMON Mon Oct  5 08:30:12 2026\n" + raw.replace(b"\nFrom ", b"\n>From ") + b"\n\n"
            )
