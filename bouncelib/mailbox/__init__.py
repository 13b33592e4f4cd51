"""Messages out of files, folders, mbox files, Maildirs and standard input, one at a time.

An mbox file (RFC 4155, appendix A) is split where a blank line is followed by a dated ``From `` line and that by a
header field, because bodies hold lines that begin with "From " too. A ``Content-Length`` is believed where it leads to
such a line or to the end. What is yielded is the message without its ``From `` line.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from bouncelib.errors import SourceError

__all__ = ["Mail", "read_mail"]

OnError = Callable[[SourceError], object]

_DAY: Final = rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_MONTH: Final = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_SEPARATOR: Final = re.compile(
    rb"From (?:[^\r\n]{0,400} )?(?:"
    # As asctime() writes it, or as RFC 5322 does; then the year, a time zone, "remote from".
    + _DAY
    + rb",? +(?:"
    + _MONTH
    + rb" +\d\d?|\d\d?[ -]"
    + _MONTH
    + rb"[ -]\d{4}),? +\d\d?:\d\d|\d{4}-\d\d-\d\d[T ]\d\d:\d\d)[^\r\n]{0,100}\r?\n?\Z"
)
_FIELD: Final = re.compile(rb"[!-9;-~]+[ \t]*:|>From ")
_QUOTED: Final = re.compile(rb"^>(>*From )", re.MULTILINE)
_UNQUOTED: Final = re.compile(rb"^From ", re.MULTILINE)
_LENGTH: Final = re.compile(rb"content-length[ \t]*:[ \t]*(\d{1,12})[ \t]*\r?\n", re.IGNORECASE)
# What a file in a folder must begin with to be taken for mail, where its name does not say so: two of these.
_KNOWN: Final = re.compile(
    rb"^(return-path|received|delivered-to|from|to|subject|date|message-id|mime-version|x-original-to)[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
_NOT_MAIL: Final = (
    (b"\x1f\x8b", "a gzip file"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ", "an xz file"),
    (b"PK\x03\x04", "a zip file"),
    (b"\xd0\xcf\x11\xe0", "an Outlook or other OLE file"),
)
_BLANK: Final = frozenset({b"\n", b"\r\n"})
_ONE_MESSAGE: Final = ".eml"
_MAILBOXES: Final = frozenset({".mbox", ".mbx"})
_MAILDIR: Final = frozenset({"cur", "new"})
_SNIFFED: Final = 4096


class Mail(NamedTuple):
    """One message, and where it came from."""

    origin: str
    """The file; in an mbox file followed by ``#`` and the message's number, from 1; ``-`` is standard input."""
    raw: bytes
    """The message, without its mbox separator."""


def read_mail(
    path: str | os.PathLike[str], *, on_error: OnError | None = None, stdin: BinaryIO | None = None
) -> Iterator[Mail]:
    """Yield each message in `path`: a file, an mbox file, a Maildir, a folder of these, or ``-`` for standard input.

    A folder is read with all its sub-folders, in the order of their names; what is hidden or does not look like mail is
    passed over. Nothing but the message at hand is held in memory. Raises `SourceError` where `path` cannot be read or
    holds no message. A member of a folder that cannot be read is given to `on_error`, and the rest is read; without
    `on_error` it is raised too. `stdin` stands in for standard input.
    """
    name = os.fspath(path)
    try:
        if name == "-":
            yield from _stream(stdin or sys.stdin.buffer, name)
        elif Path(name).is_dir():
            yield from _folder(name, on_error)
        else:
            yield from _file(name)
    except (OSError, ValueError) as error:
        raise _failure(name, error) from error


def _failure(name: str, error: OSError | ValueError) -> SourceError:
    return SourceError(f"{name}: {getattr(error, 'strerror', None) or error}")


def _file(name: str) -> Iterator[Mail]:
    if name.lower().endswith(_ONE_MESSAGE):
        yield from _whole(name)
        return
    with Path(name).open("rb") as file:
        yield from _stream(file, name)


def _stream(file: BinaryIO, origin: str) -> Iterator[Mail]:
    first = file.readline()
    while first in _BLANK:
        first = file.readline()
    if not first:
        raise SourceError(f"{origin}: no message in it")
    _refuse_other_files(first, origin)
    following = b""
    if _SEPARATOR.match(first):
        following = file.readline()
        if _FIELD.match(following):
            for number, raw in enumerate(_mbox(file, following), 1):
                yield Mail(f"{origin}#{number}", raw)
            return
    yield Mail(origin, b"".join((first, following, file.read())))


def _whole(name: str) -> Iterator[Mail]:
    """Yield the one message that the file `name` is, even an empty one."""
    raw = Path(name).read_bytes()
    _refuse_other_files(raw, name)
    yield Mail(name, raw)


def _refuse_other_files(start: bytes, origin: str) -> None:
    for magic, what in _NOT_MAIL:
        if start.startswith(magic):
            raise SourceError(f"{origin}: {what}, not mail")


def _mbox(file: BinaryIO, line: bytes) -> Iterator[bytes]:
    """Yield the messages of the mbox `file`, which stands behind `line`, the first after a separator."""
    while line:
        header = []
        while line and line not in _BLANK:
            header.append(line)
            line = file.readline()
        body = [line]
        length = _believable_length(file, header)
        if length:
            body.append(file.read(length))
        line, after_blank, following = file.readline(), True, b""
        while line:
            if after_blank and line.startswith(b"From ") and _SEPARATOR.match(line):
                following = file.readline()
                if _FIELD.match(following):
                    break
                body.append(line)
                line, after_blank, following = following, False, b""
                continue
            body.append(line)
            after_blank = line in _BLANK
            line = file.readline()
        # The blank line before a separator belongs to the mailbox.
        if len(body) > 1 and body[-1] in _BLANK:
            del body[-1]
        yield b"".join(header) + _unquote(b"".join(body))
        line = following


def _believable_length(file: BinaryIO, header: list[bytes]) -> int:
    """Return the Content-Length, or 0 where there is none or where no message ends there."""
    length = next((int(match[1]) for match in map(_LENGTH.match, header) if match), 0)
    if not length or not file.seekable():
        return 0
    here = file.tell()
    size = file.seek(0, os.SEEK_END)
    believable = here + length == size
    if here + length < size:
        file.seek(here + length)
        line = file.readline(1000)
        if line in _BLANK:
            line = file.readline(1000)
        believable = not line or _SEPARATOR.match(line) is not None
    file.seek(here)
    return length if believable else 0


def _unquote(body: bytes) -> bytes:
    """Return `body` with one ``>`` taken from each quoted ``From `` line.

    A bare ``From `` line shows that whoever wrote the file does not quote: then every ``>`` is the author's.
    """
    if b">From " not in body or _UNQUOTED.search(body):
        return body
    return _QUOTED.sub(rb"\1", body)


def _folder(top: str, on_error: OnError | None) -> Iterator[Mail]:
    empty = True

    def fail(error: SourceError) -> None:
        nonlocal empty
        empty = False
        if on_error is None:
            raise error
        on_error(error)

    for file, whole in _files(top, fail):
        try:
            for mail in _whole(file) if whole else _file(file):
                empty = False
                yield mail
        except OSError as error:
            # What vanishes from a Maildir was deleted by a mail program: nothing is wrong.
            if not (whole and isinstance(error, FileNotFoundError)):
                fail(_failure(file, error))
        except SourceError as error:
            fail(error)
    if empty:
        raise SourceError(f"{top}: a folder without messages")


def _files(top: str, fail: Callable[[SourceError], None]) -> Iterator[tuple[str, bool]]:
    """Yield the files under `top` that are mail, and whether each is one whole message by its place."""

    def unlisted(error: OSError) -> None:
        fail(_failure(str(error.filename or top), error))

    for folder, inside, names in os.walk(top, onerror=unlisted):
        if _MAILDIR.issubset(inside):
            # The sub-folders of a Maildir++ begin with a dot.
            inside[:] = sorted(name for name in inside if name not in {*_MAILDIR, "tmp"})
            yield from _maildir(Path(folder), unlisted)
        else:
            inside[:] = sorted(name for name in inside if not name.startswith("."))
        yield from _members(folder, names)


def _members(folder: str, names: list[str]) -> Iterator[tuple[str, bool]]:
    """Yield the files in `folder` that are mail by their name or by how they begin."""
    for name in sorted(names):
        path = Path(folder, name)
        if name.startswith("."):
            continue
        if path.suffix.lower() in {_ONE_MESSAGE, *_MAILBOXES} or _looks_like_mail(path):
            yield str(path), False


def _looks_like_mail(path: Path) -> bool:
    try:
        # Nothing but a plain file: to open a pipe would wait for its writer.
        if not stat.S_ISREG(path.stat().st_mode):
            return False
        with path.open("rb") as file:
            head = file.read(_SNIFFED).lstrip(b"\r\n")
    except OSError:
        # Whether it is mail is for the reader to find out, or to complain of.
        return not path.is_symlink()
    line, _, rest = head.partition(b"\n")
    if line.startswith(b"From ") and _FIELD.match(rest):
        return True
    block = re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0]
    return _FIELD.match(block) is not None and len({name.lower() for name in _KNOWN.findall(block)}) > 1


def _maildir(folder: Path, unlisted: Callable[[OSError], None]) -> Iterator[tuple[str, bool]]:
    """Yield the files of a Maildir, those in `new` first; one that moves to `cur` meanwhile comes once."""
    read: set[str] = set()
    for part in ("new", "cur"):
        try:
            names = sorted(path.name for path in (folder / part).iterdir())
        except OSError as error:
            unlisted(error)
            continue
        for name in names:
            # base:2,flags
            base = name.partition(":")[0]
            if name.startswith(".") or (part == "cur" and base in read):
                continue
            if part == "new":
                read.add(base)
            now = _where_now(folder, part, name)
            if now is not None:
                yield now, True


def _where_now(maildir: Path, part: str, name: str) -> str | None:
    """Return where the message is: a mail program may have moved it or changed its flags since it was listed."""
    path = maildir / part / name
    if path.exists():
        return str(path)
    base = name.partition(":")[0]
    with os.scandir(maildir / "cur") as entries:
        return next((entry.path for entry in entries if entry.name.partition(":")[0] == base), None)
