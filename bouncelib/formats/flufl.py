"""The detectors of flufl.bounce, asked last: only where a plain failure report has named nobody to any reader of ours.

A sample of what only a detector for one writer of long ago knows:

    The user(s) account is temporarily over quota.

    <ann@library.example>

Source: the package flufl.bounce 6. It tells addresses and whether the failure is permanent, and nothing else; so what is
found here is marked as guessed. It sees the header and the notice only, its exceptions and log lines end in one defect.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from bouncelib import address as addresses
from bouncelib.format import Format, report
from bouncelib.message import Message
from bouncelib.model import Action, Evidence, Reading
from bouncelib.signs import Signs

if TYPE_CHECKING:
    from logging import LogRecord

_LOGGER: Final = "flufl.bounce"
_BYTES: Final = 32_768
_LINES: Final = 300
_HEADER_BYTES: Final = 16_384
_WIDE: Final = (b"utf-7", b"utf-16", b"utf-32")
_PARTS: Final = 50
"""Its detectors look at every line many times, and at every header field and every level at every part."""
_WARNING: Final = 30
"""The level of that name in `logging`, which is imported with flufl.bounce."""


class _Quiet:
    """Keeps the log lines of this thread, so that nobody else sees them."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()
        self.troubles = 0

    def filter(self, record: LogRecord) -> bool:
        """Return False for a line of this thread, counting it if it tells of trouble."""
        if record.thread != self._thread:
            return True
        self.troubles += record.levelno >= _WARNING
        return False


def read(message: Message) -> Reading | None:
    """Return the recipients that flufl.bounce detects in a plain failure report, or None where there are none."""
    signs = Signs.of(message)
    if not (signs.failure_subject or signs.null_return_path) or not signs.plausible:
        return None
    source = message.source
    if message.body_start > _HEADER_BYTES:
        message.note("flufl.bounce not asked: the header is long")
        return None
    raw = source.raw[: min(source.size, message.body_start + _BYTES)]
    lines = raw.splitlines(keepends=True)
    if len(lines) > _LINES:
        message.note(f"flufl.bounce given {_LINES} lines only")
        raw = b"".join(lines[:_LINES])
    low = raw.lower()
    if low.count(b"\ncontent-type:") > _PARTS:
        message.note("flufl.bounce not asked: many parts")
        return None
    if any(name in low for name in _WIDE):
        # Each of its detectors decodes the whole again.
        message.note("flufl.bounce not asked: not in ASCII")
        return None
    temporary, permanent = _detect(message, raw)
    found = [(address, Action.FAILED) for address in sorted(permanent)]
    found += [(address, Action.DELAYED) for address in sorted(temporary - permanent)]
    recipients = []
    for detected, action in found:
        address = addresses.clean(detected.decode("ascii", "replace"))
        # What is reported must stand in the message as it is.
        if address and address.lower().encode() in low:
            recipients.append(Evidence(address, action=action, format="flufl", guessed=True))
    return report("flufl", recipients) if recipients else None


def _detect(message: Message, raw: bytes) -> tuple[frozenset[bytes], frozenset[bytes]]:
    import email
    import logging

    from flufl.bounce import all_failures

    logger = logging.getLogger(_LOGGER)
    quiet = _Quiet()
    logger.addFilter(quiet)
    try:
        temporary, permanent = all_failures(email.message_from_bytes(raw))
    except Exception:  # noqa: BLE001 - its detectors raise on what they do not expect
        message.note("flufl.bounce failed")
        return frozenset(), frozenset()
    finally:
        logger.removeFilter(quiet)
    if quiet.troubles:
        message.note("flufl.bounce failed")
    return frozenset(temporary), frozenset(permanent)


FORMAT: Final = Format("flufl", read=read, last_resort=True, bare=True)
