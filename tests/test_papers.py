"""When two reports are of one paper, and where its title leads."""

from __future__ import annotations

import datetime as dt
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.papers import KEY_CHARS, Paper, author_key, contradict, merged, title_key


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


def test_a_very_long_title_has_a_short_key_of_its_own():
    one, two = (title_key("long " * 500 + end) for end in ("one", "two"))
    assert one != two
    assert len(one) < KEY_CHARS + 30


def test_ids_of_one_kind_contradict_each_other_and_a_common_arxiv_id_outweighs_dois():
    one, two = Paper("A", "", arxiv_id="2403.10616"), Paper("A", "", arxiv_id="2403.10617")
    assert contradict(one, two)
    assert contradict(Paper("A", "", doi="10.1/a"), Paper("A", "", doi="10.1/b"))
    assert not contradict(one, Paper("A", "", doi="10.1/b"))
    assert not contradict(
        Paper("A", "", arxiv_id="2403.10616", doi="10.1/a"),
        Paper("A", "", arxiv_id="2403.10616", doi="10.1/b"),
    )


def test_merging_keeps_the_best_of_each_field():
    one = Paper(
        "PATHS: A STUDY",
        "Short.",
        ("A", "B"),
        "http://example.org/long",
        published=dt.date(2026, 5, 2),
        categories=("cs.LG",),
    )
    two = Paper(
        "Paths: a Study",
        "Longer than that.",
        ("A",),
        "https://arxiv.org/abs/2403.10616",
        arxiv_id="2403.10616",
        doi="10.1/a",
        published=dt.date(2026, 5, 1),
        categories=("cs.CV", "cs.LG"),
        version=1,
    )
    assert merged(one, two) == Paper(
        "Paths: a Study",
        "Longer than that.",
        ("A", "B"),
        "https://arxiv.org/abs/2403.10616",
        "2403.10616",
        "10.1/a",
        dt.date(2026, 5, 1),
        ("cs.CV", "cs.LG"),
        1,
    )


def test_a_later_version_has_the_word_unless_it_brings_no_abstract():
    first, second = Paper("Old", "A long abstract.", version=1), Paper("New", "Short.", version=2)
    assert merged(first, second) == second
    assert merged(first, Paper("New", "", version=2)) == first


def test_a_whole_title_goes_before_one_that_is_cut_or_counted():
    for spoilt in ("Paths through many…", "v2: Paths through", "PATHS THROUGH", "paths through"):
        assert merged(Paper("Paths Through", ""), Paper(spoilt, "")).title == "Paths Through"


some = st.builds(
    Paper,
    title=st.sampled_from(["Paths", "PATHS", "v2: Paths", "Paths…", "Roads and Paths"]),
    abstract=st.sampled_from(["", "Short.", "Other.", "Longer."]),
    authors=st.sampled_from([(), ("A",), ("B",), ("A", "B")]),
    link=st.sampled_from(
        [None, "http://a.org", "https://a.org/b", "https://arxiv.org/abs/2403.10616"]
    ),
    arxiv_id=st.sampled_from([None, "2403.10616"]),
    doi=st.sampled_from([None, "10.1/a", "10.1/b"]),
    published=st.sampled_from([None, dt.date(2026, 5, 1), dt.date(2026, 5, 2)]),
    categories=st.sampled_from([(), ("cs.LG", "cs.CV"), ("cs.AI",)]),
    version=st.integers(0, 3),
)


@given(some, some, some)
def test_merging_is_the_same_in_any_order_and_grouping(a, b, c):
    assert merged(a, b) == merged(b, a)
    assert merged(merged(a, b), c) == merged(a, merged(b, c))
    assert merged(a, a) == a
    assert merged(merged(a, b), b) == merged(a, b)
