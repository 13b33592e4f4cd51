"""A mailbox on a server (IMAP, RFC 9051), by way of imap-tools (the extra ``imap``)."""

from __future__ import annotations

import imaplib
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote

from bouncelib.errors import SourceError
from bouncelib.mailbox.mail import MESSAGE_BYTES, Mail, failure

if TYPE_CHECKING:
    from imap_tools import BaseMailBox

_LISTED: Final = 500
_FETCHED: Final = 1 << 22
_UID: Final = re.compile(rb"\bUID (\d{1,10})\b")
_SIZE: Final = re.compile(rb"\bRFC822\.SIZE (\d{1,19})\b")
_FLAGS: Final = re.compile(rb"\bFLAGS \(([^()\r\n]{0,1000})\)")


class _Entry(NamedTuple):
    """What the server says of a message before it sends it."""

    uid: str
    size: int
    flags: tuple[str, ...]


def read_imap(
    box: BaseMailBox,
    criteria: str = "ALL",
    *,
    on_error: Callable[[SourceError], object] | None = None,
    limit: int = MESSAGE_BYTES,
) -> Iterator[Mail]:
    """Yield the messages of the folder that is open in `box` and match `criteria`, by their UID.

    `box` is a mailbox of imap-tools, logged in; `criteria` are search keys (RFC 9051, section 6.4.4), as text or as imap-tools
    builds them. No message is marked as seen. The origin of each is its URL (RFC 5092), its key the UID, its flags
    are those of IMAP. Of one that is longer than `limit` bytes that many and one more come. What is deleted
    meanwhile does not come.

    Raises `SourceError` where the server refuses or is lost. A message that it does not give is told to `on_error`, and the rest
    is read; without `on_error` it is raised too.
    """
    folder = box.folder.get()
    place = f"imap://{box.client.host}/{quote(folder or '')}"
    try:
        text = str(criteria)
        uids = box.uids(text, charset=None if text.isascii() else "UTF-8")
        for start in range(0, len(uids), _LISTED):
            for group in _groups(_listed(box, uids[start : start + _LISTED]), limit):
                yield from _fetched(box, group, place, limit, on_error)
    except (imaplib.IMAP4.error, OSError) as error:
        raise failure(place, error) from error


def _listed(box: BaseMailBox, uids: Sequence[str]) -> list[_Entry]:
    entries = {}
    for answer in _ask(box, uids, "(UID RFC822.SIZE FLAGS)"):
        line = answer if isinstance(answer, bytes) else answer[0]
        uid, size, flags = _UID.search(line), _SIZE.search(line), _FLAGS.search(line)
        if uid and size:
            names = flags[1].decode("ascii", "replace").split() if flags else ()
            entries[uid[1].decode()] = _Entry(uid[1].decode(), int(size[1]), tuple(names))
    # A server may answer in any order.
    return [entries[uid] for uid in uids if uid in entries]


def _groups(entries: Sequence[_Entry], limit: int) -> Iterator[list[_Entry]]:
    """Yield what is fetched at once: small messages together, because each command waits for the network."""
    group: list[_Entry] = []
    total = 0
    for entry in entries:
        size = min(entry.size, limit)
        if group and total + size > _FETCHED:
            yield group
            group, total = [], 0
        group.append(entry)
        total += size
    if group:
        yield group


def _fetched(
    box: BaseMailBox,
    group: Sequence[_Entry],
    place: str,
    limit: int,
    on_error: Callable[[SourceError], object] | None,
) -> Iterator[Mail]:
    try:
        raws = _bodies(_ask(box, [entry.uid for entry in group], f"(UID BODY.PEEK[]<0.{limit + 1}>)"))
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        if len(group) > 1:
            # One that the server cannot give must not cost its neighbours.
            for entry in group:
                yield from _fetched(box, [entry], place, limit, on_error)
            return
        wrong = failure(f"{place}/;UID={group[0].uid}", error)
        if on_error is None:
            raise wrong from error
        on_error(wrong)
        return
    for entry in group:
        raw = raws.pop(entry.uid, None)
        if raw is not None:
            yield Mail(f"{place}/;UID={entry.uid}", raw, place, 0, entry.uid, entry.flags)


def _bodies(answers: Sequence[object]) -> dict[str, bytes]:
    """Return the messages of an answer by their UID, which may stand before the message or behind it."""
    raws: dict[str, bytes] = {}
    waiting: bytes | None = None
    for answer in answers:
        if isinstance(answer, tuple):
            line, raw = answer
            uid = _UID.search(line)
            waiting = raw if uid is None else None
        elif waiting is not None and isinstance(answer, bytes):
            raw, waiting, uid = waiting, None, _UID.search(answer)
        else:
            continue
        if uid:
            raws[uid[1].decode()] = raw
    return raws


def _ask(box: BaseMailBox, uids: Sequence[str], items: str) -> list[bytes | tuple[bytes, bytes]]:
    done, answers = box.client.uid("FETCH", ",".join(uids), items)
    if done != "OK":
        said = b" ".join(answer for answer in answers if isinstance(answer, bytes)).decode("utf-8", "replace")
        raise imaplib.IMAP4.error(f"the server does not give it: {said}")
    return answers
