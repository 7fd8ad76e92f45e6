"""Text becomes terms: the same for the same text, whatever the script."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.compose.language import STOP, terms, words


def test_forms_of_a_word_are_one_term():
    assert set(terms("compose composes composed composing Composing COMPOSE")) == {"compos"}


def test_terms_stand_in_the_texts_order_and_repeat():
    assert terms("Routing tokens; routing experts") == ["rout", "token", "rout", "expert"]


@pytest.mark.parametrize("text", ["We propose a novel method", "the and of to", "THE AND"])
def test_words_that_tell_no_papers_apart_are_left_out(text):
    assert terms(text) == []


def test_words_that_do_tell_them_apart_are_kept():
    assert terms("We propose a transformer") == ["transform"]


@pytest.mark.parametrize("text", ["", "   \n\t", "?!… —", "_ __"])
def test_a_text_without_words_has_no_terms(text):
    assert terms(text) == []


def test_single_letters_and_underscores_are_no_words_but_numbers_are():
    assert terms("x y_z gpt_4 70 b") == ["gpt", "70"]


def test_both_apostrophes_belong_to_the_word():
    assert terms("the model's weights") == terms("the model’s weights") == ["model", "weight"]


def test_a_run_of_cjk_letters_becomes_its_pairs():
    assert terms("強化学習") == ["強化", "化学", "学習"]
    assert terms("深") == ["深"]
    assert terms("한국어") == ["한국", "국어"]


def test_cjk_letters_are_found_beside_latin_ones():
    assert terms("GPT模型 and 模型") == ["gpt", "模型", "模型"]


def test_full_width_letters_are_the_usual_ones():
    assert terms("ＬＬＭ") == terms("llm")


def test_words_keep_how_they_stand_in_the_text():
    assert words("Routing the Experts") == [("Routing", "rout"), ("Experts", "expert")]


letters = st.text(st.characters(codec="utf-8", categories=["Lu", "Ll", "Lo", "Nd", "P", "Zs"]))


@given(st.text())
def test_any_text_has_the_same_terms_every_time_and_none_with_a_space(text):
    found = terms(text)
    assert found == terms(text)
    assert found == terms(unicodedata.normalize("NFD", text)) or not text.isascii()
    assert all(term and not any(letter.isspace() for letter in term) for term in found)


@given(st.text(st.sampled_from("abc ABC-é強化学習'’.,12"), max_size=60))
def test_words_and_terms_agree(text):
    assert [term for _, term in words(text)] == terms(text)


def test_every_stop_word_is_in_lower_case():
    assert all(word == word.casefold() for word in STOP)
