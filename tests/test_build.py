"""The wheel's build hook: what it compiles, and that a built wheel holds it."""

from __future__ import annotations

import importlib.util
import json
import os
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from bouncelib.words import Filing, file_phrases

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

RULES = """
title = "Example"
hosts = ["mx.library.example"]

[[rule]]
id = "full"
status = ["5.2.2"]
says = ["card is full"]
reason = "mailbox_full"
source = "observed"
meaning = "The mailbox is full."
examples = ["550 5.2.2 Full", {text = "452 Full", host = "mx.library.example"}]
counter_examples = ["550 5.1.1 Unknown"]
"""


@pytest.fixture(scope="module")
def hook(root: Path) -> ModuleType:
    """The hook's module, loaded by path as hatchling loads it."""
    spec = importlib.util.spec_from_file_location("build_hook", root / "bouncelib" / "rules" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def build_hook(hook: ModuleType, root: Path) -> Any:
    return hook.CompileRules(str(root), {}, None, None, str(root), "wheel")


def test_compiled_rules_hold_what_judging_needs_and_nothing_else(hook: ModuleType, root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bouncelib" / "rules" / "vendors"
    folder.mkdir(parents=True)
    (folder / "library.toml").write_text(RULES, encoding="utf-8")
    (tmp_path / "bouncelib" / "rulebook").symlink_to(root / "bouncelib" / "rulebook")
    tables, filed = hook.compile_rules(tmp_path)
    assert tables == {
        "vendors/library": {
            "hosts": ["mx.library.example"],
            "rule": [{"id": "full", "status": ["5.2.2"], "says": ["card is full"], "reason": "mailbox_full"}],
        }
    }
    assert Filing(*filed) == file_phrases(["card is full"])


def test_the_hook_adds_the_file_to_the_wheel_and_cleans_up(hook: ModuleType, root: Path) -> None:
    build_data: dict[str, Any] = {"force_include": {}}
    builder = build_hook(hook, root)
    builder.initialize("standard", build_data)
    ((made, target),) = build_data["force_include"].items()
    assert target == "bouncelib/rules/compiled.json"
    with open(made, encoding="utf-8") as file:  # noqa: PTH123 - hatchling hands on plain strings
        assert json.load(file) == json.loads(json.dumps(hook.compile_rules(root)))
    builder.finalize("standard", build_data, "")
    assert not os.path.exists(made)  # noqa: PTH110 - as above


def test_an_editable_install_reads_the_toml(hook: ModuleType, root: Path) -> None:
    build_data: dict[str, Any] = {"force_include": {}}
    builder = build_hook(hook, root)
    builder.initialize("editable", build_data)
    builder.finalize("editable", build_data, "")
    assert build_data == {"force_include": {}}


def test_the_tree_holds_no_compiled_rules(root: Path) -> None:
    assert not (root / "bouncelib" / "rules" / "compiled.json").exists()


@pytest.mark.skipif(os.environ.get("BOUNCELIB_WHEEL") != "1", reason="only of the built wheel (.ci/run)")
def test_the_wheel_holds_every_rule_in_both_forms(hook: ModuleType, root: Path, package: Path) -> None:
    tree, wheel = root / "bouncelib" / "rules", package / "rules"
    names = {path.relative_to(tree) for path in tree.rglob("*.toml")}
    assert names
    assert {path.relative_to(wheel) for path in wheel.rglob("*.toml")} == names
    for name in names:
        assert tomllib.loads((wheel / name).read_text(encoding="utf-8")), name
    compiled = json.loads((wheel / "compiled.json").read_text(encoding="utf-8"))
    assert compiled == json.loads(json.dumps(hook.compile_rules(root)))
    assert not (wheel / "build.py").exists()
    assert (package / "py.typed").is_file()
