"""Patterns that are compiled when they are first used.

The patterns of all formats together take longer to compile than everything else that a first parse does, and a message needs
few of them.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast

_METHODS = ("search", "match", "fullmatch", "finditer", "findall", "split", "sub", "subn")


class Late:
    """Stands for the pattern `text`; has its methods as attributes of its own once one of them has been asked for."""

    def __init__(self, text: str | bytes, flags: int) -> None:
        """Keep what `re.compile` takes."""
        self._text = text
        self._flags = flags

    def compile(self) -> re.Pattern[Any]:
        """Return the pattern."""
        return re.compile(self._text, self._flags)

    def __getattr__(self, name: str) -> object:
        # Called for what is not there yet. From now on a search costs what it costs on the pattern itself.
        if name.startswith("__"):
            raise AttributeError(name)
        compiled = self.compile()
        for method in _METHODS:
            setattr(self, method, getattr(compiled, method))
        found: object = getattr(compiled, name)
        return found


def late(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return what behaves as the pattern `text`, and is compiled when it is first used."""
    return cast("re.Pattern[AnyStr]", Late(text, flags))
