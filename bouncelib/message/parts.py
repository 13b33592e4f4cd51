"""The MIME tree, walked leaf by leaf; a part is looked for when it is asked for (RFC 2046)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from bouncelib import text as _text
from bouncelib.message.fields import Group, split_groups
from bouncelib.message.headers import Headers, declared_boundary, part_headers, plain_headers
from bouncelib.message.source import Delimiter, Source

_SHOWN_BOUNDARY: Final = re.compile(rb"(?m)^(--[^\s-][^\n]{0,200}?)[ \t]*\n(?:content-|\n)", re.IGNORECASE)
# Charsets in which ASCII is ASCII.
_ASCII_BASED: Final = re.compile(rb"charset ?= ?\"?(?:utf-8|us-ascii|iso-8859-\d|windows-125\d)")
# Larger header blocks are not kept: what is kept is bounded.
_SMALL: Final = 400
_BLANK_LINES: Final = (b"\n\n", b"\r\n\r\n")
# How many groups may be none of a recipient.
_OTHER_GROUPS: Final = 100
_PLAIN_ENCODINGS: Final = frozenset({b"7bit", b"8bit", b"binary"})


class Part:
    """One leaf of the MIME tree; its body ends where somebody looks for the end."""

    __slots__ = ("_source", "_stack", "_stop", "content_type", "depth", "headers", "start")

    def __init__(self, source: Source, headers: Headers, start: int, stack: tuple[bytes, ...], media: str) -> None:
        """View the part whose body begins at `start`, inside the multiparts whose delimiters `stack` holds."""
        self._source = source
        self._stack = stack
        self._stop: Delimiter | None = None
        self.headers = headers
        self.start = start
        self.content_type = media
        self.depth = len(stack)

    def stop(self) -> Delimiter:
        """Return the delimiter that ends the body."""
        if self._stop is None:
            self._stop = self._source.find_delimiter(self.start, self._stack)
        return self._stop

    @property
    def size(self) -> int:
        """How many bytes the body has, as sent."""
        return (self.stop()[1] if self._stack else self._source.size) - self.start

    def raw(self, limit: int) -> bytes:
        """Return at most `limit` bytes of the body as sent, its lines ended by LF."""
        return self._source.slice(self.start, self.start + min(self.size, limit))

    def body(self, limit: int) -> bytes:
        """Return at most `limit` bytes of the body, freed of its transfer encoding."""
        raw = self.raw(limit)
        encoding = self.headers.raw(b"content-transfer-encoding")
        if not encoding or encoding.lower() in _PLAIN_ENCODINGS:
            return raw
        decoded = _text.decode_transfer(raw, encoding.decode("latin-1"))
        return decoded.replace(b"\r\n", b"\n") if b"\r" in decoded else decoded

    def text(self, limit: int) -> str:
        """Return at most `limit` bytes of the body as text; HTML as the text it shows."""
        raw = self.headers.raw(b"content-type")
        body = self.body(limit)
        label = None
        if raw:
            low = raw.lower()
            # Reading parameters costs more than all else here, and seldom matters.
            if b"charset" in low and not (body.isascii() and _ASCII_BASED.search(low)):
                label = _text.parameters(_text.decode_header(raw)).get("charset")
        text = _text.visible(_text.decode(body, label))
        return _text.from_html(text) if self.content_type == "text/html" else text

    def fields(self, limit: int) -> list[Group]:
        """Return the groups of fields that `limit` bytes of the body hold (RFC 3464, section 2.1)."""
        limits = self._source.limits
        most, lines = limits.recipients + _OTHER_GROUPS, limits.header_count
        text = _text.visible(_text.decode(self.body(limit)))
        if text.count("\n") > lines:
            if any(block.count("\n") >= lines for block in text.split("\n\n")):
                self._source.note(f"fields cut at {lines} lines a group")
            if text.count("\n\n") > most:
                self._source.note(f"fields cut at {most} groups")
        return split_groups(text, most, lines)


def shows_boundary(piece: bytes) -> bool:
    """Return whether a line of `piece`, whose lines end in LF, is a delimiter by what follows it."""
    return b"--" in piece and _SHOWN_BOUNDARY.search(piece) is not None


def walk(source: Source, headers: Headers, start: int, media: str) -> Iterator[Part]:
    """Yield the leaves below the entity with these `headers`, whose body begins at `start`, in order."""
    stack: tuple[bytes, ...] = ()
    limits = source.limits
    for _ in range(limits.parts):
        delimiter = found = None
        if media.startswith("multipart/"):
            if len(stack) >= limits.depth:
                source.note(f"MIME nesting cut at {limits.depth} levels")
            else:
                delimiter, found = _delimiter(source, headers, start)
            if not delimiter:
                media = "text/plain"
        if delimiter:
            outermost = not stack
            stack = (*stack, delimiter)
            level, _, end, closes = found if found and outermost else source.find_delimiter(start, stack)
        else:
            part = Part(source, headers, start, stack, media)
            yield part
            if not stack:
                return
            level, _, end, closes = part.stop()
        while closes:
            if level < 0:
                source.note("multipart without its end")
                return
            stack = stack[:level]
            if not stack:
                return
            level, _, end, closes = source.find_delimiter(end, stack)
        stack = stack[: level + 1]
        headers, media, start = _part_header(source, end, stack)
    source.note(f"MIME parts cut at {limits.parts}")


def _part_header(source: Source, start: int, stack: tuple[bytes, ...]) -> tuple[Headers, str, int]:
    raw = source.raw
    for blank in _BLANK_LINES:
        end = raw.find(blank, start, start + _SMALL)
        if end > start and (known := plain_headers(raw[start : end + len(blank) // 4])):
            return (*known, end + len(blank))
    if source.raw.startswith(b"--", start) and source.find_delimiter(start, stack)[1] == start:
        # Nothing stands between two delimiters: what follows the second is not looked at for it.
        return (*part_headers(b""), start)
    block, body = source.header_block(start) if start < source.size else (b"", start)
    if b"\n--" in block or block[:2] == b"--":
        # A header block without its blank line must not swallow the next part.
        end = source.find_delimiter(start, stack)[1]
        if end < body:
            block, body = source.slice(start, end), end
    return (*part_headers(block), body)


def _delimiter(source: Source, headers: Headers, start: int) -> tuple[bytes | None, Delimiter | None]:
    """Return the delimiter of the multipart whose body begins at `start`, and where it first stands.

    It is as declared, or as its first line shows.
    """
    declared = declared_boundary(headers.raw(b"content-type") or b"")
    if declared:
        delimiter = b"--" + declared
        found = source.next_delimiter(delimiter, 0, start, source.size)
        if found:
            return delimiter, found
    shown = _SHOWN_BOUNDARY.search(source.slice(start, min(source.size, start + source.limits.notice_bytes)))
    if shown is None:
        source.note("multipart without its boundary")
        return None, None
    source.note("multipart with a wrong boundary" if declared else "multipart without a boundary parameter")
    return shown[1], None
