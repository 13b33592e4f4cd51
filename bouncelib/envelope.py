"""What a report's own headers tell, and the headers of the message it returns: worked out when somebody asks.

The functions here are given header blocks and never the raw message, so that a report holds on to little.
"""

from __future__ import annotations

import re
from typing import Final

from bouncelib import address as addresses
from bouncelib import candidates
from bouncelib.message import Headers
from bouncelib.model import Envelope, Kind, OriginalMessage, Reading, parse_date
from bouncelib.patterns import late
from bouncelib.text import printable

_FIELD_LINE: Final = late(r"^[ \t>|]{0,4}([A-Za-z][A-Za-z0-9-]{1,40}):(?:[ \t]|$)")
_KNOWN: Final = frozenset(
    {
        "return-path", "received", "message-id", "from", "to", "subject", "date", "cc", "reply-to", "sender", "mime-version",
        "content-type", "x-mailer", "list-id", "references", "in-reply-to", "delivered-to", "sent",
    }
)  # fmt: skip
_NO_ANSWER: Final = (
    b"list-id",
    b"list-unsubscribe",
    b"list-post",
    b"list-help",
    b"feedback-id",
    b"x-autoreply",
    b"x-autorespond",
    b"x-autoresponder",
    b"x-failed-recipients",
    b"x-ms-exchange-message-is-ndr",
    b"x-loop",
)
_BULK: Final = frozenset({"bulk", "junk", "list", "auto_reply", "auto-reply"})
# RFC 3834, section 2: senders that no program may answer.
_ROBOT: Final = late(
    r"^(?:owner-.*|.*-owner|.*-request|.*-bounces?|.*[+_]bounces?|bounces?(?:[+_-].*)?|mailer-daemon|mailer_daemon|postmaster|listserv|"
    r"majordomo|no-?_?reply.*|do-?_?not-?_?reply|daemon|root|nobody|mdaemon)@",
    re.IGNORECASE,
)


def make_envelope(block: bytes, original: bytes | None, notice: str, reading: Reading, limit: int) -> Envelope:
    """Return the envelope of the message whose header is `block` and that was read as `reading`.

    `original` is the returned header, `notice` the text that may hold it, `limit` how many fields of it to decode.
    """
    headers = Headers(block)
    path = headers.raw(b"return-path")
    returned = _original(original, limit) if original else _original_in(notice, limit)
    named = [pair for one in reading.recipients for pair in candidates.of_recipient(one)]
    if reading.kind is not Kind.OTHER:
        named += candidates.of_message(headers, returned)
    return Envelope(
        parse_date(headers.get(b"date")),
        None if path is None else return_path(path),
        reading.kind is Kind.OTHER and may_answer(headers),
        reading.new_address,
        returned,
        tuple(dict.fromkeys(named)),
    )


def return_path(raw: bytes) -> str:
    """Return the address in a Return-Path field; the null one is empty (RFC 5321, section 4.4)."""
    text = printable(raw.decode("utf-8", "replace"))
    return addresses.clean(text) or text.strip("<> ")


def may_be_automatic(address: str) -> bool:
    """Return whether `address` is one that programs send from (RFC 3834, section 2 and 4)."""
    return _ROBOT.match(address) is not None or "@" not in address


def may_answer(headers: Headers) -> bool:
    """Return whether a program may answer the message with these headers (RFC 3834, section 2)."""
    path = headers.raw(b"return-path")
    if path is not None and return_path(path) == "":
        return False
    submitted = headers.get(b"auto-submitted")
    if submitted and submitted.partition(";")[0].strip().lower() != "no":
        return False
    for name in (b"precedence", b"x-precedence"):
        if (headers.get(name) or "").strip().lower() in _BULK:
            return False
    if headers.raw(b"x-auto-response-suppress") not in (None, b"None", b"none"):
        return False
    if any(headers.raw(name) is not None for name in _NO_ANSWER):
        return False
    for name in (b"return-path", b"from", b"sender"):
        if any(_ROBOT.match(found) for found in addresses.find_all(headers.get(name) or "")):
            return False
    return bool(addresses.find_all(headers.get(b"from") or ""))


def _original(block: bytes, limit: int) -> OriginalMessage:
    return OriginalMessage(Headers(block).decoded(limit))


def _original_in(notice: str, limit: int) -> OriginalMessage | None:
    """Return the original whose headers stand in the notice itself: three known fields or more in a row."""
    lines = notice.split("\n")
    run: list[str] = []
    known = 0
    for line in [*lines, ""]:
        match = _FIELD_LINE.match(line)
        if match:
            known += match[1].lower() in _KNOWN
            run.append(line.lstrip(" \t>|"))
        elif run and line[:1] in {" ", "\t"} and line.strip():
            run.append(line)
        else:
            if known > 2:
                return _original("\n".join(run).encode("utf-8", "surrogateescape"), limit)
            run, known = [], 0
    return None
