"""Words and phrases are found as often as texts hold them, however they are looked up."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.compose import bags
from digest.compose.phrases import FEW, RARER, Phrases, spread
from tests.support.tastes import empty

WORDS = ("video", "model", "qwxz", "speech")
texts_ = st.lists(st.lists(st.sampled_from(WORDS), max_size=8).map(tuple), min_size=1, max_size=5)
phrases_ = st.lists(
    st.lists(st.sampled_from((*WORDS, "unheard")), min_size=1, max_size=4).map(tuple), unique=True
)


def phrases_of(texts) -> Phrases:
    known = empty()
    found, more = bags.numbered(texts, known.columns)
    columns = {**known.columns, **more}
    return Phrases(columns, found, found.counts(), known)


def often(text, phrase) -> int:
    ends = range(len(text) - len(phrase) + 1)
    return sum(text[start : start + len(phrase)] == phrase for start in ends)


@given(texts_, phrases_)
def test_a_text_is_worth_what_bm25_gives_for_as_often_as_it_holds_a_phrase(texts, phrases):
    worth, most = phrases_of(texts).worth(phrases)
    lengths = np.array([len(text) for text in texts], dtype=np.float32)
    soon = bags.soon(lengths, empty().length)
    for row, phrase in enumerate(phrases):
        held = np.array([often(text, phrase) for text in texts])
        expected = most[row] * held / (soon + held)
        np.testing.assert_allclose(worth.toarray()[row], expected, rtol=1e-5)
    assert worth.has_canonical_format


def test_a_phrase_is_a_little_rarer_than_its_rarest_word_and_no_rarer_than_an_unknown_one():
    _, most = phrases_of([("video", "model")]).worth(
        [("video",), ("model",), ("video", "model"), ("unheard",), ("video", "unheard")]
    )
    assert most[2] == pytest.approx(max(most[:2]) + RARER)
    assert most[4] == most[3] == np.float32(empty().unknown)


@given(texts_)
def test_many_phrases_are_worth_what_each_is_alone(texts):
    phrases = [one for size in (2, 3) for one in product((*WORDS, "unheard"), repeat=size)]
    assert len(phrases) > FEW
    found = phrases_of(texts)
    worth, most = found.worth(phrases)
    for row in range(0, len(phrases), 7):
        alone, rarity = found.worth(phrases[row : row + 1])
        np.testing.assert_array_equal(worth[[row]].toarray(), alone.toarray())
        assert most[row] == rarity[0]


def test_runs_are_spread_out_element_by_element():
    owners, places = spread(np.array([5, 0, 9]), np.array([2, 0, 3]))
    assert owners.tolist() == [0, 0, 2, 2, 2]
    assert places.tolist() == [5, 6, 9, 10, 11]
