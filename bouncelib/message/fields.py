"""Groups of fields, as machine-readable parts hold them (RFC 3464, section 2.1)."""

from __future__ import annotations

import re
from typing import Final

Group = list[tuple[str, str]]
"""One group of fields: names and unfolded values, in order."""

_GROUPS: Final = re.compile(r"\n[ \t]*\n\s*")
_FIELD: Final = re.compile(r"^([A-Za-z][A-Za-z0-9-]*):[ \t]*(.*)$", re.MULTILINE)


def split_groups(text: str) -> list[Group]:
    """Return the groups of fields in `text`, split at blank lines; a line that is no field continues the one before it.

    Tabs become spaces.
    """
    groups = []
    if "\t" in text:
        text = text.replace("\t", " ")
    for block in _GROUPS.split(text.strip("\n")):
        group: Group = _FIELD.findall(block)
        if len(group) != block.count("\n") + 1 or " \n" in block:
            group = _split_lines(block)
        if group:
            groups.append(group)
    return groups


def _split_lines(block: str) -> Group:
    group: Group = []
    for line in block.split("\n"):
        name, colon, value = line.partition(":")
        if colon and line[0] not in " \t" and name.rstrip().replace("-", "").isalnum():
            group.append((name.rstrip(), value.strip()))
        elif group:
            last, so_far = group[-1]
            group[-1] = (last, f"{so_far} {line.strip()}".strip())
    return group
