"""A lazy view of one raw mail: headers, parts, the notice, the status groups, the original's header block.

Everything is found by scanning bytes and decoded when somebody asks. Nothing that is built grows with the returned original:
of that, only the header block is looked at. `Limits` bounds the rest; what a limit cut, and what was wrong, is a defect. This
package knows MIME (RFC 2045 to 2049, 2231, 6522), not what a report says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from bouncelib.message.fields import Group, split_groups
from bouncelib.message.headers import Headers, media_type
from bouncelib.message.limits import DEFAULT_LIMITS, Limits
from bouncelib.message.parts import Part, shows_boundary, walk
from bouncelib.message.source import Source

if TYPE_CHECKING:
    from mailparser import MailParser

__all__ = ["ORIGINAL_TYPES", "Group", "Headers", "Limits", "Message", "Part", "full_mail", "split_groups"]

_STATUS_FIELD: Final = re.compile(rb"(?i)[ \t]*(?:final-recipient|original-recipient|reporting-mta)[ \t]*:")
_STATUS_TYPES: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
# Machine parts whose fields look like those of a delivery status, and are none: RFC 8098, 6533 and 5965.
_REPORT_TYPES: Final = frozenset(
    {"message/disposition-notification", "message/global-disposition-notification", "message/feedback-report"}
)
ORIGINAL_TYPES: Final = frozenset(
    {
        "message/rfc822",
        "message/global",
        "text/rfc822-headers",
        "message/global-headers",
        "message/partial",
        "text/rfc822",
    }
)
_TEXT_TYPES: Final = frozenset({"text/plain", "text/html", "text/enriched", "text/english", "text", "plain/text"})
_DECODED: Final = frozenset({b"base64", b"quoted-printable"})
# Types of parts that no software labels a delivery status with: what they hold is not looked at.
_NO_TEXT: Final = ("image/", "audio/", "video/")
_PEEK: Final = 512
# How far into the body its first delimiter is looked for, where the header declares no type.
_PREAMBLE: Final = 300


class Message:
    """One raw mail, viewed lazily."""

    __slots__ = (
        "_html",
        "_lines",
        "_notice",
        "_original",
        "_others",
        "_plain",
        "_scanned",
        "_status",
        "_status_parts",
        "body_start",
        "headers",
        "limits",
        "media",
        "noted",
        "source",
    )

    def __init__(self, raw: bytes, limits: Limits | None = None) -> None:
        """View `raw`; nothing but the end of the header block is looked for."""
        self.limits = limits or DEFAULT_LIMITS
        self.source = source = Source(raw, self.limits)
        block, self.body_start = source.header_block(source.skip_envelope())
        self.headers = Headers(block)
        declared = self.headers.raw(b"content-type")
        self.media = media_type(declared)
        if declared is None and shows_boundary(source.slice(self.body_start, self.body_start + _PREAMBLE)):
            # The field was lost on the way.
            self.media = "multipart/mixed"
        self.noted: dict[str, Any] = {}
        """What others worked out about the message and may need again."""
        self._scanned = False
        self._plain: list[Part] = []
        self._html: list[Part] = []
        self._status_parts: list[Part] = []
        self._others: list[Part] = []
        self._original: Part | None = None
        self._notice: str | None = None
        self._lines: list[str] | None = None
        self._status: list[Group] | None = None

    @property
    def defects(self) -> list[str]:
        """What was wrong with the message, or cut by a limit, so far as it was looked at."""
        return self.source.defects

    def note(self, defect: str) -> None:
        """Add a defect, once."""
        self.source.note(defect)

    def parts(self) -> Iterator[Part]:
        """Yield the leaves of the MIME tree in order; a part is looked for when it is asked for."""
        return walk(self.source, self.headers, self.body_start, self.media)

    def _scan(self) -> None:
        """Sort the parts by what they are for, as far as the original (and past it where the status is still missing)."""
        self._scanned = True
        if self.media in _TEXT_TYPES:
            # The most ordinary mail: one text and no parts.
            (self._html if self.media == "text/html" else self._plain).extend(self.parts())
            return
        for part in self.parts():
            media = part.content_type
            if media in _TEXT_TYPES:
                self._sort_text(part, media)
            elif media in _STATUS_TYPES:
                self._status_parts.append(part)
            elif media in ORIGINAL_TYPES:
                if not self._status_parts and self._original is None and _looks_like_status(part):
                    self._status_parts.append(part)
                elif self._original is None:
                    self._original = part
            elif media not in _REPORT_TYPES and not media.startswith(_NO_TEXT) and _looks_like_status(part):
                self._status_parts.append(part)
            else:
                self._others.append(part)
            if self._original is not None and self._status_parts:
                break

    def _sort_text(self, part: Part, media: str) -> None:
        if self._original is not None:
            self._others.append(part)
        elif media == "text/html":
            self._html.append(part)
        elif part.depth and self._plain and not self._status_parts and _looks_like_status(part):
            self._status_parts.append(part)
        else:
            self._plain.append(part)

    @property
    def plain(self) -> list[Part]:
        """The text parts before the original."""
        if not self._scanned:
            self._scan()
        return self._plain

    @property
    def html(self) -> list[Part]:
        """The HTML parts before the original."""
        if not self._scanned:
            self._scan()
        return self._html

    @property
    def attachments(self) -> list[Part]:
        """The parts that are neither the notice nor a delivery status nor the original."""
        if not self._scanned:
            self._scan()
        return self._others

    @property
    def notice(self) -> str:
        """The human text before the original, at most `Limits.notice_bytes` of it."""
        if self._notice is None:
            limit = self.limits.notice_bytes
            if any(part.size > limit for part in (*self.plain, *self._html)):
                self.note(f"notice cut at {limit} bytes")
            texts = [part.text(limit) for part in self.plain]
            notice = "\n".join(text for text in texts if text and not text.isspace())
            if self._html and (not notice or self._html[0].start < self._plain[0].start):
                # What stands below the HTML is no other form of it, but a gateway's or a list's footer.
                notice = "\n".join([*(part.text(limit) for part in self._html), notice])
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
            if not self._scanned:
                self._scan()
            limit = self.limits.status_bytes
            self._status = []
            for part in self._status_parts:
                if part.size > limit:
                    self.note(f"delivery status cut at {limit} bytes")
                self._status += part.fields(limit)
        return self._status

    @property
    def original(self) -> bytes | None:
        """The header block of the returned message, or None."""
        part = self.original_part()
        if part is None:
            return None
        encoding = part.headers.raw(b"content-transfer-encoding")
        if encoding and encoding.lower() in _DECODED:
            return part.body(self.limits.header_bytes).lstrip(b"\n").partition(b"\n\n")[0]
        source = self.source
        raw = source.raw
        start = part.start
        while raw[start : start + 1] in (b"\n", b"\r"):
            start += 1
        if raw[start : start + 5] == b"From " or raw[start : start + 6] == b">From ":
            start = raw.find(b"\n", start, start + 1000) + 1 or start
        block, body = source.header_block(start)
        if b"\n--" in block:
            # Headers alone may run into the delimiter.
            block = source.slice(start, min(body, part.stop()[1]))
        return block

    @property
    def returned(self) -> Headers:
        """The header fields of the returned message, as far as they came back: none where it did not."""
        return Headers(self.original or b"")

    @property
    def is_opened(self) -> bool:
        """Whether anybody has asked for a part of the message."""
        return self._scanned

    def original_part(self) -> Part | None:
        """Return the part that holds the returned message, or None."""
        if not self._scanned:
            self._scan()
        return self._original


def _looks_like_status(part: Part) -> bool:
    return _STATUS_FIELD.match(part.body(_PEEK).lstrip()) is not None


def full_mail(raw: bytes) -> MailParser:
    """Return mail-parser's full parse of `raw`: every part, hop and attachment."""
    from mailparser import parse_from_bytes

    return parse_from_bytes(raw)
