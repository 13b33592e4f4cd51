"""The messages in one stream, which is told by how it begins: one message, an mbox, something compressed, an archive."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from attrs import evolve

from bouncelib.errors import SourceError
from bouncelib.mailbox import mbox
from bouncelib.mailbox.archives import ARCHIVES, COMPRESSED, DAMAGED, archive, decompressed
from bouncelib.mailbox.mail import (
    NESTING,
    Counted,
    Mail,
    Place,
    Readable,
    Reading,
    failure,
    is_mailbox,
    is_one_message,
)
from bouncelib.mailbox.outlook import OLE, message_of

_HEAD: Final = 4096
# What a file must begin with to be taken for mail, where neither its name nor the user says so: two of these.
_KNOWN: Final = re.compile(
    rb"^(return-path|received|delivered-to|from|to|subject|date|message-id|mime-version|x-original-to)[ \t]{0,9}:",
    re.IGNORECASE | re.MULTILINE,
)
_HEADER_END: Final = re.compile(rb"\n\r?\n")
_SUFFIXES: Final = tuple(COMPRESSED | ARCHIVES | {".msg", ".eml", ".mbox", ".mbx"})
_MAILDIR: Final = re.compile(r"(?:^|/)(?:cur|new)/[^/]+$")


def may_hold_mail(name: str) -> bool:
    """Return whether a file of this name is looked into wherever it lies."""
    return name.lower().endswith(_SUFFIXES)


def looks_like_mail(head: bytes) -> bool:
    """Return whether a file that begins with `head` is a message or an mbox."""
    head = head.lstrip(b"\r\n")
    line, _, rest = head.partition(b"\n")
    if line.startswith(b"From ") and mbox.FIELD.match(rest):
        return True
    end = _HEADER_END.search(head)
    block = head[: end.start()] if end else head
    return mbox.FIELD.match(block) is not None and len({name.lower() for name in _KNOWN.findall(block)}) > 1


def messages(file: Readable, place: Place, reading: Reading) -> Iterator[Mail]:
    """Yield the messages in `file`; raise `SourceError` where it ends in damage or holds none."""
    try:
        head = _all(file, _HEAD)
        # At the outermost level, what is read is what a bomb is measured by.
        stream = Counted(file, head, (lambda _: None) if place.depth else reading.meter.took)
        yield from _opened(stream, head, place, reading)
    except DAMAGED as error:
        raise failure(place.origin, error) from error


def _opened(stream: Readable, head: bytes, place: Place, reading: Reading) -> Iterator[Mail]:
    inner = decompressed(head, stream, place, reading)
    members = archive(head)
    if inner is not None or members is not None:
        _bounded(place)
    if inner is not None:
        yield from messages(inner, place.unpacked(COMPRESSED), reading)
    elif members is not None and not place.whole:
        yield from _members(members(stream, place, reading), place, reading)
    else:
        yield from _plain(stream, head, place, reading)


def _bounded(place: Place) -> None:
    if place.depth >= NESTING:
        raise SourceError(f"{place.origin}: more than {NESTING} archives in each other")


def _plain(stream: Readable, head: bytes, place: Place, reading: Reading) -> Iterator[Mail]:
    if head.startswith(OLE):
        raw = message_of(stream.read(reading.limit), place.origin)
        yield Mail(place.origin, raw, place.path, key=place.key, flags=place.flags)
    elif place.whole:
        raw = _all(stream, reading.limit + 1)
        yield Mail(place.origin, raw, place.path, key=place.key, flags=place.flags)
    elif not place.named and not is_mailbox(place.name) and not looks_like_mail(head):
        return
    elif mbox.is_mbox(head):
        for number, piece in enumerate(mbox.split(stream, reading.limit), 1):
            key = f"{place.key}#{number}" if place.key else str(number)
            yield Mail(f"{place.origin}#{number}", piece.raw, place.path, piece.offset, key)
    else:
        raw = _all(stream, reading.limit + 1)
        start = len(raw) - len(raw.lstrip(b"\r\n"))
        if start == len(raw):
            raise SourceError(f"{place.origin}: no message in it")
        yield Mail(place.origin, raw[start:], place.path, start, place.key)


def _all(stream: Readable, most: int) -> bytes:
    """Return what is left of `stream`, at most `most` bytes; a decompressor may give less at a time than it was asked for."""
    pieces = []
    while most > 0 and (piece := stream.read(most)):
        pieces.append(piece)
        most -= len(piece)
    return b"".join(pieces) if len(pieces) != 1 else pieces[0]


def _members(members: Iterator[tuple[str, Readable]], place: Place, reading: Reading) -> Iterator[Mail]:
    empty = True

    def fail(error: SourceError) -> None:
        nonlocal empty
        empty = False
        reading.fail(error)

    inner = evolve(reading, fail=fail)
    for name, file in members:
        if name.rpartition("/")[2].startswith("."):
            continue
        whole = is_one_message(name) or _MAILDIR.search(name) is not None
        try:
            for mail in messages(file, place.member(name, whole=whole, named=False), inner):
                empty = False
                yield mail
        except SourceError as error:
            fail(error)
            if reading.meter.spent:
                return
    if empty and place.named:
        raise SourceError(f"{place.origin}: an archive without messages")
