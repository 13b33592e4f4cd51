"""What files say of each other's rules: which are left out, and which stand in the place of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from bouncelib.errors import RuleError
from bouncelib.rulebook.files import Rules
from bouncelib.rulebook.schema import Rule

Spot = tuple[int, int]
"""The number of a file, and the place of a rule in it."""
UNDETERMINED: Final = "standard/undetermined"
"""The id that stands where no rule decides."""


class Overlay(NamedTuple):
    """What changes in the files of one parser."""

    changes: dict[int, dict[int, Rule | None]]
    """By file and place, the rule that stands there instead; None where none does."""
    moved: dict[Spot, Spot]
    """Where a rule stands that takes the place of another."""

    def of(self, file: int) -> dict[int, Rule | None]:
        """Return the changes in one file, to be added to."""
        return self.changes.setdefault(file, {})


def overlay(files: Sequence[Rules]) -> Overlay:
    """Return what `files` change in each other; raise `RuleError` where one speaks of a rule that there is not.

    Of two rules with one id, that in the earlier file counts.
    """
    found = Overlay({}, {})
    if not _touch(files):
        return found
    spots = _spots(files)
    for twice in spots.values():
        for number, place in twice[1:]:
            found.of(number)[place] = None
    for number, file in enumerate(files):
        for place in file.replacing:
            rule = file.rule(place)
            target = _known(spots, rule.id, file, "a rule")[0]
            found.of(number)[place] = None
            if target[1] not in found.of(target[0]):
                found.of(target[0])[target[1]] = rule
                found.moved[number, place] = target
    for file in files:
        for name in file.disabled:
            for number, place in _known(spots, name, file, "'disable'"):
                found.of(number)[place] = None
        for rating in file.ratings:
            for name in rating.rules - {UNDETERMINED}:
                _known(spots, name, file, f"rerate {rating.id.rpartition('/')[2]!r}")
    return found


def _touch(files: Sequence[Rules]) -> bool:
    """Return whether a file says something of the rules of another, or has the name of another."""
    return len({file.name for file in files}) < len(files) or any(
        file.disabled or file.ratings or file.replacing for file in files
    )


def _spots(files: Sequence[Rules]) -> Mapping[str, list[Spot]]:
    """Return where the rules with each id stand, but for those that take the place of others."""
    spots: dict[str, list[Spot]] = {}
    for number, file in enumerate(files):
        for place, name in enumerate(file.ids):
            if place not in file.replacing:
                spots.setdefault(name, []).append((number, place))
    return spots


def _known(spots: Mapping[str, list[Spot]], name: str, file: Rules, what: str) -> list[Spot]:
    if name not in spots:
        raise RuleError(f"{file.name}.toml: {what} names {name!r}, and there is no such rule")
    return spots[name]
