"""A short run of the fuzzer; the long one is `python -m tests.fuzz`."""

from __future__ import annotations

import contextlib
import os

import pytest
from fuzz.checks import Hang, alarm, check
from fuzz.mutate import fixtures, mutant
from fuzz.run import examine

# As hypothesis: much in CI, little at the desk.
MESSAGES = {"ci": 6_000, "nightly": 1_000_000}.get(os.environ.get("HYPOTHESIS_PROFILE", ""), 1_000)
CHUNKS = 10


def test_every_fixture_passes_the_checks() -> None:
    for raw in fixtures():
        check(raw)


@pytest.mark.parametrize("part", range(CHUNKS))
def test_what_chance_makes_of_the_fixtures_passes_the_checks(part: int) -> None:
    messages = fixtures()
    each = MESSAGES // CHUNKS
    for number in range(part * each, (part + 1) * each):
        wrong, _ = examine(mutant(messages, 1, number), 10)
        assert wrong is None, f"message 1/{number}: {wrong}"


def test_a_seed_makes_the_same_message_again() -> None:
    messages = fixtures()
    made = [mutant(messages, 1, number) for number in range(50)]
    assert made == [mutant(messages, 1, number) for number in range(50)]
    assert len(set(made)) > 45
    assert made != [mutant(messages, 2, number) for number in range(50)]


def test_the_alarm_rings_through_whatever_is_caught() -> None:
    def go_on() -> None:
        while True:
            with contextlib.suppress(Exception):
                sum(range(1_000))

    with pytest.raises(Hang), alarm(0.05):
        go_on()
