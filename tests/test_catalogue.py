"""The contract of every format of the catalogue: name, proof, a selective fingerprint, and reading that is pure."""

from __future__ import annotations

import functools
import importlib
from pathlib import Path

import pytest

from bouncelib.dispatch import Dispatcher
from bouncelib.format import Format
from bouncelib.formats import CATALOGUE, ORDER
from bouncelib.message import Message
from bouncelib.model import Reading
from bouncelib.signs import Signs

FIXTURES = Path(__file__).parent.parent / "fixtures"
FORMATS = tuple(CATALOGUE)
NAMES = sorted({form.name for form in FORMATS})
# Readers of last resort, and the standard's own, whose fixtures lie in several folders.
NO_FOLDER = frozenset({"generic", "flufl"})
ALWAYS = frozenset({"rfc3464", "generic", "flufl"})


@functools.cache
def mails() -> tuple[tuple[str, bytes], ...]:
    return tuple((path.relative_to(FIXTURES).parts[0], path.read_bytes()) for path in sorted(FIXTURES.rglob("*.eml")))


@functools.cache
def asked() -> tuple[tuple[str, frozenset[str]], ...]:
    """For each fixture its folder and the names of the formats that dispatch would ask."""
    dispatcher = Dispatcher(FORMATS)
    return tuple(
        (folder, frozenset(form.name for form in dispatcher.candidates(Signs(Message(raw))))) for folder, raw in mails()
    )


def of(name: str) -> list[Format]:
    return [form for form in FORMATS if form.name == name]


@pytest.mark.parametrize("name", sorted({*ORDER} - ALWAYS))
def test_a_module_tells_a_sample_and_a_source(name: str) -> None:
    text = importlib.import_module(f"bouncelib.formats.{name}").__doc__ or ""
    assert "ource" in text
    assert "\n    " in text, "an indented sample"


@pytest.mark.parametrize("name", sorted({*NAMES} - ALWAYS))
def test_a_fingerprint_hits_its_own_fixtures_and_few_others(name: str) -> None:
    own = [name in names for folder, names in asked() if folder == name]
    others = [name in names for folder, names in asked() if folder != name]
    read = [
        raw
        for (folder, raw), (_, names) in zip(mails(), asked(), strict=True)
        if folder == name and name not in names and Message(raw).status_groups == []
    ]
    assert read == []
    assert sum(others) <= 0.02 * len(others), f"{name} is asked for {sum(others)} of {len(others)} others"
    assert own, "no fixtures"


@pytest.mark.parametrize("name", sorted({*NAMES} - NO_FOLDER))
def test_a_format_has_two_fixtures_or_more(name: str) -> None:
    assert sum(folder == name for folder, _ in mails()) >= 2


def test_few_formats_are_asked_of_any_message() -> None:
    counts = [len(names) for _, names in asked()]
    assert max(counts) <= 8
    assert sum(counts) / len(counts) <= 4


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_reading_is_pure_and_raises_on_no_fixture(form: Format) -> None:
    for _, raw in mails():
        first, second = form.run(Message(raw)), form.run(Message(raw))
        assert first is None or isinstance(first, Reading)
        assert first == second


def test_the_order_names_each_module_once_and_the_standard_first() -> None:
    assert len(set(ORDER)) == len(ORDER)
    assert ORDER[0] == "rfc3464"
    assert ORDER[-2:] == ("generic", "flufl")


def test_every_module_is_in_the_order() -> None:
    folder = Path(importlib.import_module("bouncelib.formats").__file__ or "").parent
    assert {path.stem for path in folder.glob("*.py")} - {"__init__"} == set(ORDER)
