"""Text to words, and phrases found in them.

`normalise` gives text and phrases one shape, so that a phrase is a plain substring of the text. `file_phrases` says under
which of its words each phrase is best looked for, and `PhraseIndex` compares a text with the few phrases that are filed under
its words: what that costs depends on the text, and hardly on how many phrases there are. Nothing here knows what a phrase
means.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import chain, pairwise, product
from math import prod
from operator import itemgetter
from typing import Any, Final, Generic, NamedTuple, TypeVar

from bouncelib.patterns import late

_T = TypeVar("_T")

GAP: Final = 120
"""How many characters a gap (`` ... ``) in a phrase may span."""

# What of an address stands after its "@", at the start of a text, and before it, in a text's last word.
# Two dots end it, and a parenthesis begins it: Sendmail writes ``ann@library.example... User unknown``.
_DOMAIN: Final = late(r"(?:[^\s@<>\"'(),;.]|\.(?!\.)){0,255}")
_LOCAL: Final = late(r"[^<>\"'(（]{0,64}\Z")  # noqa: RUF001
# Letters in lower case and digits; a space for all else.
_PLAIN: Final = bytes(
    c | 32 if 65 <= c <= 90 else c if 97 <= c <= 122 or 48 <= c <= 57 or c > 127 else 32 for c in range(256)
)
# Accents, points and tone marks of the scripts in which mail servers write.
_COMBINING: Final = late(
    "[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u093c\u094d\u0e38-\u0e3a\u0e48-\u0e4b\u3099\u309a]+"
)
# Letters that Unicode does not take apart, as those type them who have no key for them.
_STROKES: Final = str.maketrans("łøđı", "lodi")
_NON_ASCII_PUNCTUATION: Final = late(r"[^\w ]|_")
_SPACELESS: Final = late("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_CHOICE: Final = late(r"\{([^{}]*)\}")
MOST_CHOICES: Final = 500
"""How many phrases one text with choices in it may stand for."""
_HEAD_LENGTH: Final = 3
_HEAD: Final = itemgetter(slice(_HEAD_LENGTH))


def normalise(text: str) -> str:
    """Return `text` as words with one space around each: without addresses, case, accents and punctuation."""
    return f" {' '.join(split_words(text))} "


def split_words(text: str) -> list[str]:
    """Return the words of `text`, normalised."""
    if "@" in text:
        text = _without_addresses(text)
    if text.isascii():
        # Bytes are translated several times as fast as text.
        return text.encode("ascii").translate(_PLAIN).decode("ascii").split()
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text.lower()).casefold())
    text = _COMBINING.sub("", text).translate(_STROKES)
    text = _NON_ASCII_PUNCTUATION.sub(" ", unicodedata.normalize("NFC", text))
    return text.encode().translate(_PLAIN).decode().split()


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
    """A text, normalised once for all that is looked up in it."""

    __slots__ = ("singles", "text")

    def __init__(self, text: str) -> None:
        """Normalise `text` and list its words."""
        self.singles = split_words(text)
        self.text = f" {' '.join(self.singles)} "


class Phrase:
    """A literal phrase: parts that follow each other in a text, ready to be found in normalised text."""

    __slots__ = ("parts",)

    def __init__(self, parts: tuple[str, ...]) -> None:
        """Keep what `parse` made ready."""
        self.parts = parts

    @classmethod
    def parse(cls, text: str) -> Phrase:
        """Return the phrase that `text` spells; raise `ValueError` where nothing of it is left to look for."""
        parts: list[str] = []
        for chunk in text.split("..."):
            part = normalise(chunk)
            if part == "  ":
                continue
            if _SPACELESS.search(part):
                part = part.strip()
            elif chunk.rstrip().endswith("*"):
                part = part.rstrip()
            parts.append(part)
        if not parts:
            raise ValueError(f"a phrase without words: {text!r}")
        return cls(tuple(parts))

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


def spell_out(texts: Iterable[str]) -> list[str]:
    """Return the phrases that `texts` stand for: ``{a|b}`` in one stands for either of the two, and ``{a|}`` for one or nothing.

    Raises `ValueError` where a brace has no other, or a text stands for too many phrases.
    """
    spelt: list[str] = []
    for text in texts:
        if "{" in text or "}" in text:
            spelt += _spell_out(text)
        else:
            spelt.append(text)
    return spelt


def _spell_out(text: str) -> list[str]:
    # What stands between braces is at the odd places.
    pieces = _CHOICE.split(text)
    if any("{" in piece or "}" in piece for piece in pieces[::2]):
        raise ValueError(f"a brace without its other: {text!r}")
    choices = [piece.split("|") if place % 2 else [piece] for place, piece in enumerate(pieces)]
    if prod(map(len, choices)) > MOST_CHOICES:
        raise ValueError(f"more than {MOST_CHOICES} phrases in one: {text!r}")
    return ["".join(chosen) for chosen in product(*choices)]


_Key = str | tuple[str, str]


class Filing(NamedTuple):
    """The numbers of phrases by what they are filed under; plain enough to be kept in a file."""

    words: dict[str, list[int]]
    pairs: dict[str, dict[str, list[int]]]
    """By two words that follow each other; or by two characters, in scripts without spaces."""
    stems: dict[str, list[int]]
    """By the first letters of a word of which a phrase says no more than the beginning."""
    rest: list[int]
    """Looked for in every text."""
    end: int
    """The first number that is not taken."""


def file_phrases(texts: Iterable[str], start: int = 0) -> Filing:
    """Return where to file `texts`, numbered from `start`; raise `ValueError` where one has no words.

    Each is filed under its rarest pair of words, or its rarest word where it has no pair.
    """
    phrases = [Phrase.parse(text) for text in texts]
    keys = [_keys(phrase.parts) for phrase in phrases]
    frequency = Counter(key for some in keys for key in some)
    filing = Filing({}, {}, {}, [], start + len(phrases))
    for number, (phrase, some) in enumerate(zip(phrases, keys, strict=True), start):
        longest = max(phrase.parts, key=len)
        # A long word tells more than a short one that is as rare among the phrases.
        key = min(some, key=lambda key: (isinstance(key, str), frequency[key], -len("".join(key)), key), default=None)
        if isinstance(key, tuple):
            numbers = filing.pairs.setdefault(key[0], {}).setdefault(key[1], [])
        elif key is not None:
            numbers = filing.words.setdefault(key, [])
        elif longest[0] == " " and len(longest) > _HEAD_LENGTH:
            numbers = filing.stems.setdefault(longest[1 : 1 + _HEAD_LENGTH], [])
        else:
            numbers = filing.rest
        numbers.append(number)
    return filing


def _keys(parts: Iterable[str]) -> set[_Key]:
    """Return the whole words in the parts of a phrase and the pairs of them; of characters where there are no words."""
    keys: set[_Key] = set()
    for part in parts:
        if part[0] == " ":
            words = part.split()
            if part[-1] != " ":
                del words[-1]
            keys.update(words)
            keys.update(pairwise(words))
    return keys or {pair for part in parts if part[0] != " " for pair in pairwise(part)}


class PhraseList(Generic[_T]):
    """Some phrases with what they stand for, each looked for by its rarest word.

    What a text costs that holds none of them is one look at each of its words, however many phrases there are.
    """

    __slots__ = ("_by_word", "_others", "_words")

    def __init__(self, entries: Iterable[tuple[str, _T]]) -> None:
        """Take pairs of a phrase and what it stands for; raise `ValueError` where one has no words."""
        phrases = [(Phrase.parse(text), thing) for text, thing in entries]
        whole = [sorted(key for key in _keys(phrase.parts) if isinstance(key, str)) for phrase, _ in phrases]
        frequency = Counter(word for words in whole for word in words)
        self._by_word: dict[str, list[tuple[str, Phrase, _T]]] = {}
        # Beginnings of words, and scripts without spaces.
        self._others: list[tuple[str, Phrase, _T]] = []
        for (phrase, thing), words in zip(phrases, whole, strict=True):
            word = min(words, key=lambda word: (frequency[word], -len(word)), default=None)
            filed = self._others if word is None else self._by_word.setdefault(word, [])
            filed.append((max(phrase.parts, key=len), phrase, thing))
        self._words = frozenset(self._by_word)

    def find(self, words: Words) -> list[_T]:
        """Return what stands behind each phrase in the text, in no order that matters; the same may be there twice."""
        if not self._others and self._words.isdisjoint(words.singles):
            return []
        text = words.text
        found: list[_T] = []
        for filed in (self._others, *map(self._by_word.__getitem__, self._words.intersection(words.singles))):
            for part, phrase, thing in filed:
                if part in text and (len(phrase.parts) == 1 or phrase.found_in(text)):
                    found.append(thing)
        return found


Entry = Callable[[int], tuple[str, _T, bool] | None]
"""The text of a phrase by its number, what it stands for, and whether that is to be laid aside; None where it does not count."""
_Longer = list[tuple[str, Phrase, bool, _T]]
"""Phrases of several parts: another part that must be in the text, the phrase, whether it is to be laid aside, its thing."""
_Checked = tuple[str, list[_T], list[_T], _Longer[_T]]
"""A part of phrases that must be in the text: what it stands for alone, the same laid aside, and longer phrases."""
_Ready = tuple[list[_T], list[_T], list[_Checked[_T]]]
"""What a key stands for alone, the same laid aside, and what more must be in the text."""
_Filed = dict[Any, Any]
"""What is filed by its key. Before a text first has that: this dictionary, the key, what it says is in the text, the numbers."""


class PhraseIndex(Generic[_T]):
    """Phrases with what they stand for, found in a text by what they are filed under."""

    __slots__ = ("_entry", "_filed", "_heads", "_rest", "_stems")

    def __init__(self, entry: Entry[_T], *filings: Filing) -> None:
        """Take phrases as `file_phrases` filed them, none with the number of another; `entry` tells of each by its number."""
        self._entry = entry
        self._filed: _Filed = {}
        self._stems: _Filed = {}
        rest: list[int] = []
        for filing in filings:
            for word, numbers in filing.words.items():
                _add(self._filed, word, f" {word} ", numbers)
            for first, seconds in filing.pairs.items():
                for second, numbers in seconds.items():
                    _add(self._filed, (first, second), f" {first} {second} ", numbers)
            for head, numbers in filing.stems.items():
                _add(self._stems, head, "", numbers)
            rest += filing.rest
        self._heads = frozenset(self._stems)
        self._rest = self._ready("", rest)

    @classmethod
    def of(cls, entries: Iterable[tuple[str, _T]]) -> PhraseIndex[_T]:
        """Return the index of `entries`: pairs of a phrase and what it stands for."""
        ready = [(text, thing, False) for text, thing in entries]
        return cls(ready.__getitem__, file_phrases(text for text, _, _ in ready))

    def find(self, words: Words) -> list[_T]:
        """Return what stands behind each phrase in the text, in no order that matters; the same may be there twice."""
        return self.sort(words)[0]

    def sort(self, words: Words) -> tuple[list[_T], list[_T]]:
        """Return what `find` does in two heaps: what is not to be laid aside, and what is."""
        text = words.text
        singles = words.singles
        # The hottest lines of a parse. What is looked up for each word costs no line of Python's, and what several rules
        # look for is looked for once.
        heaps = [self._rest, *filter(None, map(self._filed.get, chain(singles, pairwise(singles))))]
        if not self._heads.isdisjoint(map(_HEAD, singles)):
            heaps += filter(None, map(self._stems.get, map(_HEAD, singles)))
        if not text.isascii():
            heaps += filter(None, map(self._filed.get, pairwise(text)))
        found: list[_T] = []
        aside: list[_T] = []
        for heap in heaps:
            try:
                sure, sure_aside, checked = heap
            except ValueError:
                sure, sure_aside, checked = self._make_ready(*heap)
            found += sure
            aside += sure_aside
            for part, things, things_aside, longer in checked:
                if part in text:
                    found += things
                    aside += things_aside
                    for other, phrase, lay_aside, thing in longer:
                        if other in text and phrase.found_in(text):
                            (aside if lay_aside else found).append(thing)
        return found, aside

    def _make_ready(self, heaps: _Filed, key: _Key, spelt: str, numbers: list[int]) -> _Ready[_T]:
        ready = heaps[key] = self._ready(spelt, numbers)
        return ready

    def _ready(self, spelt: str, numbers: Iterable[int]) -> _Ready[_T]:
        """Return phrases, ready to be found in a text that is known to hold `spelt`."""
        parts: dict[str, _Checked[_T]] = {spelt: (spelt, [], [], [])}
        for text, thing, aside in filter(None, map(self._entry, numbers)):
            phrase = Phrase.parse(text)
            *others, longest = sorted(phrase.parts, key=len)
            _, sure, sure_aside, longer = parts.setdefault(longest, (longest, [], [], []))
            if others:
                longer.append((others[-1], phrase, aside, thing))
            else:
                (sure_aside if aside else sure).append(thing)
        _, sure, sure_aside, longer = parts.pop(spelt)
        checked = list(parts.values())
        if longer:
            checked.append((spelt, [], [], longer))
        return sure, sure_aside, checked


def _add(filed: _Filed, key: _Key, spelt: str, numbers: list[int]) -> None:
    known = filed.get(key)
    filed[key] = [filed, key, spelt, numbers if known is None else [*known[3], *numbers]]
