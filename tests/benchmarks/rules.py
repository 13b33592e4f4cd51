"""More rules and more formats: what each doubling costs."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from bouncelib import CATALOGUE, DEFAULT_RULES, BounceParser, Fingerprint, Format
from bouncelib.rulebook import Rules

from .measure import by_turns
from .table import Row, Table, duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from bouncelib import Message, Reading

COUNTS = (0, 625, 1_250, 2_500, 5_000)
FORMATS = 50
_COMMON = (
    "the",
    "user",
    "mailbox",
    "unknown",
    "message",
    "rejected",
    "host",
    "could",
    "not",
    "be",
    "delivered",
    "address",
)


def _nothing(_message: Message) -> Reading | None:
    return None


class _Words:
    """Phrases of made-up and of common words, the same each time."""

    def __init__(self) -> None:
        self._random = random.Random(5)  # noqa: S311 - no secret is made of it
        letters = "abcdefghijklmnoprstuvw"
        self._words = [
            "".join(self._random.choice(letters) for _ in range(self._random.randrange(3, 9))) for _ in range(800)
        ] + [*_COMMON]

    def phrase(self, count: int) -> str:
        return " ".join(self._random.choice(self._words) for _ in range(count))

    def rule(self, number: int) -> dict[str, Any]:
        rule: dict[str, Any] = {
            "id": f"r{number}",
            "reason": "policy",
            "source": "observed",
            "says": [self.phrase(self._random.randrange(2, 5))],
        }
        # Every fifth asks for a code too.
        return rule if number % 5 else rule | {"status": [f"5.7.{self._random.randrange(30, 999)}"]}

    def format(self, number: int) -> Format:
        kinds = (
            Fingerprint(senders=(f"robot{number}@acme{number}.example",)),
            Fingerprint(subjects=(self.phrase(3), f"undelivered {self.phrase(1)}")),
            Fingerprint(headers=(f"x-acme-{number}",)),
            Fingerprint(senders=("mailer-daemon", "postmaster"), phrases=(self.phrase(4),)),
        )
        return Format(f"u{number}", (kinds[number % 4],), read=_nothing)


def rules(raws: list[bytes], most: int, repeats: int) -> Table:
    """Return what up to `most` rules and 50 formats of a user's own add."""
    words = _Words()
    own = [words.rule(number) for number in range(most)]
    formats = [words.format(number) for number in range(FORMATS)]

    def parser(count: int, forms: list[Format]) -> BounceParser:
        mine = [Rules(f"mine{part}", {"rule": own[part:count:10]}) for part in range(10) if own[part:count:10]]
        return BounceParser(
            formats=[*forms, *CATALOGUE] if forms else CATALOGUE,
            rules=[*mine, *DEFAULT_RULES] if mine else DEFAULT_RULES,
            plugins=False,
        )

    counts = [count for count in COUNTS if count <= most]
    cases = {
        **{f"{count:,} rules": parser(count, []) for count in counts},
        f"{FORMATS} formats": parser(0, formats),
        f"{FORMATS} formats and {most:,} rules": parser(most, formats),
    }

    def over(one: BounceParser) -> Callable[[], None]:
        def run() -> None:
            for raw in raws:
                one.parse(raw)

        return run

    runs = [over(one) for one in cases.values()]
    base = by_turns([runs[0]], repeats)
    rows = [Row(next(iter(cases)), duration(base.seconds / len(raws)), (1.0,))]
    for name, run in list(zip(cases, runs, strict=True))[1:]:
        taken = by_turns([run, runs[0]], repeats)
        rows.append(Row(name, duration(taken.seconds / len(raws)), (1 / taken.ratios[0],)))
    return Table(
        "Rules and formats of one's own",
        "Time against a parser without any of them, over reports that none of them fits.",
        "added",
        "bouncelib, each",
        ("of none",),
        rows,
    )
