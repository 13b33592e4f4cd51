"""What hypothesis builds: addresses, codes, values, MIME trees, delivery reports, and damage to messages.

`dsns()` are delivery reports of which it is known what they say, in any dress that MIME allows; `mime_mails()` are messages
whose parts are known; `damaged()` strikes at messages of yours. hypothesis must be installed (extra `test`).
"""

from __future__ import annotations

import base64
import quopri
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from hypothesis import strategies as st

from bouncelib.model import (
    Action,
    Advice,
    BounceReport,
    Confidence,
    EnhancedCode,
    Envelope,
    Evidence,
    Fault,
    Genuine,
    Judgement,
    Kind,
    OriginalMessage,
    Reason,
    Recipient,
    Refused,
    Stage,
    Verdict,
)
from bouncelib.testing.damage import LINE_ENDS, SPLINTERS, strike

# -- values -----------------------------------------------------------------------------------------------------------

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
optional_texts = st.none() | texts
pairs = st.lists(st.tuples(texts, texts), max_size=3).map(tuple)
dates = st.none() | st.builds(
    lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds), st.integers(0, 10**8)
)
codes = st.builds(EnhancedCode, st.sampled_from([2, 4, 5]), st.integers(0, 7), st.integers(0, 999))

_label = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
domains = st.builds("{}.{}.example".format, _label, st.sampled_from(["library", "store", "mx.library"]))
addresses = st.builds(
    "{}@{}".format,
    st.from_regex(r"[A-Za-z0-9_]([A-Za-z0-9.+=_-]{0,14}[A-Za-z0-9_])?", fullmatch=True),
    domains,
)

evidences = st.builds(
    Evidence,
    address=st.none() | addresses | texts,
    original_address=st.none() | addresses,
    action=st.none() | st.sampled_from(Action),
    status=st.none() | codes,
    smtp_code=st.none() | st.sampled_from(["421", "450", "550", "554"]),
    diagnostic=optional_texts,
    unwrapped=optional_texts,
    diagnostic_type=optional_texts,
    remote_mta=optional_texts,
    host=optional_texts,
    stage=st.none() | st.sampled_from(Stage),
    format=optional_texts,
    refused=st.none() | st.sampled_from(Refused),
    fields=pairs,
    sources=pairs,
    guessed=st.booleans(),
)
judgements = st.builds(
    Judgement,
    verdict=st.sampled_from(Verdict),
    reason=st.none() | st.sampled_from(Reason) | texts,
    reason_base=st.none() | st.sampled_from(Reason),
    fault=st.none() | st.sampled_from(Fault),
    advice=st.sampled_from(Advice),
    confidence=st.sampled_from(Confidence),
    rule=optional_texts,
    words=optional_texts,
    trail=pairs,
    blocklist=optional_texts,
    retry_after=st.none() | st.integers(0, 10**6),
    help_url=optional_texts,
)
reports = st.builds(
    BounceReport,
    kind=st.sampled_from(Kind),
    recipients=st.lists(st.builds(Recipient, evidences, judgements), max_size=3).map(tuple),
    format=optional_texts,
    fields=pairs,
    genuine=st.sampled_from(Genuine),
    genuine_because=st.lists(texts, max_size=2).map(tuple),
    defects=st.lists(texts, max_size=2).map(tuple),
    envelope=st.builds(
        Envelope,
        date=dates,
        return_path=optional_texts,
        should_auto_respond=st.booleans(),
        new_address=optional_texts,
        original=st.none() | st.builds(OriginalMessage, pairs),
    ),
)


# -- mail -------------------------------------------------------------------------------------------------------------


class Leaf(NamedTuple):
    """One leaf of a generated tree: its type and the bytes that it carries, their lines ended by LF."""

    media: str
    body: bytes


class Mail(NamedTuple):
    """A generated message, and what it is made of."""

    raw: bytes
    leaves: tuple[Leaf, ...]


_line = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60).map(lambda text: text.encode())
_odd_line = st.sampled_from(
    [b"", b"-", b"--", b"--x", b"--x--", b"From ann", b".", b" indented", b"a=3D", b"=", b"550-5.1.1 x"]
)
bodies = st.lists(_line | _odd_line, max_size=6).map(b"\n".join)
_media = st.sampled_from(["text/plain", "text/html", "TEXT/Plain", "application/x-thing", "image/png"])
_boundary = st.from_regex(
    r"[A-Za-z0-9'()+_,./:=?-]([A-Za-z0-9'()+_,./:=? -]{0,20}[A-Za-z0-9'()+_,./:=?])?", fullmatch=True
)


def _encoded(body: bytes, encoding: str) -> bytes:
    if encoding == "base64":
        return base64.encodebytes(body)
    if encoding == "quoted-printable":
        return quopri.encodestring(body)
    return body


@st.composite
def _leaf(draw: st.DrawFn) -> tuple[bytes, tuple[Leaf, ...]]:
    media = draw(_media)
    encoding = draw(st.sampled_from(["", "7bit", "8bit", "base64", "quoted-printable", "Quoted-Printable", "BASE64"]))
    body = draw(bodies)
    sent = _encoded(body, encoding.lower())
    lines = [
        b"Content-Type: " + media.encode() + draw(st.sampled_from([b"", b"; charset=us-ascii", b';\n charset="utf-8"']))
    ]
    if encoding:
        lines.append(b"Content-Transfer-Encoding: " + encoding.encode())
    if draw(st.booleans()):
        lines.reverse()
    return b"\n".join(lines) + b"\n\n" + sent, (Leaf(media.lower(), body),)


def _clashes(raw: bytes, delimiter: bytes) -> bool:
    return any(line.startswith(delimiter) for line in raw.split(b"\n"))


@st.composite
def _multipart(
    draw: st.DrawFn, children: st.SearchStrategy[tuple[bytes, tuple[Leaf, ...]]]
) -> tuple[bytes, tuple[Leaf, ...]]:
    parts = draw(st.lists(children, min_size=1, max_size=3))
    inside = b"\n".join(raw for raw, _ in parts)
    boundary = draw(_boundary).encode()
    # A delimiter must not stand in what it delimits (RFC 2046, section 5.1.1); one that goes on is allowed and met.
    while _clashes(inside, b"--" + boundary):
        boundary += b"0"
    subtype = draw(st.sampled_from([b"mixed", b"alternative", b"report; report-type=delivery-status", b"related"]))
    name = draw(st.sampled_from([b"boundary", b"Boundary", b"BOUNDARY"]))
    fold = draw(st.sampled_from([b"; ", b";\n\t", b";"]))
    head = b"Content-Type: multipart/" + subtype + fold + name + b'="' + boundary + b'"\n\n'
    preamble = draw(st.sampled_from([b"", b"This is a message in parts.\n", b"\n", b"--\n"]))
    epilogue = draw(st.sampled_from([b"", b"\n", b"\nAn epilogue.\n", b"\n--\n"]))
    padding = draw(st.sampled_from([b"", b" ", b"\t "]))
    delimiter = b"--" + boundary
    out = head + preamble + b"".join(delimiter + padding + b"\n" + raw + b"\n" for raw, _ in parts)
    return out + delimiter + b"--" + padding + epilogue, tuple(leaf for _, leaves in parts for leaf in leaves)


_entities = st.recursive(_leaf(), _multipart, max_leaves=6)


@st.composite
def mime_mails(draw: st.DrawFn) -> Mail:
    """Well-formed messages: nested multiparts, transfer encodings, boundaries that begin like one another, all line ends."""
    entity, leaves = draw(_entities)
    raw = b"From: Ann <ann@library.example>\nSubject: Notes\nMIME-Version: 1.0\n" + entity
    return Mail(raw.replace(b"\n", draw(st.sampled_from(LINE_ENDS))), leaves)


class Dsn(NamedTuple):
    """A generated delivery report, and what it says: address, action, status and diagnostic text of each recipient."""

    raw: bytes
    recipients: tuple[tuple[str, Action, str, str], ...]


_REPLIES = ("User unknown", "Mailbox full", "Message refused as spam", "Try again later", "No such domain")


@st.composite
def dsns(draw: st.DrawFn, actions: st.SearchStrategy[Action] | None = None) -> Dsn:
    """Delivery reports in RFC 3464's form, in any dress that MIME allows."""
    known: list[tuple[str, Action, str, str]] = []
    groups = []
    title = draw(st.sampled_from([str.title, str.lower, str.upper]))
    for address in draw(st.lists(addresses, min_size=1, max_size=4, unique_by=str.lower)):
        action = draw(st.sampled_from(Action) if actions is None else actions)
        class_ = {Action.FAILED: 5, Action.DELAYED: 4}.get(action, 2)
        detail = draw(st.sampled_from(["1.1", "2.2", "7.1", "4.4", "1.2"]))
        status = f"{class_}.{detail}"
        said = draw(st.sampled_from(_REPLIES))
        code = f"{class_}50"
        fields = [
            (title("Final-Recipient"), f"rfc822; {address}"),
            (title("Action"), str(action)),
            (title("Status"), status),
            (
                title("Diagnostic-Code"),
                f"smtp; {code} {status} <{address}>:{draw(st.sampled_from([' ', chr(10) + '    ']))}{said}",
            ),
        ]
        groups.append("\n".join(f"{name}: {value}" for name, value in draw(st.permutations(fields))))
        known.append((address, action, status, f"{code} {status} <{address}>: {said}"))
    status_part = "\n\n".join(["Reporting-MTA: dns; mail.store.example", *groups]) + "\n"
    encoding = draw(st.sampled_from(["7bit", "base64", "quoted-printable"]))
    body = _encoded(status_part.encode(), encoding)
    original = draw(st.sampled_from([b"", b"message/rfc822", b"text/rfc822-headers"]))
    raw = (
        b"From: MAILER-DAEMON@mail.store.example\nTo: ann@store.example\nSubject: Undelivered Mail Returned to Sender\n"
        b"MIME-Version: 1.0\n"
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="=_b"\n\n'
        b"--=_b\nContent-Type: text/plain; charset=utf-8\n\nThis is the mail system.\n\n"
        b"--=_b\nContent-Type: message/delivery-status\nContent-Transfer-Encoding: "
        + encoding.encode()
        + b"\n\n"
        + body
    )
    if original:
        raw += b"\n--=_b\nContent-Type: " + original + b"\n\nFrom: ann@store.example\nSubject: Hello\n\nText.\n"
    return Dsn((raw + b"\n--=_b--\n").replace(b"\n", draw(st.sampled_from(LINE_ENDS))), tuple(known))


# -- damage -----------------------------------------------------------------------------------------------------------


class _Drawn:
    """hypothesis chooses."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw

    def integer(self, low: int, high: int) -> int:
        return self._draw(st.integers(low, high))

    def one_of(self, things: Sequence[Any]) -> Any:  # noqa: ANN401 - as the protocol has it
        return self._draw(st.sampled_from(things))


@st.composite
def damaged(draw: st.DrawFn, mails: st.SearchStrategy[bytes], others: Sequence[bytes] = ()) -> bytes:
    """Messages of `mails` with a few blows: a flipped byte, a cut, a splice with one of `others`, a NUL, a broken boundary."""
    raw = draw(mails)
    for _ in range(draw(st.integers(1, 4))):
        raw = strike(raw, _Drawn(draw), others)
    return raw


junk: st.SearchStrategy[bytes] = st.binary(max_size=300) | st.lists(
    st.sampled_from(SPLINTERS) | st.binary(max_size=10), max_size=20
).map(b"".join)
"""Bytes that are hardly mail."""
