"""Which few formats could have written this message: look-ups in the headers, and in the notice only where they leave a doubt."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from bouncelib import text as _text
from bouncelib.format import Fingerprint, Format
from bouncelib.message import Message
from bouncelib.words import Phrase, PhraseIndex, normalise

_OPENING: Final = 2048
_FROM: Final = re.compile(rb"([^\s<>\"(),;:]{1,64})@([^\s<>\"(),;:]{1,255})")
_DAEMONS: Final = re.compile(
    rb"mailer-daemon|postmaster|mail[ ._-]?delivery|mail-daemon|mailerdaemon|daemon@|bounce|mdaemon|mail administrator|"
    rb"mail system|message delivery|delivery (?:sub)?system|non-?delivery|smtp server|mailbot|mail-system"
)


class Dispatcher:
    """The formats of one parser, filed under their clues."""

    __slots__ = ("_always", "_formats", "_headers", "_phrases", "_senders", "_subjects", "_types")

    def __init__(self, formats: Iterable[Format]) -> None:
        """File `formats`, whose order is their priority."""
        self._formats = tuple(formats)
        self._always: list[int] = []
        self._senders: dict[bytes, list[tuple[int, Fingerprint]]] = {}
        self._headers: dict[bytes, list[tuple[int, Fingerprint]]] = {}
        self._subjects: dict[str, list[tuple[int, str, Fingerprint]]] = {}
        self._types: dict[str, list[tuple[int, Fingerprint]]] = {}
        phrases: list[tuple[Phrase, tuple[int, Fingerprint]]] = []
        for place, form in enumerate(self._formats):
            if not form.fingerprints:
                self._always.append(place)
            for clue in form.fingerprints:
                if clue.phrases:
                    phrases += [(Phrase.parse(text), (place, clue)) for text in clue.phrases]
                elif clue.headers:
                    for name in clue.headers:
                        self._headers.setdefault(name.encode(), []).append((place, clue))
                elif clue.subjects:
                    for text in clue.subjects:
                        self._subjects.setdefault(text.split()[0], []).append((place, text, clue))
                elif clue.senders:
                    for name in clue.senders:
                        self._senders.setdefault(name.encode(), []).append((place, clue))
                else:
                    for name in clue.types:
                        self._types.setdefault(name, []).append((place, clue))
        self._phrases = PhraseIndex(phrases)

    def candidates(self, message: Message, *, doubt: bool) -> list[Format]:
        """Return the formats worth asking, in their order; those with phrases only where there is a `doubt` worth reading the notice for."""
        places = set(self._always)
        outside = Outside(message)
        if self._headers:
            names = message.headers.names()
            for name in self._headers.keys() & names:
                places.update(place for place, clue in self._headers[name] if outside.fits(clue))
        if self._senders:
            for key in outside.sender_keys:
                places.update(place for place, clue in self._senders.get(key, ()) if outside.fits(clue))
        if self._subjects and outside.subject:
            first = outside.subject.partition(" ")[0]
            for place, text, clue in self._subjects.get(first, ()):
                if outside.subject.startswith(text) and outside.fits(clue):
                    places.add(place)
        for place, clue in self._types.get(message.media, ()):
            if outside.fits(clue):
                places.add(place)
        if doubt:
            words = normalise(message.notice[:_OPENING])
            for place, clue in self._phrases.find(words, set(words.split())):
                if outside.fits(clue):
                    places.add(place)
        return [self._formats[place] for place in sorted(places)]


class Outside:
    """What a message shows without being opened."""

    __slots__ = ("message", "sender", "sender_keys", "subject")

    def __init__(self, message: Message) -> None:
        """Read From and Subject of `message`."""
        self.message = message
        raw = (message.headers.raw(b"from") or b"").lower()
        self.sender = raw
        match = _FROM.search(raw)
        self.sender_keys: tuple[bytes, ...] = ()
        if match:
            self.sender_keys = (match[1], match[0], b"@" + match[2])
        elif raw:
            self.sender_keys = (raw.strip(b"<> "),)
        subject = message.headers.raw(b"subject")
        self.subject = _text.decode_header(subject).lower() if subject else ""

    def fits(self, clue: Fingerprint) -> bool:
        """Return whether all of `clue` but its phrases is there."""
        if clue.senders and not any(name.encode() in self.sender_keys or name.encode() in self.sender for name in clue.senders):
            return False
        if clue.subjects and not self.subject.startswith(clue.subjects):
            return False
        if clue.headers and not any(self.message.headers.raw(name.encode()) is not None for name in clue.headers):
            return False
        return not clue.types or self.message.media in clue.types

    @property
    def is_daemon(self) -> bool:
        """Whether the From header names a mail system."""
        return _DAEMONS.search(self.sender) is not None
