"""Messages out of all that holds messages, one at a time, each with the place where it was found.

Files and mbox files, Maildirs, MH folders, folders of these, Outlook's .msg files, all of them compressed or in archives,
and standard input.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from bouncelib.errors import SourceError
from bouncelib.mailbox.folders import file, folder
from bouncelib.mailbox.mail import MESSAGE_BYTES, Mail, Meter, Place, Reading, failure, is_one_message
from bouncelib.mailbox.stream import messages

__all__ = ["Mail", "read_mail"]

OnError = Callable[[SourceError], object]


def read_mail(
    path: str | os.PathLike[str],
    *,
    on_error: OnError | None = None,
    stdin: BinaryIO | None = None,
    limit: int = MESSAGE_BYTES,
) -> Iterator[Mail]:
    """Yield each message in `path`: a file, an mbox file, a folder, an archive, or ``-`` for standard input.

    A folder is read with all its sub-folders, Maildirs and MH folders among them, in the order of their names; what is hidden or
    does not look like mail is passed over. gzip, bzip2, xz, zip and tar are read wherever they are met, Outlook's .msg
    files with the extra ``msg``. Nothing but the message at hand is held in memory, and of one that is longer than `limit`
    bytes that many and one more, so that the parser says that it was cut.

    Raises `SourceError` where `path` cannot be read or holds no message, at the place where it is damaged. A member of a folder
    or an archive that cannot be read is given to `on_error`, and the rest is read; without `on_error` it is raised too. `stdin`
    stands in for standard input.
    """

    def fail(error: SourceError) -> None:
        if on_error is None:
            raise error
        on_error(error)

    name = os.fspath(path)
    reading = Reading(limit, fail, Meter())
    try:
        if name == "-":
            yield from messages(stdin or sys.stdin.buffer, Place(name, name, name), reading)
        elif Path(name).is_dir():
            yield from folder(name, reading)
        else:
            yield from file(Place(name, name, Path(name).name, whole=is_one_message(name)), reading)
    except (OSError, ValueError) as error:
        raise failure(name, error) from error
