"""Which few formats could have written this message: look-ups in the headers, and in the notice only where they leave a doubt."""

from __future__ import annotations

from collections.abc import Iterable

from bouncelib.format import Fingerprint, Format
from bouncelib.message import Headers
from bouncelib.model import Kind
from bouncelib.signs import Signs
from bouncelib.words import PhraseList

Filed = tuple[int, Fingerprint | None]
"""A format's place, and the fingerprint where more of it must be there than what it is filed under."""


class Dispatcher:
    """The formats of one parser, filed under their clues."""

    __slots__ = (
        "_always", "_challenges", "_formats", "_headers", "_parts", "_phrases", "_senders", "_subjects", "_topics", "_types",
    )  # fmt: skip

    def __init__(self, formats: Iterable[Format]) -> None:
        """File `formats`, whose order is their priority."""
        self._formats = tuple(formats)
        self._challenges: Dispatcher | None = None
        self._always: list[int] = []
        self._senders: dict[bytes, list[Filed]] = {}
        self._headers: dict[bytes, list[tuple[bytes, Filed]]] = {}
        self._subjects: dict[str, list[tuple[str, Filed]]] = {}
        self._types: dict[str, list[Filed]] = {}
        self._parts: dict[str, list[Filed]] = {}
        phrases: list[tuple[str, Filed]] = []
        topics: list[tuple[str, Filed]] = []
        for place, form in enumerate(self._formats):
            if not form.fingerprints:
                self._always.append(place)
            for clue in form.fingerprints:
                filed = (place, clue if _asks_more(clue) else None)
                if clue.phrases:
                    phrases += [(text, filed) for text in clue.phrases]
                elif clue.topics:
                    topics += [(text, filed) for text in clue.topics]
                elif clue.headers:
                    for name in clue.headers:
                        field, _, value = name.encode().partition(b": ")
                        self._headers.setdefault(field, []).append((value, filed))
                elif clue.subjects:
                    for text in clue.subjects:
                        self._subjects.setdefault(text.split()[0], []).append((text, filed))
                elif clue.senders:
                    for name in clue.senders:
                        self._senders.setdefault(name.encode(), []).append(filed)
                elif clue.parts:
                    for name in clue.parts:
                        self._parts.setdefault(name, []).append(filed)
                else:
                    for name in clue.types:
                        self._types.setdefault(name, []).append(filed)
        self._phrases = PhraseList(phrases) if phrases else None
        self._topics = PhraseList(topics) if topics else None

    @property
    def formats(self) -> tuple[Format, ...]:
        """All of them, in their order."""
        return self._formats

    @property
    def lead(self) -> Format | None:
        """The format that is asked before anybody looks at clues: the standard's own."""
        return self._formats[0] if self._formats and not self._formats[0].fingerprints else None

    @property
    def challenges(self) -> Dispatcher:
        """The formats of challenges alone."""
        if self._challenges is None:
            self._challenges = Dispatcher(form for form in self._formats if form.kind is Kind.CHALLENGE)
        return self._challenges

    def candidates(self, signs: Signs) -> list[Format]:
        """Return the formats worth asking, in their order."""
        places = set(self._always)
        for place, clue in self._found(signs):
            if place not in places and (clue is None or _fits(signs, clue)):
                places.add(place)
        if self.lead is not None:
            places.discard(0)
        return [self._formats[place] for place in sorted(places)]

    def _found(self, signs: Signs) -> list[Filed]:
        """Return what is filed under the clues in the message."""
        message = signs.message
        found: list[Filed] = []
        headers = message.headers
        for name in self._headers.keys() & signs.names if self._headers else ():
            for value, filed in self._headers[name]:
                if not value or headers.opens(name, value):
                    found.append(filed)
        for key in signs.sender_keys:
            found += self._senders.get(key, ())
        subject = signs.subject
        if subject:
            for text, filed in self._subjects.get(subject.split(None, 1)[0], ()):
                if subject.startswith(text):
                    found.append(filed)
            if self._topics:
                found += self._topics.find(signs.subject_words)
        for media in signs.types:
            found += self._types.get(media, ())
        for part in message.attachments if self._parts and not signs.letter else ():
            found += self._parts.get(part.content_type, ())
        if self._phrases and signs.plausible:
            found += self._phrases.find(signs.opening_words)
        return found


def _asks_more(clue: Fingerprint) -> bool:
    """Return whether `clue` asks for more than what it is filed under."""
    kinds = (clue.phrases, clue.topics, clue.headers, clue.subjects, clue.senders, clue.parts, clue.types)
    return sum(map(bool, kinds)) > 1


def _fits(signs: Signs, clue: Fingerprint) -> bool:
    """Return whether all of `clue` but its phrases, topics and parts is there."""
    if clue.senders and not any(
        name.encode() in signs.sender_keys or name.encode() in signs.sender for name in clue.senders
    ):
        return False
    if clue.subjects and not signs.subject.startswith(clue.subjects):
        return False
    headers = signs.message.headers
    if clue.headers and not any(_has(headers, name) for name in clue.headers):
        return False
    return not clue.types or any(media in clue.types for media in signs.types)


def _has(headers: Headers, clue: str) -> bool:
    name, _, value = clue.partition(": ")
    return headers.opens(name.encode(), value.encode()) if value else headers.raw(name.encode()) is not None
