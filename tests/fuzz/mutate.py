"""Messages made of others by chance; the same seed and number make the same message everywhere."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bouncelib.testing.damage import strike

if TYPE_CHECKING:
    from collections.abc import Sequence

FIXTURES = Path(__file__).parents[2] / "fixtures"
MOST = 65_536

_ENCODINGS = (b"base64", b"quoted-printable", b"8bit", b"x-uuencode", b"\0")
_CHARSETS = (
    b"utf-7",
    b"utf-16",
    b"iso-2022-jp",
    b"hz",
    b"idna",
    b"unicode-escape",
    b"utf-8",
    b"x" * 70,
    b"cp037",
    b"rot13",
)
_WORDS = (
    b"=?utf-8?b?AAECCg0=?=", b"=?utf-7?q?+AAo-?=", b"=?iso-2022-jp?b?GyRC?=", b"+0A", b"\\x{0A}", b"\\x{D800}", b"%0A", b"=0A",
    b"\r\nBcc: x@store.example", b"\x1b$B", b"\x85", b"\xc2\x85", b"\xe2\x80\xa8", b"\xed\xa0\x80", b"&#10;", b"&#0;",
    b"<script>", b"'; --", b"@", b"<", b">", b"\t", b" ", b"\n ", b"(", b"\\", b"550 5.1.1", b"5.1.1", b"421", b"Thu, 99 Foo 99999",
)  # fmt: skip
_STATUS = (
    b"\nFinal-Recipient: rfc822; ", b"\nAction: failed\n", b"\nStatus: 5.1.1\n", b"\nDiagnostic-Code: smtp; ",
    b"\nRemote-MTA: dns; ",
    b"\nOriginal-Recipient: rfc822;", b"\nReporting-MTA: dns; ", b"\nOriginal-Envelope-Id: ",
    b"\nContent-Type: message/rfc822\n\n",
    b"\nContent-Type: message/delivery-status\n\n", b"\nLast-Attempt-Date: ", b"\nFrom: MAILER-DAEMON@store.example\n",
    b"\nSubject: ",
)  # fmt: skip


class Chance:
    """Chance with a seed, as `strike()` asks for it."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)  # noqa: S311 - no secret is made of it

    def integer(self, low: int, high: int) -> int:
        return self._random.randint(low, high)

    def one_of(self, things: Sequence[Any]) -> Any:
        return self._random.choice(things)


def fixtures(folder: Path = FIXTURES) -> tuple[bytes, ...]:
    """Return every message below `folder`, in the order of their names."""
    return tuple(path.read_bytes()[:MOST] for path in sorted(folder.rglob("*.eml")))


def mutant(messages: Sequence[bytes], seed: int, number: int) -> bytes:
    """Return message `number` of the run `seed` over `messages`."""
    chance = Chance(f"{seed}/{number}")
    raw: bytes = chance.one_of(messages)
    for _ in range(chance.integer(1, 6)):
        raw = _blow(raw, chance, messages)
    return raw[:MOST]


def _blow(raw: bytes, chance: Chance, messages: Sequence[bytes]) -> bytes:
    kind = chance.integer(0, 9)
    if kind < 4:
        return strike(raw, chance, messages)
    at = chance.integer(0, len(raw))
    line = raw.rfind(b"\n", 0, at) + 1
    end = raw.find(b"\n", at) % (len(raw) + 1)
    word: bytes = chance.one_of(_WORDS)
    field: bytes = chance.one_of(_STATUS)
    times: int = chance.one_of((2, 3, 10, 300))
    match kind:
        case 4:
            return raw[:at] + word + raw[at:]
        case 5:
            return raw[:line] + field + raw[line:]
        case 6:
            # A line, again and again.
            return raw[:line] + raw[line : end + 1] * times + raw[line:]
        case 7:
            return _exchange(raw, b"charset=", chance.one_of(_CHARSETS))
        case 8:
            return _exchange(raw, b"Content-Transfer-Encoding: ", chance.one_of(_ENCODINGS))
    # Where addresses and codes stand.
    mark = chance.one_of((b"@", b";", b"5.", b"55", b"<", b": "))
    found = raw.find(mark, at)
    return raw[:found] + word + raw[found:] if found >= 0 else raw


def _exchange(raw: bytes, name: bytes, value: bytes) -> bytes:
    at = raw.lower().find(name.lower())
    if at < 0:
        return raw
    start = at + len(name)
    end = start
    while end < len(raw) and raw[end : end + 1] not in {b"\n", b"\r", b";", b" "}:
        end += 1
    return raw[:start] + value + raw[end:]
