"""The example package keeps the contract; that it is found once it is installed is tested where it is installed."""

from __future__ import annotations

import importlib.util
import tomllib
from typing import TYPE_CHECKING

from bouncelib import CATALOGUE, DEFAULT_RULES, BounceParser, load_rules
from bouncelib.testing import check_format, check_rules

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

EXAMPLE = "docs/examples/bouncelib-acme"


def example(root: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("bouncelib_acme", root / EXAMPLE / "src/bouncelib_acme/__init__.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_example_keeps_the_contract(root: Path) -> None:
    acme = example(root)
    check_rules(acme.rules())
    parser = BounceParser(formats=[acme.FORMAT, *CATALOGUE], rules=[load_rules(acme.rules()), *DEFAULT_RULES])
    check_format(acme.FORMAT, root / EXAMPLE / "tests/fixtures", parser=parser)


def test_its_entry_points_name_what_is_there(root: Path) -> None:
    project = tomllib.loads((root / EXAMPLE / "pyproject.toml").read_text("utf-8"))["project"]
    acme = example(root)
    points = {
        f"{group}:{name}": value
        for group, entries in project["entry-points"].items()
        for name, value in entries.items()
    }
    assert points.keys() == {"bouncelib.formats:acme", "bouncelib.rules:acme"}
    assert all(hasattr(acme, value.partition(":")[2]) for value in points.values())
