"""The design, held by machine: who may import whom, one home a package, small files, no shared state."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import bouncelib

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

PACKAGE = Path(bouncelib.__file__).parent

# A module may import from a lower layer, or a module that stands before it in its own. A package counts as one
# (its own files are free), but for `formats`, whose files never see each other. A new module gets its place here.
LAYERS = (
    ("model", "errors", "patterns"),
    ("words", "smtp", "address", "returnpath", "text"),
    ("message", "signs", "notice", "places", "reports", "told"),
    ("format", "rulebook"),
    ("formats",),
    ("guard", "dispatch", "gather", "candidates", "envelope", "classify", "genuine", "plugins"),
    ("parser",),
    ("mailbox", "logs", "rulecheck", "batch", "arrow", "redaction", "htmlreport", "testing"),
    ("cli", "__main__"),
)
ORDER = {name: (number, place) for number, layer in enumerate(LAYERS) for place, name in enumerate(layer)}
# The package itself: its `__init__` re-exports, so the core must not import from it; what sits on top may.
ROOT_USERS = frozenset(name for layer in LAYERS[7:] for name in layer)

# The two walls: a format cannot judge, a judge cannot read mail.
WALLS = (("formats", frozenset({"rulebook", "classify"})), ("classify", frozenset({"message", "format"})))

HOMES = {
    "chardet": "text",
    "click": "cli",
    "extract_msg": "mailbox.outlook",
    "flufl": "formats.flufl",
    "hatchling": "rules.build",
    "hypothesis": "testing.strategies",
    "imap_tools": "mailbox.imap",
    "jinja2": "htmlreport",
    "mailparser": "message",
    "markupsafe": "htmlreport",
    "pyarrow": "arrow",
    "pygal": "htmlreport.charts",
    "pytest": "testing.plugin",
    "rich": "cli",
}
LONGEST_FILE = 400

FILES = sorted(path for path in PACKAGE.rglob("*.py"))
IDS = [path.relative_to(PACKAGE).as_posix() for path in FILES]
each_file = pytest.mark.parametrize("path", FILES, ids=IDS)


def dotted(path: Path) -> str:
    """`formats.exim` for bouncelib/formats/exim.py; the package's own `__init__` is ``."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_module(name: str) -> bool:
    path = PACKAGE.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def imports(path: Path) -> Iterator[str]:
    """Every import in the file, wherever it stands, as an absolute dotted name."""
    inside = ("bouncelib", *path.relative_to(PACKAGE).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = inside[: len(inside) - node.level + 1] if node.level else ()
            module = ".".join((*base, *([node.module] if node.module else [])))
            yield from (f"{module}.{alias.name}" for alias in node.names)


def own_imports(path: Path) -> Iterator[str]:
    """The modules of bouncelib that the file imports, without the package's name; `` is the package itself."""
    for name in imports(path):
        first, _, rest = name.partition(".")
        if first != "bouncelib":
            continue
        while rest and not is_module(rest):
            rest = rest.rpartition(".")[0]
        yield rest


def head(name: str) -> str:
    return name.partition(".")[0]


@each_file
def test_every_module_has_its_place_in_the_layers(path: Path) -> None:
    assert head(dotted(path)) in {*ORDER, "", "rules"}


@each_file
def test_imports_go_down(path: Path) -> None:
    me = head(dotted(path))
    if me not in ORDER:
        pytest.skip("the package's own __init__, or the build hook: no part of the layers")
    wrong = [
        name or "bouncelib itself"
        for name in own_imports(path)
        if (not name and me not in ROOT_USERS)
        or (head(name) in ORDER and head(name) != me and ORDER[head(name)] >= ORDER[me])
    ]
    assert wrong == []


@pytest.mark.parametrize(("module", "forbidden"), WALLS, ids=[module for module, _ in WALLS])
def test_the_walls_stand(module: str, forbidden: frozenset[str]) -> None:
    files = [path for path in FILES if head(dotted(path)) == module]
    assert files, f"no file of {module} was found"
    wrong = [(dotted(path), name) for path in files for name in own_imports(path) if head(name) in forbidden]
    assert wrong == []


def test_formats_do_not_import_each_other() -> None:
    wrong = [
        (me, name)
        for path in FILES
        if (me := dotted(path)).startswith("formats.")
        for name in own_imports(path)
        if head(name) == "formats" and name.split(".")[:2] != me.split(".")[:2]
    ]
    assert wrong == []


@each_file
def test_each_third_party_package_has_one_home(path: Path) -> None:
    allowed = {"bouncelib", "attr", "attrs"}
    if head(dotted(path)) == "formats":
        # A format defines no values of its own, but may keep a draft of one while it reads.
        allowed = {"bouncelib", "attrs"}
    me = dotted(path)
    wrong = [
        name
        for name in imports(path)
        if (package := head(name)) not in sys.stdlib_module_names
        and package not in allowed
        and not (package in HOMES and (me == HOMES[package] or me.startswith(f"{HOMES[package]}.")))
    ]
    assert wrong == []


@each_file
def test_files_stay_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


MUTABLE_NODES = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
MUTABLE_TYPES = frozenset({"list", "dict", "set", "bytearray", "defaultdict", "OrderedDict", "Counter", "deque"})


def called(node: ast.Call) -> str:
    function = node.func
    return (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )


def is_mutable(node: ast.AST | None) -> bool:
    """Whether the value can be changed in place, as far as the syntax tells."""
    if isinstance(node, ast.Call):
        if called(node) == "MappingProxyType" and node.args and isinstance(node.args[0], ast.Dict):
            return any(is_mutable(value) for value in node.args[0].values)
        return called(node) in MUTABLE_TYPES
    if isinstance(node, ast.Tuple):
        return any(is_mutable(element) for element in node.elts)
    if isinstance(node, ast.IfExp):
        return is_mutable(node.body) or is_mutable(node.orelse)
    return isinstance(node, MUTABLE_NODES)


def module_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run on import, also those inside `if`, `try`, `with` and class bodies."""
    for node in body:
        yield node
        for field in ("body", "orelse", "finalbody"):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from module_level(getattr(node, field, []))
        for handler in getattr(node, "handlers", []):
            yield from module_level(handler.body)


def shared_state(source: str) -> list[str]:
    """The names that a module's own level binds to something that can be changed in place."""
    found = []
    for node in module_level(ast.parse(source).body):
        if isinstance(node, ast.Assign | ast.AnnAssign) and is_mutable(node.value):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found += [name for target in targets if (name := ast.unparse(target)) != "__all__"]
    return found


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("A = []", ["A"]),
        ("A: Final = {1: 2}", ["A"]),
        ("A = (1, [2])", ["A"]),
        ("A = collections.defaultdict(list)", ["A"]),
        ("try:\n    A = set()\nexcept ImportError:\n    B = {1}", ["A", "B"]),
        ("class A:\n    b = []", ["b"]),
        ("A = MappingProxyType({1: [2]})", ["A"]),
        ("A = MappingProxyType({1: (2,)})", []),
        ("A = frozenset({1})\nB = tuple([1])\nC = (1, 2)", []),
        ("__all__ = ['A']", []),
        ("def a():\n    b = []", []),
    ],
)
def test_the_test_for_shared_state_sees_it(source: str, expected: list[str]) -> None:
    assert shared_state(source) == expected


@each_file
def test_no_module_holds_mutable_state(path: Path) -> None:
    assert shared_state(path.read_text(encoding="utf-8")) == []


SPY = """
import sys
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
import bouncelib
print(*sorted(sys.modules), sep="\\n")
print("--")
print(*(path for path in opened if path.endswith((".toml", ".json"))), sep="\\n")
"""


def test_import_reads_no_rules_and_loads_no_format(
    run_python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = run_python("-c", SPY)
    assert (done.returncode, done.stderr) == (0, "")
    modules, _, opened = done.stdout.partition("--\n")
    assert "bouncelib" in modules.split()
    heavy = {"chardet", "click", "email", "flufl", "importlib.metadata", "json", "mailparser", "rich", "tomllib"}
    loaded = set(modules.split())
    assert heavy & loaded == set()
    assert {name for name in loaded if name.startswith(("bouncelib.formats", "bouncelib.rulebook"))} == set()
    assert opened.split() == []
