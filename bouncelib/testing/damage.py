"""Damage to messages, where it hurts: line ends, delimiters, encodings, the marks that readers look for."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any, Final, Protocol

LINE_ENDS: Final = (b"\n", b"\r\n", b"\r")
SPLINTERS: Final = (
    b"\n",
    b"\r",
    b"\r\n",
    b"\n\n",
    b"\0",
    b"\xff",
    b"--",
    b"\n--",
    b":",
    b"=?utf-8?q?",
    b"=?x?b?=?=",
    b"<",
    b"@",
    b'"',
    b"=\n",
    b"boundary=",
    b"550 5.1.1 ",
    b"\nContent-Type: multipart/mixed; boundary=x\n",
    b"\nContent-Transfer-Encoding: base64\n",
    b"\nFinal-Recipient: rfc822; ",
)
"""What is pushed into a message to damage it."""

_BLOWS: Final = ("flip", "cut", "hole", "splinter", "splice", "boundary", "double", "ends")
_DELIMITERS: Final = (b"\n-", b"\n --", b"--", b"\n---")
_ENDS: Final = (b"\r", b"\r\n", b"\n\n", b"")
_CUTS: Final = 12
_VARIANTS: Final = 24


class Chooser(Protocol):
    """Who chooses how a message is damaged: chance, or hypothesis."""

    def integer(self, low: int, high: int) -> int:
        """Return a number from `low` to `high`."""
        ...

    def one_of(self, things: Sequence[Any]) -> Any:  # noqa: ANN401 - whatever is in there
        """Return one of `things`."""
        ...


def strike(raw: bytes, chooser: Chooser, others: Sequence[bytes] = ()) -> bytes:
    """Return `raw` with one blow: a flipped byte, a cut, a hole, a splinter, a broken delimiter, a splice with one of `others`."""
    at = chooser.integer(0, max(0, len(raw) - 1))
    match chooser.one_of(_BLOWS):
        case "flip":
            return raw[:at] + bytes([chooser.integer(0, 255)]) + raw[at + 1 :]
        case "cut":
            return raw[:at]
        case "hole":
            return raw[:at] + raw[at + chooser.integer(1, 200) :]
        case "splinter":
            splinter: bytes = chooser.one_of(SPLINTERS)
            return raw[:at] + splinter + raw[at:]
        case "double":
            return raw[:at] + raw[: chooser.integer(0, len(raw))]
        case "splice":
            other: bytes = chooser.one_of(others) if others else raw
            return raw[:at] + other[chooser.integer(0, len(other)) :]
        case "boundary":
            return raw.replace(b"\n--", chooser.one_of(_DELIMITERS), chooser.integer(1, 10))
    return raw.replace(b"\n", chooser.one_of(_ENDS), chooser.integer(1, 10))


class _Chance:
    """Chance that is the same on every run."""

    def __init__(self) -> None:
        self._random = random.Random(0)  # noqa: S311 - no secret is made of it

    def integer(self, low: int, high: int) -> int:
        return self._random.randint(low, high)

    def one_of(self, things: Sequence[Any]) -> Any:  # noqa: ANN401 - as the protocol has it
        return self._random.choice(things)


def variants(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield damaged variants of `raw`, the same ones on every run: what was done, and the bytes."""
    for place in range(_CUTS):
        end = len(raw) * place // _CUTS
        yield f"cut after {end} bytes", raw[:end]
    chance = _Chance()
    for number in range(1, _VARIANTS + 1):
        damaged = raw
        for _ in range(chance.integer(1, 4)):
            damaged = strike(damaged, chance)
        yield f"mangled in way {number}", damaged
