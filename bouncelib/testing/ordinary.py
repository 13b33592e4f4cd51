"""Mail that a new format has no business with: what people and programs write, and reports of well-known writers.

A fingerprint is wrong where it hits the first kind, and too wide where it hits many of the second. All of it is made up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Final, NamedTuple

_BETWEEN: Final = re.compile(rb"^From - .*\n", re.MULTILINE)
_NAME: Final = re.compile(rb"X-Sample: (.*)\n")


class Sample(NamedTuple):
    """One message, and what it is."""

    name: str
    raw: bytes


def ordinary_mail() -> Iterator[Sample]:
    """Yield mail of people and programs that reports no delivery."""
    return _samples("ordinary")


def known_reports() -> Iterator[Sample]:
    """Yield reports and automatic answers that bouncelib reads already."""
    return _samples("reports")


def _samples(name: str) -> Iterator[Sample]:
    raw = (files("bouncelib.testing") / f"{name}.mbox").read_bytes()
    for piece in _BETWEEN.split(raw)[1:]:
        title, text = _NAME.split(piece, maxsplit=1)[1:]
        yield Sample(title.decode(), text)
