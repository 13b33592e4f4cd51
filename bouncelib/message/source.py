"""The bytes of one message: header blocks, delimiter lines and bounded slices are found here, by scanning."""

from __future__ import annotations

import re
from typing import Final

from bouncelib.message.limits import Limits

_LINE_ENDS: Final = re.compile(rb"[\r\n]+")
_LINE_END: Final = re.compile(rb"[\r\n]")
_ENVELOPE_LINES: Final = 1_000
_HEAD: Final = 1_000
_MISSES: Final = 100
_BLANK_LINE: Final = re.compile(rb"[ \t]{1,2000}[\r\n]+")
_FIRST_FIELD: Final = re.compile(rb"[!-9;-~]+[ \t]*:")

Delimiter = tuple[int, int, int, bool]
"""A delimiter line: which of the open multiparts it belongs to, where it starts and ends, whether it closes."""


class Source:
    """The raw bytes and what was wrong with them."""

    __slots__ = ("defects", "limits", "raw", "size")

    def __init__(self, raw: bytes, limits: Limits) -> None:
        """View `raw`."""
        self.limits = limits
        self.defects: list[str] = []
        if len(raw) > limits.message_bytes:
            raw = raw[: limits.message_bytes]
            self.note(f"message cut at {limits.message_bytes} bytes")
        if b"\r\r\n" in raw[:_HEAD]:
            # What a careless conversion makes of each line end.
            raw = raw.replace(b"\r\r\n", b"\r\n")
        self.raw = raw
        self.size = len(raw)

    def note(self, defect: str) -> None:
        """Add a defect, once."""
        if defect not in self.defects:
            self.defects.append(defect)

    def skip_envelope(self) -> int:
        """Return where the header begins: after leading blank lines and mbox ``From `` lines."""
        raw = self.raw
        if raw[:1].isalpha() and raw[:5] != b"From ":
            return 0
        start = 3 if raw[:3] == b"\xef\xbb\xbf" else 0
        for _ in range(_ENVELOPE_LINES):
            ends = _LINE_ENDS.match(raw, start)
            start = ends.end() if ends else start
            blank = _BLANK_LINE.match(raw, start)
            if blank:
                start = blank.end()
                continue
            if raw[start : start + 5] not in {b"From ", b">From"} or raw[start + 5 : start + 6] == b":":
                return start
            line = _LINE_END.search(raw, start, start + 1000)
            if line is None:
                return start
            start = line.end()
        return start

    def slice(self, start: int, end: int) -> bytes:
        """Return the bytes from `start` to `end` with every line ended by LF."""
        piece = self.raw[start:end]
        if b"\r" in piece:
            if b"\r\r" in piece:
                # CR CR LF is what a careless conversion makes of one line end.
                piece = piece.replace(b"\r\r\n", b"\n")
            piece = piece.replace(b"\r\n", b"\n")
            if b"\r" in piece:
                piece = piece.replace(b"\r", b"\n")
        return piece

    def header_block(self, start: int) -> tuple[bytes, int]:
        """Return the header block that begins at `start` and where the body begins."""
        raw = self.raw
        limit = start + self.limits.header_bytes
        # The common case first: lines end in LF, a field opens the block and an empty line ends it.
        newline = raw.find(b"\n", start, limit)
        if newline > start and raw[newline - 1] != 13:
            end = raw.find(b"\n\n", newline, limit)
            if end >= 0:
                block = raw[start:end]
                if b"\r" not in block and _FIRST_FIELD.match(block):
                    return block, end + 2
        return self._odd_header_block(start)

    def _odd_header_block(self, start: int) -> tuple[bytes, int]:
        raw = self.raw
        first = raw[start : start + 1]
        if first == b"\n":
            return b"", start + 1
        if first == b"\r":
            return b"", start + (2 if raw[start : start + 2] == b"\r\n" else 1)
        limit = min(self.size, start + self.limits.header_bytes)
        newline = raw.find(b"\n", start, limit)
        blank = raw.find(b"\n\r\n", newline, limit) if newline > start and raw[newline - 1] == 13 else -1
        # Looking no further than the blank line that CR LF makes keeps what is copied small.
        end = raw.find(b"\n\n", start, blank if blank >= 0 else limit)
        block = raw[start:end] if end >= 0 else raw[start : blank if blank >= 0 else limit]
        if b"\r" not in block:
            body = end + 2
        elif blank >= 0 and end < 0:
            end, body = blank - (raw[blank - 1] == 13), blank + 3
            block = self.slice(start, end)
        else:
            end, body = self._blank_line(start, end, limit)
            block = self.slice(start, end if end >= 0 else limit)
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

    def find_delimiter(self, start: int, stack: tuple[bytes, ...]) -> Delimiter:
        """Return the first delimiter line of any multipart in `stack` at or after `start`."""
        if len(stack) == 1:
            return self.next_delimiter(stack[0], 0, start, self.size) or (-1, self.size, self.size, True)
        best = None
        limit = self.size
        for level in range(len(stack) - 1, -1, -1):
            found = self.next_delimiter(stack[level], level, start, limit)
            if found:
                best = found
                limit = found[1]
        return best or (-1, self.size, self.size, True)

    def next_delimiter(self, delimiter: bytes, level: int, start: int, limit: int) -> Delimiter | None:
        """Return the first line of `delimiter` between `start` and `limit`, or None (RFC 2046, section 5.1.1)."""
        raw = self.raw
        at = raw.find(delimiter, start, limit)
        misses = 0
        while at >= 0:
            end = at + len(delimiter)
            if at > start + 1 and raw[end : end + 1] == b"\n" and raw[at - 1] == 10:
                # By far the most: nothing but the delimiter on its line.
                return level, at - (2 if raw[at - 2] == 13 else 1), end + 1, False
            if at == start or raw[at - 1] in b"\r\n":
                tail = raw[end : end + 3]
                closes = tail[:2] == b"--"
                end += 2 * closes
                after = tail[2:] if closes else tail[:1]
                while after in (b" ", b"\t"):
                    end += 1
                    after = raw[end : end + 1]
                if closes or after in (b"\n", b"\r", b""):
                    end += 2 if after == b"\r" and raw[end + 1 : end + 2] == b"\n" else 1
                    if at > start:
                        at -= 2 if raw[at - 2 : at] == b"\r\n" and at - 2 >= start else 1
                    return level, at, min(end, self.size), closes
            misses += 1
            at = raw.find(delimiter, end, limit) if misses < _MISSES else self._next_line(delimiter, end - 1, limit)
        return None

    def _next_line(self, delimiter: bytes, start: int, limit: int) -> int:
        """Return where the next line begins that is `delimiter`, as `find` has it, where much looks like it and is not."""
        before = rb"[\r\n]" if b"\r" in self.raw else rb"\n"
        line = re.compile(before + re.escape(delimiter) + rb"(?=--|[ \t]*(?:[\r\n]|\Z))").search(self.raw, start, limit)
        return line.start() + 1 if line else -1
