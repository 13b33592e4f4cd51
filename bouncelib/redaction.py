"""A message made safe to show: addresses, hosts, names, ids and text replaced, each always by the same; the reading unchanged.

Whatever the reading rests on is found by trying: what changes it when it is replaced stays, and is told.
"""

from __future__ import annotations

import base64
import quopri
import re
from collections.abc import Callable, Iterator
from email.header import Header
from typing import Final, NamedTuple

from bouncelib import text as texts
from bouncelib.errors import SourceError
from bouncelib.message import ORIGINAL_TYPES, Message
from bouncelib.model import BounceReport
from bouncelib.notice import original_start
from bouncelib.parser import BounceParser

_TRIED: Final = 100
"""How many hosts and local parts are tried one by one; a message that names more keeps none."""
_TEXT_BYTES: Final = 4_194_304
_GONE: Final = "[text removed]\n"
_LONG_SUBJECT: Final = 6

# Two bytes a character (ISO-2022-JP, RFC 1468): what looks like an address in them is none.
_FOUND: Final = re.compile(
    r"(?P<double>\x1b\$[@B][\x21-\x7e]+)|"
    r"(?P<address>[\w.%+=/!#$&'*?^{|}~\x80-\xff-]{1,128}@(?:[\w\x80-\xff-]{1,63}\.){0,9}[\w\x80-\xff-]{1,63})"
    r"|(?P<six>(?<![\w:.])(?:[0-9a-fA-F]{1,4}:){1,7}(?::[0-9a-fA-F]{1,4}){1,7}(?![\w:])"
    r"|(?<![\w:.])(?:[0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}(?![\w:]))"
    r"|(?P<four>(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d))"
    r"|(?P<host>(?<![\w.@-])(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.){1,9}[a-z]{2,12}(?![\w-])"
    r"|(?<![\w.@-])(?:[A-Z0-9_](?:[A-Z0-9_-]{0,61}[A-Z0-9])?\.){1,9}[A-Z]{2,12}(?![\w-]))"
    r"|(?P<id>(?<![A-Za-z0-9])(?:(?=[A-Za-z]{0,40}\d)(?=\d{0,40}[A-Za-z])[A-Za-z0-9]{10,200}"
    r"|(?=[A-F]{0,9}\d)(?=\d{0,9}[A-F])[0-9A-F]{8,9}|(?=[a-f]{0,9}\d)(?=\d{0,9}[a-f])[0-9a-f]{8,9}|\d{12,200}"
    # As Exim names what it holds.
    r"|[0-9][0-9A-Za-z]{5}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4})(?![A-Za-z0-9]))",
    re.ASCII,
)
_SYSTEM: Final = re.compile(
    r"mailer.?daemon|postmaster|mail.?(?:er|delivery)|daemon|no.?reply|bounces?$|abuse", re.IGNORECASE
)
_GENERIC_LABEL: Final = re.compile(r"(?:mail|mx|smtp|mta|relay|out|in|mout|www|ns|gw)\d{0,3}")
_FIELD: Final = re.compile(r"^([!-9;-~]{1,99}):(.*(?:\n[ \t].*)*)$", re.MULTILINE)
_PEOPLE: Final = frozenset({"from", "to", "cc", "bcc", "reply-to", "sender", "resent-from", "resent-to"})
_PHRASE: Final = re.compile(r"(?<![^<>,])([^<>,]+)<([^<>@\s]{1,128})@")
_UNREAD: Final = re.compile(
    r"dkim-signature|domainkey-signature|arc-.*|authentication-results|received-spf|x-(?:google|gm|ms|microsoft|forefront|exchange)-.*",
    re.IGNORECASE,
)
_BLANK: Final = re.compile(r"\n[ \t]*\n")


class Redacted(NamedTuple):
    """A message made safe to show."""

    raw: bytes
    """The message; its lines end in LF."""
    kept: tuple[str, ...]
    """What could not be replaced without another reading: hosts; local parts, as ``ann@``; or ``names``, ``ids``, ``headers``,
    ``subject``, ``text``."""


def redact(raw: bytes, parser: BounceParser | None = None) -> Redacted:
    """Return `raw` with addresses, hosts, names, ids, the subject and the text of the original replaced.

    The same is always replaced by the same, by names that are reserved (RFC 2606, RFC 5737, RFC 3849). `parser`
    reads what comes out as it reads `raw`: kinds, actions, verdicts, reasons, codes and rules are equal. What people wrote
    into the notice stays: look it over before you show it.

    Raises `SourceError` for a message that reads differently whatever is kept.
    """
    parser = parser or BounceParser()
    raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    wanted = _reading(parser.parse(raw))

    def reads_the_same(keep: set[str]) -> bytes | None:
        done = _Redaction(frozenset(keep)).message(raw)
        return done if _reading(parser.parse(done)) == wanted else None

    first = _Redaction(frozenset())
    done = first.message(raw)
    if _reading(parser.parse(done)) == wanted:
        return Redacted(done, ())
    seen = sorted(first.seen)
    single = seen if len(seen) <= _TRIED else []
    keep = {"names", "ids", "headers", "subject", "text", *single}
    found = reads_the_same(keep)
    if found is None:
        raise SourceError("this message cannot be made safe to show: it reads differently whatever is kept")
    for unit in ("text", "subject", "names", "headers", "ids", *single):
        less = reads_the_same(keep - {unit}) if unit in keep else None
        if less is not None:
            found = less
            keep.discard(unit)
    return Redacted(found, tuple(sorted(keep)))


def _reading(report: BounceReport) -> object:
    """Return what must not change."""
    return (
        report.kind,
        report.format,
        [
            (one.action, one.verdict, one.reason, one.fault, one.rule, one.status, one.smtp_code, one.address is None)
            for one in report.recipients
        ],
    )


class _Redaction:
    """One pass over one message: what was replaced, and by what."""

    def __init__(self, keep: frozenset[str]) -> None:
        self._keep = keep
        self._subject = ""
        self._known: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = {}
        self.seen: set[str] = set()

    def message(self, raw: bytes) -> bytes:
        """Return `raw` with everything replaced that is not kept."""
        message = Message(raw)
        if "subject" not in self._keep:
            self._subject = message.returned.get(b"subject") or ""
        pieces = [self._header(raw[: message.body_start].decode("latin-1"))]
        at = message.body_start
        for part in message.parts():
            end = part.stop()[1] if part.depth else len(raw)
            pieces.append(self._header(raw[at : part.start].decode("latin-1")))
            encoding = (part.headers.get(b"content-transfer-encoding") or "").strip().lower()
            body = part.body(_TEXT_BYTES).decode("latin-1")
            pieces.append(_encoded(self._body(body, part.content_type), encoding))
            at = end
        if not any("parts cut" in defect for defect in message.defects):
            pieces.append(self._text(raw[at:].decode("latin-1")))
        return "".join(pieces).encode("latin-1")

    def _body(self, body: str, media: str) -> str:
        if media in ORIGINAL_TYPES:
            return self._original(body)
        if not media.startswith(("text/", "message/")) and "\0" in body:
            return _GONE
        start = original_start(body) if media == "text/plain" else len(body)
        return self._text(body[:start]) + self._original(body[start:])

    def _original(self, text: str) -> str:
        """Return a returned message with its header only."""
        field = _FIELD.search(text)
        blank = _BLANK.search(text, field.start() if field else 0)
        end = blank.end() if blank else len(text)
        rest = text[end:]
        if rest.strip():
            rest = self._text(rest) if "text" in self._keep else _GONE
        return self._header(text[:end], returned=True) + rest

    def _header(self, block: str, *, returned: bool = False) -> str:
        def field(match: re.Match[str]) -> str:
            name, value = match[1], match[2]
            low = name.lower()
            if "headers" not in self._keep and _UNREAD.fullmatch(low):
                return f"{name}: removed"
            if low == "subject" and "subject" not in self._keep:
                value = " [subject removed]" if returned else self._shown_subject(value)
            elif low in _PEOPLE and "names" not in self._keep:
                value = _PHRASE.sub(self._phrase, value)
            return f"{name}:{value}"

        return self._text(_FIELD.sub(field, block))

    def _shown_subject(self, value: str) -> str:
        """Return the subject of a report without that of the original."""
        if len(self._subject) < _LONG_SUBJECT or "=?" not in value:
            return value
        shown = texts.decode_header(value.encode("latin-1"))
        if self._subject not in shown:
            return value
        return " " + Header(shown.replace(self._subject, "[subject removed]").strip(), "utf-8").encode()

    def _phrase(self, match: re.Match[str]) -> str:
        if _SYSTEM.search(match[2]) or not match[1].strip():
            return match[0]
        return f" {self._new('Name', match[1].strip(), 'Name {}'.format)} <{match[2]}@"

    def _text(self, text: str) -> str:
        if len(self._subject) >= _LONG_SUBJECT:
            text = text.replace(self._subject.encode().decode("latin-1"), "[subject removed]")
        return _FOUND.sub(self._replaced, text)

    def _replaced(self, match: re.Match[str]) -> str:
        kind, found = str(match.lastgroup), match[0]
        if kind == "double":
            return found
        if kind == "address":
            local, _, host = found.rpartition("@")
            return f"{self._local(local)}@{self._host(host)}"
        if kind == "host":
            return self._host(found)
        if kind == "id":
            return found if "ids" in self._keep else self._new("id", found, _like(found))
        return self._new(kind, found.lower(), _SIX if kind == "six" else _four)

    def _local(self, local: str) -> str:
        if _SYSTEM.search(local) and "=" not in local:
            return local
        # A return path that names the recipient: bounces+ann=library.example.
        owner, equals, host = local.rpartition("=")
        if equals and "." in host:
            return f"{self._local(owner)}={self._host(host)}"
        base, plus, tag = local.partition("+")
        if plus and base and tag:
            return f"{self._local(base)}+{self._local(tag)}"
        self.seen.add(f"{local}@")
        return local if f"{local}@" in self._keep else self._new("user", local.lower(), "user{}".format)

    def _host(self, host: str) -> str:
        labels = host.lower().split(".")
        if len(labels) == 1:
            return host if host.lower() == "localhost" else self._new("host", labels[0], "host{}".format)
        # co.uk and the like.
        own = 3 if len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3 else 2
        domain = ".".join(labels[-own:])
        self.seen.add(domain)
        if domain in self._keep:
            return host
        names = [
            one if _GENERIC_LABEL.fullmatch(one) else self._new("host", one, "host{}".format) for one in labels[:-own]
        ]
        return ".".join([*names, self._new("domain", domain, "domain{}.example".format)])

    def _new(self, kind: str, found: str, name: Callable[[int], str]) -> str:
        """Return what stands for `found`, always the same."""
        key = kind, found
        if key not in self._known:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._known[key] = name(self._counts[kind])
        return self._known[key]


_SIX: Final = "2001:db8::{:x}".format


def _four(number: int) -> str:
    """Return the address of that number in the three networks for documentation (RFC 5737)."""
    network = ("192.0.2", "198.51.100", "203.0.113")[number // 250 % 3]
    return f"{network}.{number % 250 + 1}"


def _like(found: str) -> Callable[[int], str]:
    """Return what makes ids of the shape of `found`: as long, letters for letters and digits for digits, numbered at the end."""

    def shaped(number: int) -> str:
        digits = iter(_digits(number))
        shape = []
        for character in reversed(found):
            if character.isdigit():
                shape.append(next(digits))
            else:
                shape.append("A" if character.isupper() else "a" if character.isalpha() else character)
        return "".join(reversed(shape))

    return shaped


def _digits(number: int) -> Iterator[str]:
    yield from reversed(str(number))
    while True:
        yield "0"


def _encoded(text: str, encoding: str) -> str:
    raw = text.encode("latin-1")
    if encoding == "base64":
        return base64.encodebytes(raw).decode("ascii")
    if encoding == "quoted-printable":
        return quopri.encodestring(raw).decode("latin-1")
    return text
