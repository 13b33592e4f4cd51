"""Text to words, and phrases found in them: the index finds exactly what a plain search does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncelib.words import GAP, Phrase, PhraseIndex, Words, normalise


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
    assert PhraseIndex([(parsed, 1)]).find(Words(text)) == ([1] if found else [])


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
    parsed = [(Phrase.parse(phrase), number) for number, phrase in enumerate(phrases)]
    words = Words(text)
    plain = [number for phrase, number in parsed if phrase.found_in(words.text)]
    assert sorted(PhraseIndex(parsed).find(words)) == plain


@given(st.lists(_phrases, max_size=8, unique=True), _texts)
def test_the_order_of_filing_changes_nothing(phrases: list[str], text: str) -> None:
    parsed = [(Phrase.parse(phrase), phrase) for phrase in phrases]
    assert sorted(PhraseIndex(parsed).find(Words(text))) == sorted(PhraseIndex(parsed[::-1]).find(Words(text)))
