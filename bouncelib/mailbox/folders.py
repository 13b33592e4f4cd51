"""Folders: of messages and mbox files, Maildirs, MH folders."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from bouncelib.errors import SourceError
from bouncelib.mailbox.mail import Mail, Place, Reading, failure, is_one_message
from bouncelib.mailbox.stream import looks_like_mail, may_hold_mail, messages

_MAILDIR: Final = frozenset({"cur", "new"})
_MH: Final = frozenset({".mh_sequences", ".xmhcache"})
_SNIFFED: Final = 4096

OnFailure = Callable[[SourceError], None]


def file(place: Place, reading: Reading) -> Iterator[Mail]:
    """Yield the messages of the file at `place`."""
    with Path(place.path).open("rb") as opened:
        yield from messages(opened, place, reading)


def folder(top: str, reading: Reading) -> Iterator[Mail]:
    """Yield the messages in the folder `top` and in those within it, in the order of their names."""
    empty = True

    def fail(error: SourceError) -> None:
        nonlocal empty
        empty = False
        reading.fail(error)

    for place in _places(top, fail):
        # Each file has a meter of its own: what an ordinary one is large by must not pay for a bomb.
        inside = Reading(reading.limit, fail, type(reading.meter)())
        try:
            for mail in file(place, inside):
                empty = False
                yield mail
        except SourceError as error:
            fail(error)
        except OSError as error:
            # What vanishes from a Maildir was deleted by a mail program: nothing is wrong.
            if not (place.whole and isinstance(error, FileNotFoundError)) or Path(place.path).is_symlink():
                fail(failure(place.origin, error))
    if empty:
        raise SourceError(f"{top}: a folder without messages")


def _places(top: str, fail: OnFailure) -> Iterator[Place]:
    def unlisted(error: OSError) -> None:
        fail(failure(str(error.filename or top), error))

    for path, inside, names in os.walk(top, onerror=unlisted):
        if _MAILDIR.issubset(inside):
            # The sub-folders of a Maildir++ begin with a dot.
            inside[:] = sorted(name for name in inside if name not in {*_MAILDIR, "tmp"})
            yield from _maildir(Path(path), unlisted)
        else:
            inside[:] = sorted(name for name in inside if not name.startswith("."))
        yield from _files(path, names)


def _files(path: str, names: list[str]) -> Iterator[Place]:
    """Yield the files in a folder that are mail by their name, by their place or by how they begin."""
    is_mh = not _MH.isdisjoint(names)
    for name in sorted(names, key=_by_number):
        # MH and Gnus mark what is deleted with a comma or a hash.
        if name.startswith((".", ",", "#")):
            continue
        full = Path(path, name)
        if is_mh and name.isdecimal():
            yield Place(str(full), str(full), name, name, whole=True, named=False)
        elif may_hold_mail(name) or _looks_like_mail(full):
            yield Place(str(full), str(full), name, whole=is_one_message(name), named=False)


def _by_number(name: str) -> tuple[int, str]:
    """Return a key that sorts the numbers of MH as numbers, and all else behind them."""
    number = name if name.isascii() and name.isdecimal() else ""
    return (int(number[:18]), name) if number else (10**18, name)


def _looks_like_mail(path: Path) -> bool:
    try:
        # Nothing but a plain file: to open a pipe would wait for its writer.
        if not stat.S_ISREG(path.stat().st_mode):
            return False
        with path.open("rb") as opened:
            return looks_like_mail(opened.read(_SNIFFED))
    except OSError:
        # Whether it is mail is for the reader to find out, or to complain of.
        return not path.is_symlink()


def _maildir(path: Path, unlisted: Callable[[OSError], None]) -> Iterator[Place]:
    """Yield the files of a Maildir, those in `new` first; one that moves to `cur` meanwhile comes once."""
    read: set[str] = set()
    for part in ("new", "cur"):
        try:
            names = sorted(entry.name for entry in (path / part).iterdir())
        except OSError as error:
            unlisted(error)
            continue
        for name in names:
            base = name.partition(":")[0]
            if name.startswith(".") or (part == "cur" and base in read):
                continue
            if part == "new":
                read.add(base)
            now = _where_now(path, part, name)
            if now is not None:
                # unique:2,flags
                flags = tuple(Path(now).name.partition(":2,")[2])
                yield Place(now, now, Path(now).name, base, flags, whole=True, named=False)


def _where_now(maildir: Path, part: str, name: str) -> str | None:
    """Return where the message is: a mail program may have moved it or changed its flags since it was listed."""
    path = maildir / part / name
    if path.exists():
        return str(path)
    base = name.partition(":")[0]
    with os.scandir(maildir / "cur") as entries:
        return next((entry.path for entry in entries if entry.name.partition(":")[0] == base), None)
