"""Expectations: what NAME.json says that a report of NAME.eml holds; compared with a report, and written from one.

An expectation is a part of `BounceReport.to_dict()`. A key that is absent is not asserted, and null asserts that there is
nothing. Of `recipients`, number and order are asserted, and of each recipient the keys that are given. `why` and
`provenance` are for people.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from bouncelib.parser import BounceParser, Raw

NOTES: Final = ("why", "provenance")
# What a new expectation says: the first always, the second where the report has it.
_REPORT: Final = (("kind", "format", "recipients"), ("reporting_mta", "envelope_id", "new_address"))
_RECIPIENT: Final = (
    ("address", "action", "status", "smtp_code", "verdict", "reason"),
    ("original_address", "remote_mta", "diagnostic"),
)


def read_expectation(path: Path) -> dict[str, Any]:
    """Return the expectation in the file `path`; raise `ValueError` where there is none in it."""
    data = json.loads(path.read_text("utf-8"))
    if not isinstance(data, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - a value in a file, not an argument
    return data


def write_expectation(path: Path, wanted: Mapping[str, Any]) -> None:
    """Write `wanted` to the file `path`, one key a line."""
    path.write_text(json.dumps(wanted, indent=2, ensure_ascii=False) + "\n", "utf-8", newline="\n")


def differences(wanted: Mapping[str, Any], got: Mapping[str, Any]) -> list[str]:
    """Return each difference between the expectation `wanted` and the report `got` (its `to_dict()`), a line each."""
    return [line for key, value in wanted.items() if key not in NOTES for line in _compare(key, value, key, got)]


def _compare(name: str, wanted: Any, key: str, got: Mapping[str, Any]) -> Iterator[str]:  # noqa: ANN401 - JSON
    if key not in got:
        yield f"{name}: a report has no such key"
        return
    found = got[key]
    if isinstance(wanted, dict) and isinstance(found, dict):
        for inner, value in wanted.items():
            yield from _compare(f"{name}.{inner}", value, inner, found)
    elif key == "recipients" and isinstance(wanted, list):
        if len(wanted) != len(found):
            shown = ", ".join(str(one["address"]) for one in found) or "none"
            yield f"{name}: {len(wanted)} expected, {len(found)} found: {shown}"
        for place, (row, recipient) in enumerate(zip(wanted, found, strict=False)):
            for inner, value in row.items():
                yield from _compare(f"{name}[{place}].{inner}", value, inner, recipient)
    elif wanted != found:
        yield f"{name}: {_shown(wanted)} expected, {_shown(found)} found"


def _shown(value: Any) -> str:  # noqa: ANN401 - JSON
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)


def rewritten(wanted: Mapping[str, Any] | None, got: Mapping[str, Any]) -> dict[str, Any]:
    """Return the expectation that the report `got` fulfils: with the keys of `wanted`, or all that matter where that is None."""
    if wanted is None:
        return {"why": "", **_telling(got, _REPORT)}
    out: dict[str, Any] = {}
    for key, value in wanted.items():
        if key in NOTES:
            out[key] = value
        elif key == "recipients" and isinstance(value, list):
            out[key] = [_row(value, place, one) for place, one in enumerate(got[key])]
        elif isinstance(value, dict) and isinstance(got.get(key), dict):
            out[key] = {inner: got[key][inner] for inner in value if inner in got[key]}
        elif key in got:
            out[key] = got[key]
    return out


def _row(rows: list[Any], place: int, recipient: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is said of a recipient: by the keys of its row, or of the last one where the report has more of them."""
    if not rows:
        return _telling(recipient, _RECIPIENT)
    return {key: recipient[key] for key in rows[min(place, len(rows) - 1)] if key in recipient}


def _telling(got: Mapping[str, Any], keys: tuple[tuple[str, ...], tuple[str, ...]]) -> dict[str, Any]:
    always, stated = keys
    out = {key: got[key] for key in always} | {key: got[key] for key in stated if got[key] is not None}
    if "recipients" in out:
        out["recipients"] = [_telling(one, _RECIPIENT) for one in out["recipients"]]
    return out


def _with_ends(end: bytes) -> Callable[[bytes], Raw | None]:
    def dress(raw: bytes) -> Raw | None:
        raw = raw.replace(b"\r\n", b"\n")
        # A mail with CRs of its own would be another one.
        return None if b"\r" in raw else raw.replace(b"\n", end)

    return dress


_DRESSES: Final[tuple[tuple[str, Callable[[bytes], Raw | None]], ...]] = (
    ("", lambda raw: raw),
    ("with CRLF line ends: ", _with_ends(b"\r\n")),
    ("with CR line ends: ", _with_ends(b"\r")),
    ("as text: ", lambda raw: raw.decode("utf-8", "surrogateescape")),
)
"""The ways in which a message reaches a program, all of which must give the same."""


def check_case(raw: bytes, wanted: Mapping[str, Any], parser: BounceParser) -> list[str]:
    """Return how reports of `raw` differ from `wanted`: as it stands or, where that is right, in another dress."""
    for name, dress in _DRESSES:
        dressed = dress(raw)
        found = [] if dressed is None else differences(wanted, parser.parse(dressed).to_dict())
        if found:
            return [name + line for line in found]
    return []
