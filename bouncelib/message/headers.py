"""A header block, and what its Content-Type fields declare (RFC 5322, RFC 2045)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from bouncelib import text as _text

_NAMES: Final = re.compile(rb"\n([!-9;-~]+):")
_FIELD: Final = re.compile(rb"(?m)^([!-9;-~]+):[ \t]*([^\n]*(?:\n[ \t][^\n]*)*)")
_PLAIN: Final = re.compile(rb"[!-9;-~]+:(?:[^\r\n]|\n(?!--))*")
_FOLD: Final = (b" ", b"\t")
_LAST_LINE: Final = re.compile(rb"\n(?![ \t])")
_BOUNDARY: Final = re.compile(rb"(?i)boundary[ \t\n]*=[ \t\n]*(?:\"([^\"]*)\"?|([^\s;]+))")


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
        if end >= 0 and block[end + 1 : end + 2] in _FOLD:
            last = _LAST_LINE.search(block, end + 1)
            end = last.start() if last else -1
        return (block[start:end] if end >= 0 else block[start:]).strip()

    def get(self, name: bytes | str) -> str | None:
        """Return the first field `name` (lower case, or text in any) unfolded and decoded, or None."""
        raw = self.raw(name if isinstance(name, bytes) else name.lower().encode("utf-8", "replace"))
        return None if raw is None else _text.decode_header(raw)

    def opens(self, name: bytes, value: bytes) -> bool:
        """Return whether any field `name` begins with `value` (both in lower case)."""
        lower = self._lower
        start = lower.find(b"\n%b:" % name)
        while start >= 0:
            start += len(name) + 2
            if lower[start : start + 80].lstrip(b" \t").startswith(value):
                return True
            start = lower.find(b"\n%b:" % name, start)
        return False

    def names(self) -> set[bytes]:
        """Return the names of all fields in lower case."""
        return set(_NAMES.findall(self._lower))

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield every field as it stands: name and folded value."""
        for match in _FIELD.finditer(self.block):
            yield match[1], match[2]

    def decoded(self, limit: int) -> tuple[tuple[str, str], ...]:
        """Return the first `limit` fields, decoded, in order."""
        out: list[tuple[str, str]] = []
        for name, value in self.items():
            if len(out) >= limit:
                break
            out.append((name.decode("ascii"), _text.decode_header(value)))
        return tuple(out)


def part_headers(block: bytes) -> tuple[Headers, str]:
    """Return the header `block` of a part, whose lines end in LF, and its media type."""
    headers = Headers(block)
    return headers, media_type(headers.raw(b"content-type"))


@lru_cache(maxsize=1024)
def plain_headers(block: bytes) -> tuple[Headers, str] | None:
    """Return what `part_headers` does of a `block` as it stands in a message, or None where it needs a closer look.

    The parts of one software's reports open alike, so this is kept.
    """
    if block[-1:] == b"\r":
        block = block[:-1].replace(b"\r\n", b"\n")
    return part_headers(block) if _PLAIN.fullmatch(block) else None


def media_type(raw: bytes | None) -> str:
    """Return the type and subtype of a Content-Type field in lower case, ``text/plain`` where there is none."""
    if not raw:
        return "text/plain"
    # A parameter may follow without its semicolon.
    words = raw.partition(b";")[0].lower().split(None, 1)
    return words[0].decode("latin-1") if words else "text/plain"


def declared_boundary(raw: bytes) -> bytes:
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
