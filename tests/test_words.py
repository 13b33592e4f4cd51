"""Text to words, and phrases found in them: the index finds exactly what a plain search does."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncelib.words import GAP, Filing, Phrase, PhraseIndex, PhraseList, Words, file_phrases, normalise, spell_out


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "  "),
        ("  \t\n ", "  "),
        ("User UNKNOWN", " user unknown "),
        ("over-quota/full_mailbox", " over quota full mailbox "),
        ("<ann@library.example>: no such user", " no such user "),
        ("Größe überschritten", " große uberschritten ".replace("ß", "ss")),
        ("boîte saturée", " boite saturee "),
        ("Skrzynka jest pełna", " skrzynka jest pelna "),
        ("don't", " don t "),
        ("it’s", " it s "),
        ("配信不能", " 配信不能 "),
        ("550 5.1.1", " 550 5 1 1 "),
    ],
)
def test_normalise(text: str, wanted: str) -> None:
    assert normalise(text) == wanted


@given(st.text(max_size=80))
def test_normalise_is_idempotent(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert once[0] == once[-1] == " "
    assert "@" not in once


@pytest.mark.parametrize(
    ("phrase", "text", "found"),
    [
        ("over quota", "user over quota now", True),
        ("over quota", "is Over-Quota.", True),
        ("over quota", "over the quota", False),
        ("quota", "quotas", False),
        ("quot*", "quotas", True),
        ("quot*", "misquoted", False),
        ("user ... unknown", "user ann is unknown here", True),
        ("user ... unknown", "user unknown", True),
        ("user ... unknown", "unknown user", False),
        ("user ... unknown", "user " + "x " * GAP + "unknown", False),
        ("user ... unk* ... here", "user is unknown over here", True),
        ("不明", "宛先不明です", True),
        ("mailbox full", "<mailbox@full.example>", False),
    ],
)
def test_phrases(phrase: str, text: str, found: bool) -> None:
    parsed = Phrase.parse(phrase)
    assert parsed.found_in(normalise(text)) is found
    assert PhraseIndex.of([(phrase, 1)]).find(Words(text)) == ([1] if found else [])
    assert PhraseList([(phrase, 1)]).find(Words(text)) == ([1] if found else [])


@pytest.mark.parametrize("text", ["", "...", " - ", "@"])
def test_a_phrase_without_words_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="without words"):
        Phrase.parse(text)


_word = st.sampled_from(
    ["user", "users", "unknown", "no", "such", "a", "über", "full", "不明", "未知", "mailbox", "5.1.1", "x-y"]
)
_phrases = st.lists(st.tuples(_word, st.sampled_from([" ", " ... ", "* ... ", "-"])), min_size=1, max_size=4).map(
    lambda pairs: "".join(word + gap for word, gap in pairs)[: -len(pairs[-1][1])]
) | _word.map(lambda word: word + "*")
_texts = st.lists(
    _word | st.sampled_from(["ann@library.example", "-", "UNKNOWN", "unknowns", "は不明で"]), max_size=14
).map(" ".join)


@given(st.lists(_phrases, max_size=12), _texts)
def test_the_index_finds_what_a_plain_search_finds(phrases: list[str], text: str) -> None:
    words = Words(text)
    plain = [number for number, phrase in enumerate(phrases) if Phrase.parse(phrase).found_in(words.text)]
    entries = [(phrase, number) for number, phrase in enumerate(phrases)]
    assert sorted({*PhraseIndex.of(entries).find(words)}) == plain
    assert sorted({*PhraseList(entries).find(words)}) == plain
    # Filed in two heaps, as the package's phrases and a user's are.
    half = len(phrases) // 2
    first = file_phrases(phrases[:half])
    both = PhraseIndex(
        lambda number: (phrases[number], number, number % 2 == 1), first, file_phrases(phrases[half:], first.end)
    )
    found, aside = both.sort(words)
    assert sorted({*found, *aside}) == plain
    assert all(number % 2 for number in aside)
    assert not any(number % 2 for number in found)
    # What is filed belongs to all who use it.
    assert first == file_phrases(phrases[:half])


def test_what_is_filed_can_be_kept_as_json() -> None:
    filing = file_phrases(["user unknown", "quota", "不明です", "unzustell*", "user ... unknown", "over quot*", "満"])
    assert Filing(*json.loads(json.dumps(filing))) == filing


def test_an_entry_that_does_not_count_is_not_found() -> None:
    phrases = ["over quota", "user unknown"]
    index = PhraseIndex(lambda number: (phrases[number], number, False) if number else None, file_phrases(phrases))
    assert index.find(Words("user unknown, over quota")) == [1]


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("over quota", ["over quota"]),
        ("{user|mailbox} unknown", ["user unknown", "mailbox unknown"]),
        ("no {such |}{user|box}", ["no such user", "no such box", "no user", "no box"]),
        ("{a}", ["a"]),
        ("a|b", ["a|b"]),
    ],
)
def test_choices_are_spelt_out(text: str, phrases: list[str]) -> None:
    assert spell_out([text, "x"]) == [*phrases, "x"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("{user unknown", "a brace without its other"),
        ("user} unknown", "a brace without its other"),
        ("{a|{b|c}}", "a brace without its other"),
        ("{a|b}" * 9, "more than 500 phrases"),
    ],
)
def test_choices_that_cannot_be_spelt_out(text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        spell_out([text])


@given(st.lists(_phrases, max_size=8, unique=True), _texts)
def test_the_order_of_filing_changes_nothing(phrases: list[str], text: str) -> None:
    entries = [(phrase, phrase) for phrase in phrases]
    words = Words(text)
    assert sorted(PhraseIndex.of(entries).find(words)) == sorted(PhraseIndex.of(entries[::-1]).find(words))
