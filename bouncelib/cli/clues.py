"""A fingerprint proposed from samples: what they share on the outside, and how rare each clue is in other mail."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, takewhile
from typing import Any, Final, NamedTuple

from attrs import evolve

from bouncelib.dispatch import Dispatcher
from bouncelib.format import ORIGINAL_MARKS, Fingerprint, Format
from bouncelib.message import Headers, Message
from bouncelib.signs import Signs, fold
from bouncelib.words import normalise

# Fields that any mail may have: the standards' own, and what transport, filters and lists add.
_ORDINARY: Final = re.compile(
    r"(?:from|to|cc|bcc|subject|date|sender|reply-to|message-id|references|in-reply-to|received|return-path|mime-version|"
    r"content-.*|auto-submitted|precedence|importance|priority|delivered-to|envelope-to|delivery-date|user-agent|"
    r"authentication-results|dkim-.*|arc-.*|received-spf|domainkey-.*|list-.*|feedback-id|errors-to|comments|keywords|"
    r"resent-.*|thread-.*|status|organization|x-original-to|x-mailer|x-priority|x-ms.*|x-spam.*|x-virus.*|x-google.*|x-gm-.*|"
    r"x-received|x-uid.*|x-mozilla.*|x-account-key|x-keywords|x-auto-response-suppress|x-originating-ip|x-sample)"
)
_VARIABLE: Final = re.compile(r"[\d@<>]|[.:/]\w|\w['\u2019]?[.]\w")
"""What makes a word one of this message only: digits, addresses, host names, paths."""
_QUOTED: Final = ("subject:", "from:", "to:", "date:", ">")
_OPENING: Final = 2048
_SHORTEST: Final = 3
_LONGEST: Final = 9
_SCRIPT: Final = 6
"""How many characters of a script without spaces make a phrase."""


class Mail(NamedTuple):
    """One message of a folder or of the samples."""

    name: str
    raw: bytes
    message: Message
    signs: Signs
    words: str
    """The opening of its notice, normalised, where a dispatcher would look into it."""

    @classmethod
    def of(cls, name: str, raw: bytes) -> Mail:
        """Return the message `raw`, looked at."""
        message = Message(raw)
        signs = Signs.of(message)
        return cls(name, raw, message, signs, normalise(message.notice[:_OPENING]) if signs.plausible else "")


class Clue(NamedTuple):
    """A fingerprint, and in how many other messages it is found."""

    fingerprint: Fingerprint
    others: int


def propose(samples: Sequence[Mail], others: Sequence[Mail]) -> list[Clue]:
    """Return the clues that all `samples` share, the one that fits fewest `others` first; none where they share nothing."""
    single = [_counted(clue, others) for clue in _shared(samples) if _fits_all(clue, samples)]
    found = sorted(single, key=_rank)
    if found and found[0].others:
        pairs = [_both(one.fingerprint, two.fingerprint) for one, two in combinations(found[:6], 2)]
        joined = [_counted(clue, others) for clue in pairs if clue is not None and _fits_all(clue, samples)]
        found = sorted([*found, *(clue for clue in joined if clue.others < found[0].others)], key=_rank)
    return found


def _rank(clue: Clue) -> tuple[int, int, int]:
    fingerprint = clue.fingerprint
    words = sum(len(normalise(text).split()) for text in fingerprint.phrases)
    # A name that nobody else uses says more than words, words more than a subject, and that more than a sender.
    order = (fingerprint.headers, fingerprint.phrases, fingerprint.subjects, fingerprint.senders)
    return clue.others, next(place for place, given in enumerate(order) if given), -words


def fits(fingerprint: Fingerprint, mails: Iterable[Mail]) -> int:
    """Return how many of `mails` a format with this fingerprint would be asked of."""
    dispatcher = Dispatcher((Format("probe", (fingerprint,)),))
    return sum(bool(dispatcher.candidates(mail.signs)) for mail in mails)


def _fits_all(fingerprint: Fingerprint, samples: Sequence[Mail]) -> bool:
    return fits(fingerprint, samples) == len(samples)


def _counted(fingerprint: Fingerprint, others: Sequence[Mail]) -> Clue:
    return Clue(fingerprint, fits(fingerprint, others))


def _both(one: Fingerprint, two: Fingerprint) -> Fingerprint | None:
    given: dict[str, Any] = {
        name: getattr(one, name) or getattr(two, name) for name in ("senders", "subjects", "headers", "phrases")
    }
    both = evolve(one, **given)
    return None if both in {one, two} else both


def _shared(samples: Sequence[Mail]) -> Iterator[Fingerprint]:
    """Yield what all `samples` may have in common, a clue each."""
    names = frozenset.intersection(*(frozenset(mail.message.headers.names()) for mail in samples))
    for name in sorted(name.decode("ascii") for name in names):
        if not _ORDINARY.fullmatch(name):
            yield Fingerprint(headers=(name,))
    for phrase in _phrases(samples):
        yield Fingerprint(phrases=(phrase,))
    subject = _subject(samples)
    if subject:
        yield Fingerprint(subjects=(subject,))
    keys = [mail.signs.sender_keys for mail in samples]
    for key in keys[0]:
        if all(key in other for other in keys) and key.isascii():
            yield Fingerprint(senders=(key.decode("ascii"),))


def _subject(samples: Sequence[Mail]) -> str:
    """Return the opening words of the subject that all samples share, without what is of one message only."""
    subjects = []
    for mail in samples:
        subject = mail.signs.subject
        original = Headers(mail.message.original or b"").get(b"subject")
        # Many writers quote the subject of the message that came back.
        before, quoted, _ = subject.partition(fold(original)) if original else (subject, "", "")
        subjects.append((before if quoted else subject).split(" "))
    shared = takewhile(lambda column: len(set(column)) == 1, zip(*subjects, strict=False))
    words = list(takewhile(lambda word: not _VARIABLE.search(word), (column[0] for column in shared)))
    opening = " ".join(words).strip()
    return opening if len(opening.split()) > 1 or len(opening) > _SCRIPT else ""


def _phrases(samples: Sequence[Mail]) -> Iterator[str]:
    """Yield runs of words in the notice that all samples have, none of them a name, a number or an address."""
    if not all(mail.words for mail in samples):
        return
    seen: set[str] = set()
    first = samples[0].message
    subject = Headers(first.original or b"").get(b"subject") or ""
    for line in first.notice[:_OPENING].split("\n"):
        if line.strip().lower().startswith(ORIGINAL_MARKS):
            break
        if line.lstrip().lower().startswith(_QUOTED):
            continue
        # What came back is of one message only.
        for run in _runs(line.replace(subject, "@") if subject else line):
            for phrase in _windows(run):
                if phrase not in seen and all(f" {phrase} " in mail.words for mail in samples):
                    seen.add(phrase)
                    yield phrase
                    break


def _runs(line: str) -> Iterator[list[str]]:
    run: list[str] = []
    for word in [*line.split(), "@"]:
        if _VARIABLE.search(word):
            if run:
                yield run
            run = []
        else:
            run += normalise(word).split()


def _windows(run: list[str]) -> Iterator[str]:
    """Yield the parts of `run` that may be a phrase, long ones first."""
    if not " ".join(run).isascii() and any(len(word) >= _SCRIPT for word in run):
        yield from sorted((word for word in run if len(word) >= _SCRIPT), key=len, reverse=True)
    for size in range(min(len(run), _LONGEST), _SHORTEST - 1, -1):
        for start in range(len(run) - size + 1):
            yield " ".join(run[start : start + size])
