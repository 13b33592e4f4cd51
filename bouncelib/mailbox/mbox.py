"""The mbox file (RFC 4155, appendix A), in its dialects.

It is split where a blank line is followed by a dated ``From `` line and that by a header field, because bodies hold lines
that begin with "From " too. A ``Content-Length`` is believed where it leads to such a line or to the end.

The file is read in blocks and searched for separators; it is not mapped into memory, because a mail program that shortens a
mapped file ends the process that reads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from bouncelib.mailbox.mail import Readable

_DAY: Final = rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_MONTH: Final = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_SEPARATOR: Final = re.compile(
    rb"From (?:[^\r\n]{0,400} )?(?:"
    # As asctime() writes it, or as RFC 5322 does; then the year, a time zone, "remote from".
    + _DAY
    + rb",? +(?:"
    + _MONTH
    + rb" +\d\d?|\d\d?[ -]"
    + _MONTH
    + rb"[ -]\d{4}),? +\d\d?:\d\d|\d{4}-\d\d-\d\d[T ]\d\d:\d\d)[^\r\n]{0,100}\r?\n?\Z"
)
FIELD: Final = re.compile(rb"[!-9;-~]{1,1000}[ \t]*:|>From ")
_QUOTED: Final = re.compile(rb"^>(>*From )", re.MULTILINE)
_UNQUOTED: Final = re.compile(rb"^From ", re.MULTILINE)
_LENGTH: Final = re.compile(
    rb"^content-length[ \t]{0,9}:[ \t]{0,9}(\d{1,12})[ \t]{0,9}\r?$", re.IGNORECASE | re.MULTILINE
)
_BLANK_LINE: Final = re.compile(rb"\n\r?\n")
_BLOCK: Final = 1 << 18
_LINE: Final = 1 << 10
_HEADER: Final = 1 << 16


class Piece(NamedTuple):
    """One message of an mbox, and where it begins in the file."""

    offset: int
    raw: bytes


class _End(NamedTuple):
    """Where a message ends and the next one begins, within the window."""

    end: int
    next: int | None


class _Window:
    """What is held of the file."""

    __slots__ = ("_file", "base", "data", "ended")

    def __init__(self, file: Readable) -> None:
        self._file = file
        self.data = bytearray()
        self.base = 0
        self.ended = False

    def more(self) -> bool:
        """Read another block; return whether there was one."""
        block = b"" if self.ended else self._file.read(_BLOCK)
        self.ended = not block
        self.data += block
        return bool(block)

    def holds(self, size: int) -> bool:
        """Read until `size` bytes are held; return whether they are."""
        while len(self.data) < size and self.more():
            pass
        return len(self.data) >= size

    def drop(self, size: int) -> None:
        del self.data[:size]
        self.base += size

    def cut(self, end: int) -> bytes:
        """Return a copy of the first `end` bytes."""
        with memoryview(self.data) as view:
            return bytes(view[:end])

    def separator(self, at: int) -> int | None:
        """Return where the message behind the separator at `at` begins, or None where none stands there."""
        self.holds(at + 2 * _LINE)
        end = self.data.find(b"\n", at, at + _LINE) + 1
        if not end or not _SEPARATOR.match(self.data[at:end]) or not FIELD.match(self.data, end):
            return None
        return end

    def is_separator_or_end(self, at: int) -> bool:
        if not self.holds(at + 1):
            return len(self.data) == at
        return self.data.startswith(b"From ", at) and self.separator(at) is not None


def is_mbox(head: bytes) -> bool:
    """Return whether a file that begins with `head` is an mbox and not one message."""
    start = head.lstrip(b"\r\n")
    line, newline, rest = start.partition(b"\n")
    return bool(newline and _SEPARATOR.match(line[:_LINE] + b"\n") and FIELD.match(rest))


def split(file: Readable, limit: int) -> Iterator[Piece]:
    """Yield the messages of the mbox `file`; of one that is longer than `limit`, that much and one byte."""
    window = _Window(file)
    window.more()
    start: int | None = len(window.data) - len(window.data.lstrip(b"\r\n"))
    start = window.separator(start or 0)
    while start is not None:
        window.drop(start)
        offset = window.base
        body = _header_end(window)
        kept, found = _message(window, body, limit)
        raw = window.cut(min(found.end, limit + 1)) if kept is None else kept
        yield Piece(offset, raw[:body] + _unquote(raw[body:]) if b">From " in raw else raw)
        start = found.next


def _header_end(window: _Window) -> int:
    """Return where the body begins, behind the first blank line."""
    for size in (_LINE << 2, _HEADER):
        window.holds(size)
        blank = _BLANK_LINE.search(window.data, 0, size)
        if blank:
            return blank.end()
    return 0


def _message(window: _Window, body: int, limit: int) -> tuple[bytes | None, _End]:
    """Return what to keep of a message that is too long, and where the message ends."""
    length = _LENGTH.search(window.data, 0, body)
    if length and body:
        end = body + int(length[1])
        if end <= limit and window.holds(end):
            known = _believed(window, end)
            if known:
                return None, known
    kept = None
    at = max(body - 1, 0)
    while True:
        at = window.data.find(b"\nFrom ", at)
        if at >= 0:
            blank = _blank_before(window.data, at)
            start = window.separator(at + 1) if blank else None
            if start is not None:
                # The blank line belongs to the mailbox, but for the one that ends the header.
                return kept, _End(at + 1 if at < body else at + 1 - blank, start)
            at += 1
            continue
        at = max(len(window.data) - 8, 0)
        if len(window.data) > limit + _BLOCK:
            kept = kept if kept is not None else window.cut(limit + 1)
            passed = at - 3
            window.drop(passed)
            at -= passed
            body = 0
        if not window.more():
            end = len(window.data)
            blank = _blank_before(window.data, end - 1) if window.data.endswith(b"\n") else 0
            return kept, _End(end if end <= body else end - blank, None)


def _blank_before(data: bytearray, at: int) -> int:
    """Return the length of the blank line that ends with the LF at `at`, or 0."""
    if data[at - 1 : at] == b"\n":
        return 1
    return 2 if data[max(at - 2, 0) : at] == b"\n\r" else 0


def _believed(window: _Window, end: int) -> _End | None:
    """Return `end` where a message can end there."""
    window.holds(end + 2)
    blank = next((size for size, line in ((2, b"\r\n"), (1, b"\n")) if window.data.startswith(line, end)), 0)
    for start in (end, end + blank):
        if window.is_separator_or_end(start):
            return _End(end, window.separator(start) if len(window.data) > start else None)
    return None


def _unquote(body: bytes) -> bytes:
    """Return `body` with one ``>`` taken from each quoted ``From `` line.

    A bare ``From `` line shows that whoever wrote the file does not quote: then every ``>`` is the author's.
    """
    if b">From " not in body or _UNQUOTED.search(body):
        return body
    return _QUOTED.sub(rb"\1", body)
