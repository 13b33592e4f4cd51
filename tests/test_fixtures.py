"""The folders of fixtures: each message is a test of the kit's plugin (`bounce_fixtures`); here is what holds of all of them."""

from __future__ import annotations

import email
import json
from pathlib import Path

import pytest

from bouncelib import parse_bounce

FIXTURES = Path(__file__).parent.parent / "fixtures"
MAILS = sorted(FIXTURES.rglob("*.eml"))
FLOORS = {"textbook": 18, "rfc3464": 60, "other": 60, "auto_reply": 40, "feedback": 10}


def test_text_and_message_objects_read_as_bytes_do() -> None:
    for path in MAILS:
        raw = path.read_bytes()
        wanted = parse_bounce(raw)
        assert parse_bounce(raw.decode("utf-8", "surrogateescape")) == wanted, path
        if raw.isascii():
            got = parse_bounce(email.message_from_bytes(raw))
            assert [one.address for one in got.recipients] == [one.address for one in wanted.recipients], path


@pytest.mark.parametrize("folder", sorted(FLOORS))
def test_no_fixtures_vanish(folder: str) -> None:
    assert len(list((FIXTURES / folder).rglob("*.eml"))) >= FLOORS[folder]


def test_the_plugin_makes_a_test_of_each(request: pytest.FixtureRequest) -> None:
    assert request.config.getini("bounce_fixtures") == [FIXTURES]
    assert str(FIXTURES.name) in request.config.getini("testpaths")


def test_expectations_say_why_and_whence() -> None:
    for path in MAILS:
        notes = json.loads(path.with_suffix(".json").read_text("utf-8"))
        assert notes["why"], path
        assert notes["provenance"].startswith(("written", "captured")), path
