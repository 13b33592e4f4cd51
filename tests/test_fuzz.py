"""A short run of the fuzzer; the long one is `python -m tests.fuzz`."""

from __future__ import annotations

import base64
import contextlib
import os

import pytest
from fuzz.checks import Hang, alarm, check
from fuzz.mutate import fixtures, mutant
from fuzz.run import examine

from bouncelib.testing import stands

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


HEAD = b"From: mailer-daemon@store.example\nMIME-Version: 1.0\nContent-Type: "
ENCODED = b"\nContent-Transfer-Encoding: base64\n\n"
# An odd number of bytes, which UTF-16 never has.
TEXT = b"It failed: ann@library.example.\n"[:-1]
NESTED = HEAD + b"text/plain; charset=utf-8" + ENCODED + base64.encodebytes(b"Failed: ann@library.example")


@pytest.mark.parametrize(
    "raw",
    [
        HEAD + b"text/plain; charset=utf-16" + ENCODED + base64.encodebytes(TEXT),
        HEAD + b"text/plain; charset=utf-8" + ENCODED + base64.encodebytes(TEXT.decode().encode("utf-16")),
        HEAD + b"text/plain; charset=utf-16" + ENCODED + base64.encodebytes(TEXT.decode().encode("utf-16")),
        HEAD + b"message/rfc822" + ENCODED + base64.encodebytes(NESTED),
        HEAD + b"message/rfc822" + ENCODED + base64.encodebytes(HEAD + b"message/rfc822" + ENCODED + base64.encodebytes(NESTED)),
        HEAD + b"message/rfc822" + ENCODED + base64.encodebytes(b"To: =?utf-7?q?ann+AEA-library.example?=\n\nx"),
    ],
    ids=["no UTF-16", "UTF-16 in secret", "UTF-16", "in a message", "in a message in a message", "in an encoded header"],
)  # fmt: skip
def test_the_checker_reads_what_is_encoded_and_is_not_blind(raw: bytes) -> None:
    assert stands("ann@library.example", raw)
    for other in ("bob@library.example", "xann@library.example", "ann@library.example.com", "nn@library.examples"):
        assert not stands(other, raw)
