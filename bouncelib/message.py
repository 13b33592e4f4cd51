"""A lazy view of one raw mail: headers, parts, the notice, the status groups, the original's header block.

Everything is found by scanning bytes and decoded when somebody asks. Nothing that is built grows with the returned original:
of that, only the header block is looked at. `Limits` bounds the rest; what a limit cut, and what was wrong, is a defect. This
module knows MIME (RFC 2045 to 2049, 2231, 6522), not what a report says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from attrs import frozen

from bouncelib import text as _text

if TYPE_CHECKING:
    from mailparser import MailParser

_NAMES: Final = re.compile(rb"\n([!-9;-~]+):")
_FIELD: Final = re.compile(rb"([!-9;-~]+):[ \t]*([^\n]*(?:\n[ \t][^\n]*)*)")
_FIRST_FIELD: Final = re.compile(rb"[!-9;-~]+[ \t]*:")
_STATUS_FIELD: Final = re.compile(rb"(?im)^[ \t]*(?:final-recipient|original-recipient|reporting-mta)[ \t]*:")
_GROUPS: Final = re.compile(r"\n[ \t]*\n\s*")
_STATUS_TYPES: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
# Machine parts whose fields look like those of a delivery status, and are none: RFC 8098, 6533 and 5965.
_REPORT_TYPES: Final = frozenset(
    {"message/disposition-notification", "message/global-disposition-notification", "message/feedback-report"}
)
_ORIGINAL_TYPES: Final = frozenset(
    {"message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers", "message/partial", "text/rfc822"}
)
_TEXT_TYPES: Final = frozenset({"text/plain", "text/html", "text/enriched", "text/english", "text", "plain/text"})
_BOUNDARY: Final = re.compile(rb"(?i)boundary[ \t\n]*=[ \t\n]*(?:\"([^\"]*)\"?|([^\s;]+))")
_SHOWN_BOUNDARY: Final = re.compile(rb"(?m)^(--[^\s-][^\n]{0,200}?)[ \t]*\n(?:content-|\n)", re.IGNORECASE)
_PEEK: Final = 512

Group = list[tuple[str, str]]
"""One group of fields: names and unfolded values, in order."""


@frozen
class Limits:
    """How much of a message is looked at; what goes beyond is cut and named in `BounceReport.defects`."""

    header_bytes: int = 262_144
    """Of a header block."""
    header_count: int = 2_000
    """Fields in a header block."""
    parts: int = 200
    """MIME parts in a message."""
    depth: int = 20
    """Levels of MIME nesting."""
    notice_bytes: int = 65_536
    """Of the human text before the original."""
    status_bytes: int = 4_194_304
    """Of the machine-readable parts."""
    recipients: int = 10_000
    """Reported recipients."""
    diagnostic_chars: int = 8_192
    """Of what was said of one recipient."""


class Headers:
    """A header block: fields are found when asked for."""

    __slots__ = ("_lower", "block")

    def __init__(self, block: bytes) -> None:
        """View `block`, whose lines end in LF."""
        self.block = block
        self._lower = b"\n" + block.lower()

    def raw(self, name: bytes) -> bytes | None:
        """Return the first field `name` (lower case) as it stands, folded, or None."""
        start = self._lower.find(b"\n" + name + b":")
        if start < 0:
            return None
        block = self.block
        start += len(name) + 1
        end = block.find(b"\n", start)
        while end >= 0 and block[end + 1 : end + 2] in (b" ", b"\t"):
            end = block.find(b"\n", end + 1)
        return (block[start:end] if end >= 0 else block[start:]).strip(b" \t")

    def get(self, name: bytes) -> str | None:
        """Return the first field `name` (lower case) unfolded and decoded, or None."""
        raw = self.raw(name)
        return None if raw is None else _text.decode_header(raw)

    def names(self) -> set[bytes]:
        """Return the names of all fields in lower case."""
        return set(_NAMES.findall(self._lower))

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield every field as it stands: name and folded value."""
        for match in _FIELD.finditer(self.block):
            if match.start() == 0 or self.block[match.start() - 1] == 10:  # noqa: PLR2004 - at the start of a line
                yield match[1], match[2]

    def decoded(self, limit: int) -> tuple[tuple[str, str], ...]:
        """Return the first `limit` fields, decoded, in order."""
        out = []
        for name, value in self.items():
            if len(out) >= limit:
                break
            out.append((name.decode("ascii"), _text.decode_header(value)))
        return tuple(out)


class Part:
    """One leaf of the MIME tree; its body ends where somebody looks for the end."""

    __slots__ = ("_found", "_message", "_stack", "content_type", "depth", "headers", "start")

    def __init__(  # noqa: PLR0913, PLR0917 - made in one place
        self, message: Message, headers: Headers, start: int, stack: tuple[bytes, ...], media: str, depth: int
    ) -> None:
        """View the part whose body begins at `start`, inside the multiparts whose delimiters `stack` holds."""
        self._message = message
        self._stack = stack
        self._found: _Delimiter | None = None
        self.headers = headers
        self.start = start
        self.content_type = media
        self.depth = depth

    def stop(self) -> _Delimiter:
        """Return the delimiter that ends the body."""
        if self._found is None:
            self._found = self._message.find_delimiter(self.start, self._stack)
        return self._found

    def raw(self, limit: int) -> bytes:
        """Return at most `limit` bytes of the body as sent, its lines ended by LF."""
        message = self._message
        if not self._stack:
            return message.slice(self.start, min(self.start + limit, message.size))
        end = self.stop().start
        if end - self.start > limit:
            end = self.start + limit
        return message.slice(self.start, end)

    def body(self, limit: int) -> bytes:
        """Return at most `limit` bytes of the body, freed of its transfer encoding."""
        raw = self.raw(limit)
        encoding = self.headers.raw(b"content-transfer-encoding")
        return _text.decode_transfer(raw, encoding.decode("latin-1")) if encoding and len(encoding) > 4 else raw  # noqa: PLR2004 - 8bit, 7bit

    def text(self, limit: int) -> str:
        """Return at most `limit` bytes of the body as text; HTML as the text it shows."""
        raw = self.headers.raw(b"content-type")
        label = None
        if raw and b"charset" in raw.lower():
            label = _text.parameters(_text.decode_header(raw)).get("charset")
        text = _text.decode(self.body(limit), label)
        return _text.from_html(text) if self.content_type == "text/html" else text

    def fields(self, limit: int) -> list[Group]:
        """Return the groups of fields that the body holds (RFC 3464, section 2.1)."""
        return split_groups(_text.decode(self.body(limit)))


@frozen
class _Delimiter:
    """A delimiter line: which of the open multiparts it belongs to, where it starts and ends, whether it closes."""

    level: int
    start: int
    end: int
    closes: bool


def split_groups(text: str) -> list[Group]:
    """Return the groups of fields in `text`, split at blank lines; a line that is no field continues the one before it."""
    groups = []
    for block in _GROUPS.split(text.strip("\n")):
        group: Group = []
        for line in block.split("\n"):
            name, colon, value = line.partition(":")
            if colon and line[0] not in " \t" and name.rstrip().replace("-", "").isalnum():
                group.append((name.rstrip(), value.strip()))
            elif group:
                last, so_far = group[-1]
                group[-1] = (last, f"{so_far} {line.strip()}".strip())
        if group:
            groups.append(group)
    return groups


def media_type(raw: bytes | None) -> str:
    """Return the type and subtype of a Content-Type field in lower case, ``text/plain`` where there is none."""
    if not raw:
        return "text/plain"
    return raw.partition(b";")[0].strip().lower().decode("latin-1").replace(" ", "") or "text/plain"


def _declared_boundary(raw: bytes) -> bytes:
    """Return the boundary that a Content-Type field declares, or nothing."""
    at = raw.find(b"boundary=")
    if at >= 0 and raw[at + 9 : at + 10] == b'"':
        end = raw.find(b'"', at + 10)
        declared = raw[at + 10 : end] if end >= 0 else raw[at + 10 :]
    else:
        match = _BOUNDARY.search(raw)
        if match:
            declared = match[1] if match[1] is not None else match[2]
        elif b"boundary*" in raw.lower():
            declared = _text.parameters(_text.decode_header(raw)).get("boundary", "").encode("utf-8", "replace")
        else:
            return b""
    return (declared.replace(b"\n", b"") if b"\n" in declared else declared).rstrip()


class Message:
    """One raw mail, viewed lazily."""

    __slots__ = (
        "_html",
        "_lines",
        "_notice",
        "_original",
        "_plain",
        "_scanned",
        "_status",
        "_status_parts",
        "body_start",
        "defects",
        "headers",
        "limits",
        "media",
        "others",
        "raw",
        "size",
    )

    def __init__(self, raw: bytes, limits: Limits | None = None) -> None:
        """View `raw`; nothing but the end of the header block is looked for."""
        self.raw = raw
        self.size = len(raw)
        self.limits = limits or DEFAULT_LIMITS
        self.defects: list[str] = []
        block, self.body_start = self._header_block(self._skip_envelope())
        self.headers = Headers(block)
        self.media = media_type(self.headers.raw(b"content-type"))
        self._scanned = False
        self._plain: list[Part] = []
        self._html: list[Part] = []
        self._status_parts: list[Part] = []
        self._original: Part | None = None
        self.others: list[Part] = []
        self._notice: str | None = None
        self._lines: list[str] | None = None
        self._status: list[Group] | None = None

    def _skip_envelope(self) -> int:
        """Return where the header begins: after leading blank lines and mbox ``From `` lines."""
        raw = self.raw
        if raw[:1].isalpha() and raw[:5] != b"From ":
            return 0
        start = 0
        if raw[:3] == b"\xef\xbb\xbf":
            start = 3
        while True:
            while raw[start : start + 1] in (b"\n", b"\r"):
                start += 1
            if raw[start : start + 5] in {b"From ", b">From"} and raw[start + 5 : start + 6] != b":":
                end = min((at for at in (raw.find(b"\n", start, start + 1000), raw.find(b"\r", start, start + 1000)) if at >= 0), default=-1)
                if end < 0:
                    return start
                start = end + 1
            else:
                return start

    def slice(self, start: int, end: int) -> bytes:
        """Return the bytes from `start` to `end` with every line ended by LF."""
        piece = self.raw[start:end]
        if b"\r" in piece:
            # CR CR LF is what a careless conversion makes of one line end.
            piece = piece.replace(b"\r\r\n", b"\n").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return piece

    def _header_block(self, start: int) -> tuple[bytes, int]:
        """Return the header block that begins at `start` and where the body begins."""
        raw = self.raw
        first = raw[start : start + 1]
        if first == b"\n":
            return b"", start + 1
        if first == b"\r":
            return b"", start + (2 if raw[start : start + 2] == b"\r\n" else 1)
        limit = min(self.size, start + self.limits.header_bytes)
        end = raw.find(b"\n\n", start, limit)
        block = raw[start:end] if end >= 0 else raw[start:limit]
        if b"\r" in block:
            end, body = self._blank_line(start, end, limit)
            block = self.slice(start, end if end >= 0 else limit)
        else:
            body = end + 2
        if end < 0:
            if limit < self.size:
                self.note(f"header block cut at {self.limits.header_bytes} bytes")
            body = limit
        if not _FIRST_FIELD.match(block):
            self.note("no header")
            return b"", start
        return block, body

    def _blank_line(self, start: int, end: int, limit: int) -> tuple[int, int]:
        """Return where the first blank line begins and ends, where lines may end in CR LF or CR; `end` is that of an LF one."""
        raw = self.raw
        body = end + 2
        other = raw.find(b"\n\r\n", start, limit if end < 0 else end)
        if other >= 0:
            end, body = other, other + 3
            if raw[end - 1] == 13:
                end -= 1
        # A bare CR ends the lines of old Macintosh files.
        first = raw.find(b"\r", start, start + 2000)
        if first >= 0 and (raw[first + 1 : first + 2] not in (b"\n", b"\r") or raw[first : first + 2] == b"\r\r"):
            other = raw.find(b"\r\r", start, limit if end < 0 else end)
            if other >= 0 and raw[other + 2 : other + 3] != b"\n":
                end, body = other, other + 2
        return end, body

    def note(self, defect: str) -> None:
        """Add a defect, once."""
        if defect not in self.defects:
            self.defects.append(defect)

    def find_delimiter(self, start: int, stack: tuple[bytes, ...]) -> _Delimiter:
        """Return the first delimiter line of any multipart in `stack` at or after `start`."""
        best = None
        limit = self.size
        for level in range(len(stack) - 1, -1, -1):
            found = self._next_delimiter(stack[level], level, start, limit)
            if found:
                best = found
                limit = found.start
        return best or _Delimiter(-1, self.size, self.size, closes=True)

    def _next_delimiter(self, delimiter: bytes, level: int, start: int, limit: int) -> _Delimiter | None:
        raw = self.raw
        at = raw.find(delimiter, start, limit)
        while at >= 0:
            end = at + len(delimiter)
            # RFC 2046, section 5.1.1: at the start of a line, then "--" or nothing but white space.
            if at == start or raw[at - 1] in b"\r\n":
                closes = raw[end : end + 2] == b"--"
                tail = end + 2 if closes else end
                while raw[tail : tail + 1] in (b" ", b"\t"):
                    tail += 1
                if tail >= self.size or raw[tail] in b"\r\n" or closes:
                    tail += 2 if raw[tail : tail + 2] == b"\r\n" else 1
                    before = at
                    if before > start:
                        before -= 2 if before - 2 >= start and raw[before - 2 : before] == b"\r\n" else 1
                    return _Delimiter(level, before, min(tail, self.size), closes)
            at = raw.find(delimiter, end, limit)
        return None

    def _boundary(self, headers: Headers, start: int) -> bytes | None:
        """Return the delimiter of the multipart whose body begins at `start`: as declared, or as its first line shows."""
        declared = _declared_boundary(headers.raw(b"content-type") or b"")
        if declared:
            delimiter = b"--" + declared
            if self._next_delimiter(delimiter, 0, start, self.size):
                return delimiter
        shown = _SHOWN_BOUNDARY.search(self.slice(start, min(self.size, start + self.limits.notice_bytes)))
        if shown is None:
            self.note("multipart without its boundary")
            return None
        self.note("multipart with a wrong boundary" if declared else "multipart without a boundary parameter")
        return shown[1]

    def parts(self) -> Iterator[Part]:
        """Yield the leaves of the MIME tree in order; a part is looked for when it is asked for."""
        stack: tuple[bytes, ...] = ()
        headers, start, media, depth = self.headers, self.body_start, self.media, 0
        for _ in range(self.limits.parts):
            delimiter = None
            if media.startswith("multipart/"):
                if depth >= self.limits.depth:
                    self.note(f"MIME nesting cut at {self.limits.depth} levels")
                else:
                    delimiter = self._boundary(headers, start)
            if delimiter:
                stack = (*stack, delimiter)
                depth += 1
                found = self.find_delimiter(start, stack)
            else:
                part = Part(self, headers, start, stack, "text/plain" if media.startswith("multipart/") else media, depth)
                yield part
                if not stack:
                    return
                found = part.stop()
            while found.closes:
                if found.level < 0:
                    if stack:
                        self.note("multipart without its end")
                    return
                stack = stack[: found.level]
                if not stack:
                    return
                found = self.find_delimiter(found.end, stack)
            stack = stack[: found.level + 1]
            depth = len(stack)
            headers, start, media = self._part_header(found.end, stack)
        self.note(f"MIME parts cut at {self.limits.parts}")

    def _part_header(self, start: int, stack: tuple[bytes, ...]) -> tuple[Headers, int, str]:
        block, body = self._header_block(start) if start < self.size else (b"", start)
        if b"\n--" in block or block[:2] == b"--":
            # A header block without its blank line must not swallow the next part.
            found = self.find_delimiter(start, stack)
            if found.start < body:
                block, body = self.slice(start, found.start), found.start
        headers = Headers(block)
        return headers, body, media_type(headers.raw(b"content-type"))

    def _scan(self) -> None:
        """Sort the parts by what they are for, as far as the original (and past it where the status part is still missing)."""
        if self._scanned:
            return
        self._scanned = True
        for part in self.parts():
            media = part.content_type
            if media in _REPORT_TYPES:
                self.others.append(part)
            elif media in _STATUS_TYPES or (media not in _TEXT_TYPES and media not in _ORIGINAL_TYPES and self._looks_like_status(part)):
                self._status_parts.append(part)
            elif media in _ORIGINAL_TYPES:
                if media == "message/rfc822" and self._original is None and not self._status_parts and self._looks_like_status(part):
                    self._status_parts.append(part)
                    continue
                if self._original is None:
                    self._original = part
            elif media in _TEXT_TYPES and self._original is None:
                if part.depth and self._plain and not self._status_parts and self._looks_like_status(part):
                    self._status_parts.append(part)
                else:
                    (self._html if media == "text/html" else self._plain).append(part)
            else:
                self.others.append(part)
            if self._original is not None and self._status_parts:
                break

    @staticmethod
    def _looks_like_status(part: Part) -> bool:
        return _STATUS_FIELD.match(part.body(_PEEK).lstrip()) is not None

    @property
    def plain(self) -> list[Part]:
        """The text parts before the original."""
        self._scan()
        return self._plain

    @property
    def html(self) -> list[Part]:
        """The HTML parts before the original."""
        self._scan()
        return self._html

    @property
    def attachments(self) -> list[Part]:
        """The parts before the original that are neither text nor a delivery status."""
        self._scan()
        return self.others

    @property
    def notice(self) -> str:
        """The human text before the original, at most `Limits.notice_bytes` of it."""
        if self._notice is None:
            self._scan()
            limit = self.limits.notice_bytes
            texts = [part.text(limit) for part in self._plain]
            notice = "\n".join(text for text in texts if text and not text.isspace())
            if not notice and self._html:
                notice = "\n".join(part.text(limit) for part in self._html)
            self._notice = notice[:limit]
        return self._notice

    @property
    def known_notice(self) -> str:
        """The notice, if somebody has read it; else nothing."""
        return self._notice or ""

    @property
    def lines(self) -> list[str]:
        """The lines of the notice."""
        if self._lines is None:
            self._lines = self.notice.split("\n")
        return self._lines

    @property
    def status_groups(self) -> list[Group]:
        """The groups of fields of the delivery-status parts (RFC 3464, section 2.1)."""
        if self._status is None:
            self._scan()
            limit = self.limits.status_bytes
            self._status = [group for part in self._status_parts for group in part.fields(limit)]
        return self._status

    @property
    def original(self) -> bytes | None:
        """The header block of the returned message, or None."""
        self._scan()
        if self._original is None:
            return None
        part = self._original
        encoding = part.headers.raw(b"content-transfer-encoding")
        if encoding and encoding.lower() in {b"base64", b"quoted-printable"}:
            body = part.body(self.limits.header_bytes).lstrip(b"\n")
            return body.partition(b"\n\n")[0]
        start = part.start
        while self.raw[start : start + 1] in (b"\n", b"\r"):
            start += 1
        if self.raw[start : start + 5] == b"From " or self.raw[start : start + 6] == b">From ":
            start = self.raw.find(b"\n", start, start + 1000) + 1 or start
        block, body_start = self._header_block(start)
        if b"\n--" in block:
            # Headers alone may run into the delimiter.
            block = self.slice(start, min(body_start, part.stop().start))
        return block

    def original_part(self) -> Part | None:
        """Return the part that holds the returned message, or None."""
        self._scan()
        return self._original


def full_mail(raw: bytes) -> MailParser:
    """Return mail-parser's full parse of `raw`: every part, hop and attachment."""
    from mailparser import parse_from_bytes  # noqa: PLC0415 - never on the path of parse_bounce

    return parse_from_bytes(raw)


DEFAULT_LIMITS: Final = Limits()
