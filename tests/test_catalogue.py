"""The contract of every format of the catalogue: name, proof, a selective fingerprint, and reading that is pure."""

from __future__ import annotations

import functools
import importlib
from pathlib import Path

import pytest

from bouncelib import BounceParser
from bouncelib.dispatch import Dispatcher
from bouncelib.format import Format
from bouncelib.formats import CATALOGUE, ORDER
from bouncelib.message import Message
from bouncelib.model import Reading
from bouncelib.signs import Signs
from bouncelib.testing import check_format

FIXTURES = Path(__file__).parent.parent / "fixtures"
FORMATS = tuple(CATALOGUE)
NAMES = sorted({form.name for form in FORMATS})
# Readers of last resort, and the standard's own, whose fixtures lie in several folders.
NO_FOLDER = frozenset({"generic", "flufl"})
# Writers that share a clue on purpose, with the reason; a reader of the one must look at the reports of the other.
SHARED = {
    # They run Exim, or write its header field X-Failed-Recipients.
    "exim": {"gmail", "googlegroups", "einsundeins", "gmx", "mailru", "mxlogic", "zoho", "chasquid", "zonemta"},
    # One media type serves receipts and refusals; one sender, complaints with and without fields.
    "dovecot": {"mdn"},
    "mdn": {"dovecot"},
    "feedback": {"arf"},
    # It writes under Postfix's subject.
    "postfix": {"slimta"},
    # Whatever Mailman sends has its header.
    "list-notice": {"list_command", "mailman"},
    # RFC 3834's field stands on delivery reports and acknowledgements too.
    "auto_reply": {
        "exim",
        "dovecot",
        "chasquid",
        "haraka",
        "slimta",
        "zonemta",
        "gmail",
        "postfix",
        "full_details",
        "challenge",
        "ticket",
    },
}
ALWAYS = frozenset({"rfc3464", "generic", "flufl"})
# Folders of a kind of mail, which several formats read.
KINDS = frozenset({"auto_reply", "feedback"})
PROVEN = [form for form in FORMATS if (FIXTURES / form.name).is_dir() and form.name not in {*ALWAYS, *KINDS}]


@functools.cache
def mails() -> tuple[tuple[str, bytes], ...]:
    """Each fixture with the name of the format that reads it."""
    return tuple(
        (parser().parse(path.read_bytes()).format or "nobody", path.read_bytes())
        for path in sorted(FIXTURES.rglob("*.eml"))
    )


@functools.cache
def asked() -> tuple[tuple[str, frozenset[str]], ...]:
    """The name of the format that reads a fixture, and those that dispatch would ask; whole RFC 3464 reports never get there."""
    dispatcher = Dispatcher(FORMATS)
    return tuple(
        (owner, frozenset(form.name for form in dispatcher.candidates(Signs(Message(raw)))))
        for owner, raw in mails()
        if owner != "rfc3464"
    )


@pytest.mark.parametrize("name", sorted({*ORDER} - ALWAYS))
def test_a_module_tells_a_sample_and_a_source(name: str) -> None:
    text = importlib.import_module(f"bouncelib.formats.{name}").__doc__ or ""
    assert "ource" in text
    assert "\n    " in text, "an indented sample"


@pytest.mark.parametrize("name", sorted({*NAMES} - ALWAYS))
def test_a_fingerprint_hits_its_own_fixtures_and_few_others(name: str) -> None:
    missed = [owner for owner, names in asked() if owner == name and name not in names]
    hits = [owner for owner, names in asked() if owner not in {name, *SHARED.get(name, ())} and name in names]
    assert missed == []
    assert len(hits) <= max(2, 0.02 * len(asked())), f"also asked for fixtures of {sorted(set(hits))}"


@functools.cache
def parser() -> BounceParser:
    return BounceParser(plugins=False)


@pytest.mark.parametrize("form", PROVEN, ids=lambda form: form.name)
def test_a_format_keeps_the_contract_of_the_kit(form: Format) -> None:
    check_format(form, FIXTURES / form.name, parser=parser())


def test_nearly_all_formats_have_a_folder_of_proof() -> None:
    assert len(PROVEN) > 65


@pytest.mark.parametrize("name", sorted({*NAMES} - NO_FOLDER))
def test_a_format_has_two_fixtures_or_more(name: str) -> None:
    assert sum(owner == name for owner, _ in mails()) >= 2


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
