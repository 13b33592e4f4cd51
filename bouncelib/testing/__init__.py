"""The test kit: what our own formats and rules must pass, for yours.

`check_format()` and `check_rules()` need nothing but bouncelib. `bouncelib.testing.plugin` is a plugin for pytest that makes a
test of every message in a folder, `bouncelib.testing.strategies` holds what hypothesis builds. Neither is imported
here, and no plugin loads by itself: who does not use the kit does not pay for it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bouncelib.testing.contract import check_format, check_rules
    from bouncelib.testing.expectation import differences
    from bouncelib.testing.standing import stands

__all__ = ["check_format", "check_rules", "differences", "stands"]

_HOMES = (
    ("contract", ("check_format", "check_rules")),
    ("expectation", ("differences",)),
    ("standing", ("stands",)),
)


def __getattr__(name: str) -> Any:  # noqa: ANN401 - names of every type are looked up here
    for module, names in _HOMES:
        if name in names:
            return getattr(import_module(f"bouncelib.testing.{module}"), name)
    raise AttributeError(f"module 'bouncelib.testing' has no attribute {name!r}")
