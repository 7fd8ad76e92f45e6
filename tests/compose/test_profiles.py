"""Stated interests become tastes."""

from __future__ import annotations

from digest.compose.profiles import TEXT_WEIGHT, Clue, Taste, example_key, tastes
from digest.subscribers import Interest
from tests.support.builders import a_subscriber


def taste(liked=None, **stated) -> Taste:
    (found,) = tastes(a_subscriber(interests=(Interest("One", **stated),)), liked or {})
    return found


def test_each_interest_becomes_a_taste_in_their_order():
    interests = (Interest("Agents", "agents"), Interest("Vision", "video"))
    assert [one.interest for one in tastes(a_subscriber(interests=interests), {})] == list(
        interests
    )


def test_a_reader_without_interests_has_no_taste():
    assert tastes(a_subscriber(interests=()), {}) == ()


def test_a_keyword_is_a_clue_with_its_terms_in_order():
    assert taste(keywords=("Video Generation", "LoRA")).clues == (
        Clue("keyword", "Video Generation", ("video", "generat"), 1.0),
        Clue("keyword", "LoRA", ("lora",), 1.0),
    )


def test_each_word_of_a_text_is_a_clue_once_as_it_first_stands_there():
    assert taste(text="Routing the experts, routed by an Expert").clues == (
        Clue("word", "Routing", ("rout",), TEXT_WEIGHT),
        Clue("word", "experts", ("expert",), TEXT_WEIGHT),
    )


def test_a_word_that_is_a_keyword_too_counts_as_the_keyword_alone():
    clues = taste(text="video models", keywords=("videos",)).clues
    assert [(clue.kind, clue.label) for clue in clues] == [
        ("keyword", "videos"),
        ("word", "models"),
    ]


def test_an_example_in_the_archive_counts_by_that_papers_terms():
    liked = {"title:paths": ("path", "share", "path", "modul")}
    assert taste(liked, examples=("Paths!",)).clues == (
        Clue("example", "Paths!", ("path", "share", "modul"), 1.0),
    )


def test_an_example_named_by_its_key_counts_by_that_papers_terms():
    liked = {"arxiv:2403.10616": ("path",)}
    assert taste(liked, examples=("arxiv:2403.10616",)).clues[0].terms == ("path",)


def test_an_example_the_archive_does_not_have_counts_by_its_title():
    assert taste(examples=("Sparse Expert Paths",)).clues[0].terms == ("spars", "expert", "path")


def test_an_example_is_a_key_or_else_a_title():
    assert example_key("arxiv:2403.10616") == "arxiv:2403.10616"
    assert example_key("doi:10.1/x") == "doi:10.1/x"
    assert example_key("DiPaCo: Distributed Path Composition") == (
        "title:dipaco distributed path composition"
    )
    assert example_key("Title: an essay") == "title:title an essay"


def test_followed_authors_are_known_by_last_name_and_initial():
    assert taste(authors=("Yann LeCun", "Bengio, Yoshua")).authors == {
        "lecun y": "Yann LeCun",
        "bengio y": "Bengio, Yoshua",
    }


def test_what_says_nothing_is_no_clue():
    assert taste(text="the of", keywords=("we", "?"), examples=("",)).clues == ()
