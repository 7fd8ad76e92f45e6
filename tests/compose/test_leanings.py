"""What readers mute, and what papers are, by name."""

from __future__ import annotations

import pytest

from digest.compose.leanings import Facts, unmuted
from tests.support.builders import a_subscriber
from tests.support.tastes import a_candidate


def kept(muted: str, *papers) -> list[bool]:
    mask = unmuted([a_subscriber(muted=(muted,))], Facts(papers))
    return mask[0].tolist()


def test_a_muted_word_leaves_out_papers_with_any_form_of_it_for_that_reader_alone():
    papers = [
        a_candidate("A survey of routing"),
        a_candidate("Surveying experts"),
        a_candidate("X"),
    ]
    readers = [a_subscriber(muted=("Surveys",)), a_subscriber()]
    assert unmuted(readers, Facts(papers)).tolist() == [[False, False, True], [True] * 3]


def test_a_muted_phrase_leaves_out_that_phrase_and_not_its_scattered_words():
    papers = [a_candidate("Medical image synthesis"), a_candidate("Image of a medical device")]
    assert kept("medical images", *papers) == [False, True]


def test_a_muted_word_is_no_part_of_a_longer_one():
    assert kept("art", a_candidate("Particles of articles")) == [True]


def test_a_muted_word_counts_in_the_abstract_too():
    assert kept("video", a_candidate("X", 1, "A video.")) == [False]


@pytest.mark.parametrize("entry", ["the", "?", "", "category:", "source:"])
def test_a_muted_entry_that_says_nothing_leaves_nothing_out(entry):
    assert kept(entry, a_candidate("The paths?", categories=("cs.CL",), sources=("hf",))) == [True]


@pytest.mark.parametrize(
    ("entry", "left"),
    [
        ("category:cs.CL", [False, True]),
        ("Category: CS.cl", [False, True]),
        ("category:cs", [False, False]),
        ("category:c", [True, True]),
        ("source:hf", [False, True]),
        ("source:h", [True, True]),
        ("cs.CL", [True, True]),
    ],
)
def test_a_category_its_whole_archive_or_a_source_can_be_muted(entry, left):
    papers = [
        a_candidate("Paths", 1, categories=("cs.CL", "math.ST"), sources=("hf", "arxiv")),
        a_candidate("Modules", 2, categories=("cs.CV",), sources=("arxiv",)),
    ]
    assert kept(entry, *papers) == left


def test_without_readers_or_papers_the_mask_is_empty():
    assert unmuted([], Facts([a_candidate("Paths")])).shape == (0, 1)
    assert unmuted([a_subscriber(muted=("survey",))], Facts([])).shape == (1, 0)


def test_papers_by_an_author_are_found_once_however_the_name_is_written():
    facts = Facts([a_candidate("A", authors=("Y. LeCun", "LeCun, Yann")), a_candidate("B")])
    assert facts.by("lecun y").tolist() == [True, False]
    assert facts.authors == [("lecun y",), ()]
