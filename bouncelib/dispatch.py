"""Which few formats could have written this message: look-ups in the headers, and in the notice only where they leave a doubt."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bouncelib.format import Fingerprint, Format
from bouncelib.message import Headers
from bouncelib.signs import Signs
from bouncelib.words import Phrase, PhraseIndex, Words

_OPENING: Final = 2048


class Dispatcher:
    """The formats of one parser, filed under their clues."""

    __slots__ = ("_always", "_formats", "_headers", "_parts", "_phrases", "_senders", "_subjects", "_topics", "_types")

    def __init__(self, formats: Iterable[Format]) -> None:
        """File `formats`, whose order is their priority."""
        self._formats = tuple(formats)
        self._always: list[int] = []
        self._senders: dict[bytes, list[tuple[int, Fingerprint]]] = {}
        self._headers: dict[bytes, list[tuple[int, Fingerprint]]] = {}
        self._subjects: dict[str, list[tuple[int, str, Fingerprint]]] = {}
        self._types: dict[str, list[tuple[int, Fingerprint]]] = {}
        self._parts: dict[str, list[tuple[int, Fingerprint]]] = {}
        phrases: list[tuple[Phrase, tuple[int, Fingerprint]]] = []
        topics: list[tuple[Phrase, tuple[int, Fingerprint]]] = []
        for place, form in enumerate(self._formats):
            if not form.fingerprints:
                self._always.append(place)
            for clue in form.fingerprints:
                if clue.phrases:
                    phrases += [(Phrase.parse(text), (place, clue)) for text in clue.phrases]
                elif clue.topics:
                    topics += [(Phrase.parse(text), (place, clue)) for text in clue.topics]
                elif clue.headers:
                    for name in clue.headers:
                        self._headers.setdefault(name.partition(": ")[0].encode(), []).append((place, clue))
                elif clue.subjects:
                    for text in clue.subjects:
                        self._subjects.setdefault(text.split()[0], []).append((place, text, clue))
                elif clue.senders:
                    for name in clue.senders:
                        self._senders.setdefault(name.encode(), []).append((place, clue))
                elif clue.parts:
                    for name in clue.parts:
                        self._parts.setdefault(name, []).append((place, clue))
                else:
                    for name in clue.types:
                        self._types.setdefault(name, []).append((place, clue))
        self._phrases = PhraseIndex(phrases)
        self._topics = PhraseIndex(topics) if topics else None

    @property
    def lead(self) -> Format | None:
        """The format that is asked before anybody looks at clues: the standard's own."""
        return self._formats[0] if self._formats and not self._formats[0].fingerprints else None

    def candidates(self, signs: Signs) -> list[Format]:
        """Return the formats worth asking, in their order."""
        message = signs.message
        places = set(self._always)
        if self._headers:
            names = message.headers.names()
            for name in self._headers.keys() & names:
                places.update(place for place, clue in self._headers[name] if _fits(signs, clue))
        if self._senders:
            for key in signs.sender_keys:
                places.update(place for place, clue in self._senders.get(key, ()) if _fits(signs, clue))
        if self._subjects and signs.subject:
            first = signs.subject.partition(" ")[0]
            for place, text, clue in self._subjects.get(first, ()):
                if signs.subject.startswith(text) and _fits(signs, clue):
                    places.add(place)
        for place, clue in self._types.get(message.media, ()):
            if _fits(signs, clue):
                places.add(place)
        if self._topics is not None and signs.subject:
            for place, clue in self._topics.find(Words(signs.subject)):
                if _fits(signs, clue):
                    places.add(place)
        if self._parts:
            for part in message.attachments:
                for place, clue in self._parts.get(part.content_type, ()):
                    if _fits(signs, clue):
                        places.add(place)
        if signs.plausible:
            for place, clue in self._phrases.find(Words(message.notice[:_OPENING])):
                if _fits(signs, clue):
                    places.add(place)
        if self.lead is not None:
            places.discard(0)
        return [self._formats[place] for place in sorted(places)]


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
    return not clue.types or signs.message.media in clue.types


def _has(headers: Headers, clue: str) -> bool:
    name, _, value = clue.partition(": ")
    return headers.opens(name.encode(), value.encode()) if value else headers.raw(name.encode()) is not None
