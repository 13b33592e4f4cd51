"""Text to words, and phrases found in them.

`normalise` gives text and phrases one shape, so that a phrase is a plain substring of the text; `PhraseIndex` files each
phrase under its rarest word, so that a text is compared with the few phrases it could hold and not with all. Nothing
here knows what a phrase means.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import Final, Generic, TypeVar

from attrs import frozen

_T = TypeVar("_T")

GAP: Final = 120
"""How many characters a gap (`` ... ``) in a phrase may span."""

# What of an address stands after its "@", at the start of a text, and before it, in a text's last word.
# Two dots end it: Sendmail writes ``ann@library.example... User unknown``.
_DOMAIN: Final = re.compile(r"(?:[^\s@<>\"'(),;.]|\.(?!\.)){0,255}")
_LOCAL: Final = re.compile(r"[^<>\"']{0,64}\Z")
_PUNCTUATION: Final = str.maketrans({chr(c): " " for c in range(128) if not chr(c).isalnum()})
_NON_ASCII_PUNCTUATION: Final = re.compile(r"[^\w ]|_")
_SPACELESS: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def normalise(text: str) -> str:
    """Return `text` as words with one space around each: without addresses, case, accents and punctuation."""
    if "@" in text:
        text = _without_addresses(text)
    text = text.lower()
    if not text.isascii():
        text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
        text = "".join(c for c in text if not unicodedata.combining(c))
        text = unicodedata.normalize("NFC", text)
        text = _NON_ASCII_PUNCTUATION.sub(" ", text)
    return f" {' '.join(text.translate(_PUNCTUATION).split())} "


def _without_addresses(text: str) -> str:
    """Return `text` with a space for each address."""
    # Cut at each "@", so that the cost is that of the addresses and not that of the text.
    pieces = text.split("@")
    last = len(pieces) - 1
    for number, piece in enumerate(pieces):
        start = 0
        end = len(piece)
        if number:
            match = _DOMAIN.match(piece)
            start = match.end() if match else 0
        if number < last:
            words = piece[-64:].rsplit(None, 1)
            word = words[-1] if words and not piece[-1].isspace() else ""
            match = _LOCAL.search(word)
            end -= len(match[0]) if match else 0
        pieces[number] = piece[start:end] if start < end else ""
    return " ".join(pieces)


class Words:
    """A text, normalised once for every index that it is looked up in."""

    __slots__ = ("_pairs", "singles", "text")

    def __init__(self, text: str) -> None:
        """Normalise `text` and list its words."""
        self.text = normalise(text)
        self.singles: list[str] = self.text.split()
        self._pairs: set[str | tuple[str, str]] | None = None

    @property
    def keys(self) -> set[str | tuple[str, str]]:
        """The words and the pairs of words."""
        if self._pairs is None:
            words = self.singles
            self._pairs = {*words, *pairwise(words)}
        return self._pairs


@frozen
class Phrase:
    """A literal phrase: parts that follow each other in a text, ready to be found in normalised text."""

    parts: tuple[str, ...]
    keys: frozenset[str | tuple[str, str]]
    """The whole words and pairs of words in it; none where the script has no spaces or the phrase is but a stem."""
    ascii: bool

    @classmethod
    def parse(cls, text: str) -> Phrase:
        """Return the phrase that `text` spells; raise `ValueError` where nothing of it is left to look for."""
        parts: list[str] = []
        keys: set[str | tuple[str, str]] = set()
        for chunk in text.split("..."):
            part = normalise(chunk)
            if part == "  ":
                continue
            if _SPACELESS.search(part):
                parts.append(part.strip())
                continue
            stem = chunk.rstrip().endswith("*")
            known = part.split()
            parts.append(part.rstrip() if stem else part)
            if stem:
                del known[-1:]
            keys.update(known)
            keys.update(pairwise(known))
        if not parts:
            message = f"a phrase without words: {text!r}"
            raise ValueError(message)
        return cls(tuple(parts), frozenset(keys), all(map(str.isascii, parts)))

    def found_in(self, text: str) -> bool:
        """Return whether normalised `text` holds the phrase."""
        parts = self.parts
        if len(parts) == 1:
            return parts[0] in text
        start = text.find(parts[0])
        while start >= 0:
            end = start + len(parts[0])
            for part in parts[1:]:
                # A word's space may end one part and begin the next.
                at = text.find(part, end - 1, end + GAP + len(part))
                if at < 0:
                    break
                end = at + len(part)
            else:
                return True
            start = text.find(parts[0], start + 1)
        return False


class PhraseIndex(Generic[_T]):
    """Phrases with what they stand for, each filed under its rarest pair of words, or its rarest word where it has no pair.

    Few phrases for long texts are better filed by words alone: without `pairs`.
    """

    __slots__ = ("_filed", "_foreign", "_loose", "_pairs")

    def __init__(self, entries: Iterable[tuple[Phrase, _T]], *, pairs: bool = True) -> None:
        """File `entries`: pairs of a phrase and what it stands for."""
        entries = list(entries)
        self._pairs = pairs
        frequency = Counter(key for phrase, _ in entries for key in phrase.keys)
        self._filed: dict[str | tuple[str, str], list[tuple[str, Phrase | None, _T]]] = {}
        self._loose: dict[str, list[tuple[Phrase, _T]]] = {}
        self._foreign: list[tuple[Phrase, _T]] = []
        for phrase, thing in entries:
            if phrase.keys:
                # A long word tells more than a short one that is as rare among the phrases.
                keys = phrase.keys if pairs else [key for key in phrase.keys if isinstance(key, str)]
                key = min(keys, key=lambda key: (isinstance(key, str), frequency[key], -len("".join(key)), key))
                rest = phrase if len(phrase.parts) > 1 else None
                self._filed.setdefault(key, []).append((max(phrase.parts, key=len), rest, thing))
            elif phrase.ascii:
                self._loose.setdefault(phrase.parts[0], []).append((phrase, thing))
            else:
                self._foreign.append((phrase, thing))

    def find(self, words: Words) -> list[_T]:
        """Return what stands behind each phrase in the text, in no order that matters."""
        text = words.text
        filed = self._filed
        found = []
        for key in filed.keys() & (words.keys if self._pairs else words.singles):
            # The loop over all candidates of a key is the hottest of a parse: no call for those that fail.
            for part, phrase, thing in filed[key]:
                if part in text and (phrase is None or phrase.found_in(text)):
                    found.append(thing)
        for part, things in self._loose.items():
            if part in text:
                found += [thing for phrase, thing in things if phrase.found_in(text)]
        if self._foreign and not text.isascii():
            found += [thing for phrase, thing in self._foreign if phrase.found_in(text)]
        return found
