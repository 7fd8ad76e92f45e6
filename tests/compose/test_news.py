"""Which papers a reader has had, has named, or never wants to see."""

from __future__ import annotations

import datetime as dt

from digest.compose.language import terms
from digest.compose.news import unliked, unmuted, unseen
from digest.papers import Candidate, Paper
from tests.support.builders import a_paper, a_subscriber

NOW = dt.datetime(2026, 5, 20, tzinfo=dt.UTC)


def a_candidate(number: int, title: str = "Paths", **known) -> Candidate:
    paper: Paper = a_paper(title, **({"abstract": ""} | known))
    return Candidate(number, paper, tuple(terms(f"{title} {paper.abstract}")), NOW)


def test_what_stood_in_a_past_edition_is_not_new_to_that_reader_alone():
    papers = [a_candidate(7), a_candidate(8), a_candidate(9)]
    assert unseen([{8}, set(), {7, 9}], papers).tolist() == [
        [True, False, True],
        [True, True, True],
        [False, True, False],
    ]


def test_a_seen_paper_outside_the_window_changes_nothing():
    assert unseen([{1, 2}], [a_candidate(7)]).tolist() == [[True]]


def test_without_readers_or_papers_the_masks_are_empty():
    assert unseen([], [a_candidate(1)]).shape == (0, 1)
    assert unseen([{1}], []).shape == (1, 0)
    assert unliked([{"title:paths"}], []).shape == (1, 0)
    assert unmuted([a_subscriber(muted=("survey",))], []).shape == (1, 0)


def test_an_example_is_known_by_any_of_its_keys():
    papers = [a_candidate(1, "Paths", arxiv_id="2403.10616"), a_candidate(2, "Modules")]
    for key in ("title:paths", "arxiv:2403.10616"):
        assert unliked([{key}, set()], papers).tolist() == [[False, True], [True, True]]


def test_a_muted_word_leaves_out_papers_with_any_form_of_it():
    papers = [
        a_candidate(1, "A survey of routing"),
        a_candidate(2, "Surveying experts"),
        a_candidate(3),
    ]
    muted = a_subscriber(muted=("Surveys",))
    assert unmuted([muted, a_subscriber()], papers).tolist() == [[False, False, True], [True] * 3]


def test_a_muted_phrase_leaves_out_that_phrase_and_not_its_scattered_words():
    papers = [
        a_candidate(1, "Medical image synthesis"),
        a_candidate(2, "Image of a medical device"),
    ]
    assert unmuted([a_subscriber(muted=("medical images",))], papers).tolist() == [[False, True]]


def test_a_muted_word_is_no_part_of_a_longer_one():
    assert unmuted([a_subscriber(muted=("art",))], [a_candidate(1, "Particles of articles")]).all()


def test_a_muted_word_counts_in_the_abstract_too():
    assert not unmuted(
        [a_subscriber(muted=("video",))], [a_candidate(1, abstract="A video.")]
    ).any()


def test_a_muted_word_that_says_nothing_leaves_nothing_out():
    assert unmuted([a_subscriber(muted=("the", "?", ""))], [a_candidate(1, "The paths?")]).all()
