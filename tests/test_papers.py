"""When two reports are of one paper, and where its title leads."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.papers import Paper, author_key, title_key


def test_a_paper_is_known_by_all_its_names_strongest_first():
    paper = Paper("Attention, Again!", "…", arxiv_id="2403.10616", doi="10.1/x")
    assert paper.keys == ("arxiv:2403.10616", "doi:10.1/x", "title:attention again")
    assert paper.key == "arxiv:2403.10616"


def test_a_paper_with_nothing_but_a_title_is_known_by_it():
    assert Paper("Attention, Again!", "…").keys == ("title:attention again",)


@pytest.mark.parametrize(
    "variant",
    [
        "Émile: Tool-Use  in LLMs",
        "émile: tool-use in llms",
        unicodedata.normalize("NFD", "Émile: Tool-Use in LLMs"),
        "Émile – Tool Use in LLMs.",
        " Émile:\tTool_Use in ＬＬＭｓ ",
    ],
)
def test_spellings_that_differ_in_case_punctuation_spacing_or_encoding_are_one_title(variant):
    assert title_key(variant) == "émile tool use in llms"


@pytest.mark.parametrize("other", ["Emile: Tool-Use in LLMs", "Émile 2: Tool-Use in LLMs"])
def test_titles_that_differ_in_a_letter_or_a_number_are_two(other):
    assert title_key(other) != title_key("Émile: Tool-Use in LLMs")


def test_a_title_of_nothing_but_punctuation_still_has_a_key():
    assert title_key(" ?!? ") == "?!?"
    assert Paper("?!?", "…").key == "title:?!?"


@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Z"])))
def test_one_title_has_one_key_however_its_accents_are_encoded(title):
    assert title_key(unicodedata.normalize("NFD", title)) == title_key(title)
    assert title_key(f"  {title} ") == title_key(title)


@pytest.mark.parametrize(
    "name", ["Yann LeCun", "Y. LeCun", "LeCun, Yann", "lecun, y", "Yann A. LeCun"]
)
def test_an_authors_names_agree_on_last_name_and_first_initial(name):
    assert author_key(name) == "lecun y"


@pytest.mark.parametrize("name", ["Yoshua Bengio", "Samy LeCun", "Yann", ""])
def test_another_person_has_another_key(name):
    assert author_key(name) != "lecun y"


def test_a_title_leads_to_the_papers_own_link():
    assert Paper("Paths", "…", link="https://example.org/1").href == "https://example.org/1"


def test_a_title_without_a_link_leads_to_a_search_for_it():
    href = Paper("A & B: 100% <of> “it”?", "…").href
    assert href.startswith(
        "https://arxiv.org/search/?searchtype=title&query=A+%26+B%3A+100%25+%3Cof%3E"
    )
    assert not set(href) & set('<>"“ ')
