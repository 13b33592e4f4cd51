"""One message and its place, and what reading is bounded by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from attrs import define, evolve, frozen

from bouncelib.errors import SourceError
from bouncelib.message.limits import DEFAULT_LIMITS

MESSAGE_BYTES: Final = DEFAULT_LIMITS.message_bytes
NESTING: Final = 4
"""Archives and compressed files within each other."""
_RATIO: Final = 500
_FREE: Final = 1 << 26
"""How far anything may expand: so many times what was read of it, above so many bytes."""


class Readable(Protocol):
    """Whatever bytes can be read from."""

    def read(self, size: int = -1, /) -> bytes:
        """Return at most `size` bytes; none at the end."""
        ...


class Mail(NamedTuple):
    """One message, and where it came from."""

    origin: str
    """For people: the file, in an archive followed by ``!`` and the member, in an mbox by ``#`` and the number from 1. ``-`` is
    standard input."""
    raw: bytes
    """The message, without its mbox separator."""
    path: str = ""
    """The file as it was found."""
    offset: int = 0
    """Where the message begins in its file, in bytes; of what is compressed, in what came out."""
    key: str = ""
    """What finds it again within `path`: the number in an mbox, the unique name in a Maildir, the member of an
    archive, the UID on a server."""
    flags: tuple[str, ...] = ()
    """The letters that a Maildir has for the message, as ``S`` for one that was seen, or the flags of IMAP, as ``\\Seen``."""


@frozen
class Place:
    """A file or a member of an archive, while it is read."""

    origin: str
    path: str
    name: str
    """What its suffix is taken from."""
    key: str = ""
    flags: tuple[str, ...] = ()
    whole: bool = False
    """Whether it is one message, whatever is in it."""
    named: bool = True
    """Whether the user named it: anything is taken for mail then. Else it must look like mail."""
    depth: int = 0

    def member(self, name: str, *, whole: bool, named: bool) -> Place:
        """Return the place of what lies within this one under `name`."""
        key = f"{self.key}!{name}" if self.key else name
        return evolve(
            self, origin=f"{self.origin}!{name}", name=name, key=key, whole=whole, named=named, depth=self.depth + 1
        )

    def unpacked(self, suffixes: frozenset[str]) -> Place:
        """Return the place of what comes out of this compressed file: without the compressor's suffix."""
        stem, dot, suffix = self.name.rpartition(".")
        name = stem if dot and f".{suffix.lower()}" in suffixes else self.name
        return evolve(self, name=name, whole=self.whole or is_one_message(name), depth=self.depth + 1)


def is_one_message(name: str) -> bool:
    """Return whether a file of this name is one message, whatever it looks like."""
    return name.lower().endswith(".eml")


def is_mailbox(name: str) -> bool:
    """Return whether a file of this name is an mbox."""
    return name.lower().endswith((".mbox", ".mbx"))


@define
class Meter:
    """Holds what comes out of an archive against what went in: a bomb is nothing but that ratio."""

    taken: int = 0
    given: int = 0

    @property
    def spent(self) -> bool:
        """Whether too much came out."""
        return self.given > _FREE + _RATIO * self.taken

    def took(self, count: int) -> None:
        """Count what was read of the archive."""
        self.taken += count

    def gave(self, count: int, origin: str) -> None:
        """Count what came out; raise `SourceError` where it is too much."""
        self.given += count
        if self.spent:
            raise SourceError(f"{origin}: expands to more than {_RATIO} times its size: not read any further")


@frozen
class Reading:
    """What one call of `read_mail` is bounded by, and who is told of what cannot be read."""

    limit: int
    """The longest message, in bytes."""
    fail: Callable[[SourceError], None]
    meter: Meter


class Counted:
    """A stream whose bytes are counted as they are read; `head` comes first."""

    __slots__ = ("_count", "_file", "_head")

    def __init__(self, file: Readable, head: bytes, count: Callable[[int], None]) -> None:
        """Read `head`, which came from `file`, and then the rest of it."""
        self._file = file
        self._head = head
        self._count = count

    def read(self, size: int = -1, /) -> bytes:
        """Return at most `size` bytes; all that is left where that is negative."""
        head = self._head
        if head:
            piece, self._head = (head, b"") if size < 0 else (head[:size], head[size:])
            if size < 0:
                piece += self._file.read()
        else:
            piece = self._file.read(size)
        self._count(len(piece))
        return piece


def failure(origin: str, error: BaseException) -> SourceError:
    """Return `error` with the place where it happened."""
    if isinstance(error, SourceError):
        return error
    return SourceError(f"{origin}: {getattr(error, 'strerror', None) or str(error) or type(error).__name__}")
