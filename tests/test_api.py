"""The public surface: what `bouncelib` promises to offer, and that nothing else is offered."""

from __future__ import annotations

import pickle
import re
import tomllib
from enum import StrEnum
from typing import TYPE_CHECKING

import attrs
import pytest

import bouncelib

if TYPE_CHECKING:
    from pathlib import Path

WORDS = ("Action", "Advice", "Confidence", "Fault", "Genuine", "Kind", "Reason", "Verdict")
VALUES = ("BounceReport", "EnhancedCode", "Evidence", "Judgement", "OriginalMessage", "Reading", "Recipient")
ERRORS = ("BouncelibError", "FormatError", "RuleError", "SourceError")
CALLS = ("BounceParser", "classify_response", "full_mail", "parse_bounce")


def test_the_promised_names_are_there() -> None:
    assert {*WORDS, *VALUES, *ERRORS, *CALLS, "Limits", "__version__"} <= set(bouncelib.__all__)


def test_all_is_sorted_as_a_reader_looks_for_it_and_names_each_thing_once() -> None:
    assert len(set(bouncelib.__all__)) == len(bouncelib.__all__)


@pytest.mark.parametrize("name", bouncelib.__all__)
def test_every_public_name_resolves_and_is_listed(name: str) -> None:
    assert getattr(bouncelib, name) is not None
    assert name in dir(bouncelib)


def test_star_import_gives_the_public_names_and_no_more() -> None:
    namespace: dict[str, object] = {}
    exec("from bouncelib import *", namespace)  # noqa: S102 - a star import cannot stand in a function
    assert set(namespace) - {"__builtins__"} == set(bouncelib.__all__)


def test_an_unknown_name_is_an_attribute_error_that_names_it() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = bouncelib.no_such_name


def test_the_version_is_the_package_version(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert bouncelib.__version__ == project["version"]


def test_the_api_page_documents_exactly_the_public_names(root: Path) -> None:
    page = (root / "docs" / "api.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\.\. auto(?:class|data|exception|function):: bouncelib\.(\w+)$", page, re.MULTILINE)
    assert sorted([*documented, "__version__"]) == sorted(bouncelib.__all__)


@pytest.mark.parametrize("name", WORDS)
def test_words_are_plain_strings(name: str) -> None:
    words = getattr(bouncelib, name)
    assert issubclass(words, StrEnum)
    assert all(str(word) == word.value == word.name.lower() for word in words)


@pytest.mark.parametrize("name", VALUES)
def test_values_are_frozen_and_slotted(name: str) -> None:
    value = getattr(bouncelib, name)
    assert attrs.has(value)
    assert "__dict__" not in dir(value)
    blank = value.__new__(value)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(blank, attrs.fields(value)[0].name, None)


@pytest.mark.parametrize("name", ERRORS)
def test_errors_have_one_base(name: str) -> None:
    assert issubclass(getattr(bouncelib, name), bouncelib.BouncelibError)


@pytest.mark.parametrize("name", sorted({*bouncelib.__all__} - {"__version__"}))
def test_every_public_class_and_function_says_what_it_is(name: str) -> None:
    public = getattr(bouncelib, name)
    if callable(public):
        assert (public.__doc__ or "").strip()


def test_a_judgement_and_a_report_survive_pickling() -> None:
    judgement = bouncelib.classify_response("550 5.1.1 <ann@library.example>: User unknown")
    report = bouncelib.parse_bounce(b"From: ann@library.example\n\nGood morning.\n")
    assert pickle.loads(pickle.dumps(judgement)) == judgement  # noqa: S301 - our own bytes
    assert pickle.loads(pickle.dumps(report)) == report  # noqa: S301 - our own bytes
