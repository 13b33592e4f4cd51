"""What others add to every parser: decorated functions, and the entry points of installed packages.

What is added is kept as a snapshot that never changes; adding and removing swap it for another one. A parser takes the
snapshot of the moment in which it is built; `parse_bounce` always reads with the latest.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from functools import cache, lru_cache, update_wrapper
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Self, cast
from warnings import warn

from attrs import field, frozen

from bouncelib.errors import FormatError
from bouncelib.format import Fingerprint, Format
from bouncelib.guard import Judge
from bouncelib.message import Message
from bouncelib.model import Evidence, Judgement, Kind, Reading
from bouncelib.rulebook import Rules, load_rules

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint
    from types import TracebackType

Read = Callable[[Message], Reading | Iterable[Evidence] | None]

SWITCH: Final = "BOUNCELIB_PLUGINS"
"""The environment variable that turns plugins off where it is ``0``, ``off``, ``no`` or ``false``."""


@frozen(eq=False)
class Plugins:
    """What is added at one moment: formats and judges before the parser's own, rules before the shipped ones."""

    formats: tuple[Format, ...] = ()
    judges: tuple[tuple[str, Judge], ...] = ()
    rules: tuple[Rules, ...] = field(default=(), repr=False)


class _Registry:
    """The decorated functions, by kind and name; a later one replaces an earlier one of the same name."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._added: tuple[Registration, ...] = ()
        self._plugins: Plugins | None = None

    def add(self, new: Registration) -> None:
        with self._lock:
            same = (type(new), new.name)
            self._added = (*(one for one in self._added if (type(one), one.name) != same), new)
            self._plugins = None

    def remove(self, old: Registration) -> None:
        with self._lock:
            self._added = tuple(one for one in self._added if one is not old)
            self._plugins = None

    def current(self) -> Plugins:
        plugins = self._plugins
        if plugins is None:
            with self._lock:
                packages = installed()
                added = self._added
                plugins = self._plugins = Plugins(
                    (*(one.format for one in added if isinstance(one, Heuristic)), *packages.formats),
                    tuple((one.name, one) for one in added if isinstance(one, DecoratedJudge)),
                    packages.rules,
                )
        return plugins


class Registration:
    """A decorated function's handle, called as the function is; `remove()` takes it out of every parser built from then on."""

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        """Add `function` as `name`; raise `FormatError` where either is no such thing."""
        if not (name and callable(function)):
            raise FormatError(f"a plugin needs a name and a function, not {name!r} and {function!r}")
        update_wrapper(cast("Any", self), function)
        self.name = name
        self._function = function

    def remove(self) -> None:
        """Take the function out; to do so twice is no error."""
        _REGISTRY.remove(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    def __reduce__(self) -> str:
        # By name, as functions are: the name in the module holds this and no longer the bare function.
        return str(getattr(self, "__qualname__", self.name))


class Heuristic(Registration):
    """A format that is a decorated function."""

    def __init__(
        self, name: str, function: Read, fingerprint: Fingerprint | Iterable[Fingerprint] | None, kind: Kind
    ) -> None:
        """Add the format `name`, asked where `fingerprint` fits."""
        super().__init__(name, function)
        if fingerprint is None:
            fingerprints: tuple[Fingerprint, ...] = ()
        else:
            fingerprints = (fingerprint,) if isinstance(fingerprint, Fingerprint) else tuple(fingerprint)
        if not all(isinstance(one, Fingerprint) for one in fingerprints):
            raise FormatError(f"heuristic {name!r}: a fingerprint is a Fingerprint, or several")
        self.format = Format(name, fingerprints, read=self, kind=Kind(kind))
        """The format, to be passed to a `BounceParser` or to the test kit."""
        _REGISTRY.add(self)

    def __call__(self, message: Message) -> Reading | Iterable[Evidence] | None:
        """Return what the function makes of `message`."""
        return self._function(message)  # type: ignore[no-any-return]  # checked by the guard


class DecoratedJudge(Registration):
    """A judge that is a decorated function."""

    def __init__(self, name: str, function: Judge) -> None:
        """Add the judge `name`."""
        super().__init__(name, function)
        _REGISTRY.add(self)

    def __call__(self, evidence: Evidence) -> Judgement | None:
        """Return what the function says of `evidence`."""
        return self._function(evidence)  # type: ignore[no-any-return]  # checked by the guard


_REGISTRY: Final = _Registry()


def heuristic(
    name: str, *, fingerprint: Fingerprint | Iterable[Fingerprint] | None = None, kind: Kind = Kind.BOUNCE
) -> Callable[[Read], Heuristic]:
    """Make a format of the function: a message comes in, a `Reading`, some `Evidence` or None goes out.

    It is asked before the formats of the package, where one of the fingerprints fits; without one, of every message. What
    it yields is a report of deliveries, or of `kind` where that is none. It replaces the format that has the same name. The
    name then holds a handle with `remove()`. Raises `FormatError` where an argument is wrong.
    """
    return lambda function: Heuristic(name, function, fingerprint, kind)


def judge(name: str) -> Callable[[Judge], DecoratedJudge]:
    """Make a judge of the function: the `Evidence` of one recipient comes in, a `Judgement` or None goes out.

    Judges are asked before all rules. A later one replaces an earlier one of the same name. The name then holds a handle
    with `remove()`. Raises `FormatError` where the name is none.
    """
    return lambda function: DecoratedJudge(name, function)


def current() -> Plugins:
    """Return what is added at this moment; the entry points are read on the first call."""
    return _REGISTRY.current()


def switched_on() -> bool:
    """Return whether the environment lets plugins in."""
    return _lets_in(os.environ.get(SWITCH))


@lru_cache(maxsize=16)
def _lets_in(word: str | None) -> bool:
    return (word or "").strip().lower() not in {"0", "off", "no", "false"}


@cache
def installed() -> Plugins:
    """Return what the entry points ``bouncelib.formats`` and ``bouncelib.rules`` bring.

    A broken one is left out, with a `RuntimeWarning` that names its distribution.
    """
    formats: list[Format] = []
    rules: list[Rules] = []
    for point in _entry_points():
        try:
            if point.group == "bouncelib.formats":
                formats += _formats_of(point.load())
            else:
                rules += _rules_of(point.load())
        except Exception as error:  # noqa: BLE001 - whatever a stranger's package raises, parsing goes on
            home = f"{point.dist.name} {point.dist.version}" if point.dist else "an unknown distribution"
            warn(
                f"entry point {point.name} ({point.group}) of {home} is left out: {type(error).__name__}: {error}",
                RuntimeWarning,
                stacklevel=2,
            )
    return Plugins(tuple(formats), (), tuple(rules))


def _formats_of(value: Any) -> list[Format]:  # noqa: ANN401 - whatever a stranger offers
    values = [value] if isinstance(value, (Format, Heuristic)) else list(value)
    formats = [one.format if isinstance(one, Heuristic) else one for one in values]
    for one in formats:
        if not isinstance(one, Format):
            raise FormatError(f"{one!r} is no Format")
    return formats


def _rules_of(value: Any) -> list[Rules]:  # noqa: ANN401 - as above
    if callable(value):
        value = value()
    values = [value] if isinstance(value, (Rules, str, os.PathLike)) else list(value)
    rules = [one if isinstance(one, Rules) else load_rules(Path(one)) for one in values]
    for one in rules:
        assert one.rules is not None  # noqa: S101 - checked now, for the error to name the distribution
    return rules


def _entry_points() -> list[EntryPoint]:
    if not _announced():
        return []
    from importlib.metadata import entry_points

    return [point for group in ("bouncelib.formats", "bouncelib.rules") for point in entry_points(group=group)]


def _announced() -> bool:
    """Return whether any package on the path may have entry points for us: far cheaper than to ask for them."""
    for folder in dict.fromkeys(sys.path):
        try:
            with os.scandir(folder or ".") as entries:
                names = [entry.path for entry in entries if entry.name.endswith((".dist-info", ".egg-info"))]
        except NotADirectoryError:
            if Path(folder).is_file():
                # An archive: only the standard library looks inside.
                return True
            continue
        except OSError:
            continue
        for name in names:
            try:
                with Path(name, "entry_points.txt").open("rb") as file:
                    if b"bouncelib." in file.read():
                        return True
            except OSError:
                continue
    return False
