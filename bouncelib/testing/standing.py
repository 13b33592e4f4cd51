"""Whether what a report says stands in the message: an oracle that is slow, and reads the bytes in every way there is."""

from __future__ import annotations

import binascii
import email
import html
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

from bouncelib.message import Message
from bouncelib.model import decode_xtext
from bouncelib.text import decode, decode_words

_WHOLE: Final = 1_000_000
_NESTED: Final = 3
"""How many messages within messages are looked into; a parse looks into one."""
_CHARSETS: Final = ("utf-8", "latin-1")


def stands(text: str, raw: bytes) -> bool:
    """Return whether `text` stands in the message `raw`, white space and case aside, in any encoding that mail has.

    That is: as it is, in a decoded part or header, with the escapes of xtext (RFC 3461), RFC 6533, URLs and HTML, as a VERP
    address spells it, or without the quotes that a local part with blanks must have (RFC 5321, section 4.1.2).
    """
    wanted = _bare(text).casefold()
    local, at, domain = wanted.rpartition("@")
    if " " in text and local.startswith('"') and stands(f"{local[1:-1]}{at}{domain}", raw):
        return True
    return wanted.encode() in raw.lower() or any(wanted in reading for reading in _readings(raw))


def _bare(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _readings(raw: bytes) -> Iterator[str]:
    """Yield all that `raw` can be read as: as it is, in each charset, decoded as a whole and part by part."""
    for text in _texts(raw):
        for spelling in _spellings(text):
            yield spelling.casefold()


def _texts(raw: bytes, depth: int = _NESTED) -> Iterator[str]:
    for piece in (raw, binascii.a2b_qp(raw), *_payloads(raw)):
        for charset in _CHARSETS:
            yield piece.decode(charset, "replace")
    # What a damaged tree holds is a matter of reading: our own view of it counts too.
    message = Message(raw)
    for part in message.parts():
        body = part.body(_WHOLE)
        yield part.text(_WHOLE)
        # Without the declared charset, which is wrong where software labels one part with another's.
        yield decode(body)
        # A message that was encoded as a whole has parts of its own.
        if depth and body != raw and part.content_type.startswith("message/"):
            yield from _texts(body, depth - 1)
    for headers in (message.headers, message.returned):
        for _, value in headers.decoded(_WHOLE):
            yield value
    yield message.notice
    yield decode_words(message.notice)
    yield decode_words("\n".join(value for group in message.status_groups for _, value in group))


def _payloads(raw: bytes) -> Iterator[bytes]:
    for part in email.message_from_bytes(raw).walk():
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            yield payload


def _spellings(text: str) -> Iterator[str]:
    """Yield `text`, and what the named rules make of it, without folds and white space."""
    bare = _bare(text)
    yield bare
    if "\\x{" in bare:
        yield re.sub(r"\\x\{([0-9A-Fa-f]{2,6})\}", lambda match: chr(min(int(match[1], 16), 0x10FFFF)), bare)
    if "+" in bare:
        yield re.sub(r"\+([0-9A-Fa-f]{2})", lambda match: chr(int(match[1], 16)), bare)
        yield decode_xtext(bare)
    if "%" in bare:
        yield unquote(bare)
    if "=" in bare:
        yield bare.replace("=", "@")
    if "&" in bare:
        yield html.unescape(bare)
