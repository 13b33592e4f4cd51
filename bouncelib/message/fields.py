"""Groups of fields, as machine-readable parts hold them (RFC 3464, section 2.1)."""

from __future__ import annotations

import re
from typing import Final

Group = list[tuple[str, str]]
"""One group of fields: names and unfolded values, in order."""

_GROUPS: Final = re.compile(r"\n[ \t]*\n\s*")
_FIELD: Final = re.compile(r"^([A-Za-z][A-Za-z0-9-]*):[ \t]*(.*)$", re.MULTILINE)
_FOLD: Final = re.compile(r"\n +")


def split_groups(text: str, most: int = 0, lines: int = 0) -> list[Group]:
    """Return the groups of fields in `text`, split at blank lines; a line that is no field continues the one before it.

    Tabs become spaces. Of more than `most` groups, and of more than `lines` lines in one, the rest are left out; 0 takes all.
    """
    groups = []
    if "\t" in text:
        text = text.replace("\t", " ")
    text = text.strip("\n")
    # As software writes it: one empty line between two groups.
    plain = "\n\n\n" not in text and "\n " not in text
    blocks = text.split("\n\n", most or -1) if plain else _GROUPS.split(text, most)
    for block in blocks[:most] if most else blocks:
        if lines and block.count("\n") >= lines:
            block = "\n".join(block.split("\n", lines)[:lines])  # noqa: PLW2901 - what is looked at of it
        group = _split_fields(block)
        if group:
            groups.append(group)
    return groups


def _split_fields(block: str) -> Group:
    plain = block
    if " \n" in plain or plain[-1:] == " ":
        plain = "\n".join([line.rstrip(" ") for line in plain.split("\n")])
    if "\n " in plain:
        plain = _FOLD.sub(" ", plain)
    group: Group = _FIELD.findall(plain)
    return group if len(group) == plain.count("\n") + 1 else _split_lines(block)


def _split_lines(block: str) -> Group:
    """Return the fields of `block`, some of whose lines are neither fields nor folded."""
    group: list[tuple[str, list[str]]] = []
    for line in block.split("\n"):
        name, colon, value = line.partition(":")
        if colon and line[0] not in " \t" and name.rstrip().replace("-", "").isalnum():
            group.append((name.rstrip(), [value.strip()]))
        elif group:
            group[-1][1].append(line.strip())
    return [(name, " ".join(filter(None, pieces))) for name, pieces in group]
