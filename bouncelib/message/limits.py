"""How much of a message is looked at."""

from __future__ import annotations

from typing import Final

from attrs import frozen


@frozen
class Limits:
    """How much of a message is looked at; what goes beyond is cut and named in `BounceReport.defects`."""

    message_bytes: int = 134_217_728
    """Of a message."""
    header_bytes: int = 262_144
    """Of a header block."""
    header_count: int = 2_000
    """Fields in a header block, and lines in a group of a delivery status."""
    parts: int = 200
    """MIME parts in a message."""
    depth: int = 20
    """Levels of MIME nesting."""
    notice_bytes: int = 65_536
    """Of the human text before the original."""
    status_bytes: int = 4_194_304
    """Of the machine-readable parts."""
    recipients: int = 1_000
    """Reported recipients. RFC 5321 (section 4.5.3.1.8) asks a server to take a hundred at once, Postfix takes a thousand."""
    diagnostic_chars: int = 8_192
    """Of what was said of one recipient."""


DEFAULT_LIMITS: Final = Limits()
