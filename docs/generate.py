"""Writes the manual page, and the tables of docs/vocabulary.md that follow from the rules; `--check` says if they are fresh.

A generated part stands between `<!-- generated: NAME -->` and `<!-- end of generated -->`. The rest of that
page is written by hand.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import manpage

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[1]
VOCABULARY = ROOT / "docs" / "vocabulary.md"
MANUAL = ROOT / "docs" / "bouncelib.1"
STANDARD = ROOT / "bouncelib" / "rules" / "standard"
PART = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end of generated -->)", re.DOTALL)


def rules(name: str) -> list[dict[str, Any]]:
    """The rules of one file of the standard, in their order."""
    rows: list[dict[str, Any]] = tomllib.loads((STANDARD / f"{name}.toml").read_text(encoding="utf-8"))["rule"]
    return rows


def verdict(rule: dict[str, Any]) -> str:
    """The verdict that the rule brings: its own, or its reason's."""
    # Here, so that the package is looked for in this tree only, whatever is installed.
    sys.path.insert(0, str(ROOT))
    from bouncelib.model import REASONS, Reason

    return str(rule.get("verdict") or REASONS[Reason(rule["reason"])][1])


def cell(text: str) -> str:
    """Text that cannot break out of its cell: one line, no bare pipe."""
    return " ".join(text.split()).replace("|", "\\|")


def code(words: Iterable[str]) -> str:
    """The words as code, with commas."""
    return ", ".join(f"`{cell(word)}`" for word in words)


def link(source: str) -> str:
    """The source as a link where it is one."""
    return f"<{source}>" if source.startswith("https://") else cell(source)


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in lines)


def conditions(rule: dict[str, Any]) -> str:
    """What must hold for the rule to decide, in words."""
    parts = [f"{key} {code(rule[key])}" for key in ("status", "reply", "stage", "action") if key in rule]
    parts += [f"says {code(rule['says'])}"] if "says" in rule else []
    parts += [f"and {code(rule['also'])}"] if "also" in rule else []
    parts += [f"but not {code(rule['unless'])}"] if "unless" in rule else []
    parts += [f"pattern {code([rule['pattern']])}"] if "pattern" in rule else []
    return "; ".join(parts)


def status() -> str:
    """The enhanced status codes."""
    return table(
        ("code", "conditions", "name", "meaning", "reason", "verdict", "weak", "source"),
        (
            (
                code(rule["status"]),
                conditions({key: value for key, value in rule.items() if key != "status"}),
                cell(rule.get("name", "")),
                cell(rule.get("meaning", "")),
                f"`{rule['reason']}`",
                verdict(rule),
                "weak" if rule.get("weak") else "",
                link(rule.get("source", "")),
            )
            for rule in rules("status")
        ),
    )


def reply() -> str:
    """The SMTP replies."""
    return table(
        ("reply", "conditions", "meaning", "reason", "verdict", "source"),
        (
            (
                code(rule.get("reply", ())),
                conditions({key: value for key, value in rule.items() if key != "reply"}),
                cell(rule.get("meaning", "")),
                f"`{rule['reason']}`",
                verdict(rule),
                link(rule.get("source", "")),
            )
            for rule in rules("reply")
        ),
    )


def conflicts() -> str:
    """Where code and words contradict each other."""
    return table(
        ("rule", "when", "reason", "verdict", "source"),
        (
            (
                f"`standard/conflicts/{rule['id']}`",
                conditions(rule),
                f"`{rule['reason']}`",
                verdict(rule),
                link(rule.get("source", "")),
            )
            for rule in rules("conflicts")
        ),
    )


def phrases() -> str:
    """The words that name a cause."""
    return table(
        ("rule", "phrases", "reason", "verdict", "weak"),
        (
            (
                f"`standard/phrases/{rule['id']}`",
                conditions(rule),
                f"`{rule['reason']}`",
                verdict(rule),
                "weak" if rule.get("weak") else "",
            )
            for rule in rules("phrases")
        ),
    )


TABLES = (status, reply, conflicts, phrases)


def pages() -> dict[Path, str]:
    """What each generated page should hold."""
    makers = {table.__name__: table for table in TABLES}
    vocabulary = PART.sub(
        lambda part: f"{part[1]}\n{makers[part[2]]()}\n{part[3]}", VOCABULARY.read_text(encoding="utf-8")
    )
    return {VOCABULARY: vocabulary, MANUAL: manpage.page()}


def main(arguments: list[str]) -> int:
    """Writes the pages, or checks them; 1 where one is stale."""
    stale = {path: new for path, new in pages().items() if not path.exists() or path.read_text(encoding="utf-8") != new}
    for path, new in stale.items():
        if arguments == ["--check"]:
            print(f"{path.relative_to(ROOT)} is stale: run python docs/generate.py", file=sys.stderr)
        else:
            path.write_text(new, encoding="utf-8")
    return int(bool(stale) and arguments == ["--check"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
