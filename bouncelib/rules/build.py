"""The wheel's build hook: every rule file, compiled to one JSON file.

TOML is for people; reading it, and working out where to file thousands of phrases, takes many times as long as reading
JSON. So the wheel carries both: the TOML files, which are the source and hold proof and documentation, and `compiled.json`,
which holds only what judging needs. The rulebook reads the compiled file where there is one. The source tree never holds it,
so it cannot go stale there.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import tomllib
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import module_from_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# What documents and proves a rule. Nothing that judges reads these.
PROSE = frozenset({"examples", "counter_examples", "source", "name", "meaning", "title"})
SCOPES = ("standard", "vendors")


def compile_rules(root: Path) -> list[Any]:
    """The rule files of the tree `root` by path without suffix (`vendors/gmail`), and where their phrases are filed."""
    folder = root / "bouncelib" / "rules"
    tables = {
        path.relative_to(folder).with_suffix("").as_posix(): _without_prose(
            tomllib.loads(path.read_text(encoding="utf-8"))
        )
        for scope in SCOPES
        for path in sorted((folder / scope).glob("*.toml"))
    }
    return [tables, list(_file(root, tables))]


def _file(root: Path, tables: dict[str, dict[str, Any]]) -> tuple[Any, ...]:
    """Where the phrases of `tables` are filed, by the package's own module: the only one that needs nothing but Python."""
    loader = SourceFileLoader("bouncelib_filing", str(root / "bouncelib" / "rulebook" / "filing.py"))
    module = module_from_spec(ModuleSpec(loader.name, loader))
    sys.path.insert(0, str(root))
    try:
        loader.exec_module(module)
    finally:
        sys.path.remove(str(root))
    filed: tuple[Any, ...] = module.file_rules(tables.values())
    return filed


def _without_prose(table: dict[str, Any]) -> dict[str, Any]:
    return {
        key: [_without_prose(row) if isinstance(row, dict) else row for row in value]
        if isinstance(value, list)
        else value
        for key, value in table.items()
        if key not in PROSE
    }


class CompileRules(BuildHookInterface[Any]):
    """Puts `bouncelib/rules/compiled.json` into the wheel."""

    PLUGIN_NAME = "custom"
    _scratch: Path | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compiles the rules into a scratch folder, unless the install is editable: there the TOML is read."""
        if version == "editable":
            return
        self._scratch = Path(tempfile.mkdtemp(prefix="bouncelib-rules-"))
        compiled = self._scratch / "compiled.json"
        rules = compile_rules(Path(self.root))
        compiled.write_text(json.dumps(rules, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
        build_data["force_include"][str(compiled)] = "bouncelib/rules/compiled.json"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002 - hatchling's signature
        """Removes the scratch folder."""
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)
