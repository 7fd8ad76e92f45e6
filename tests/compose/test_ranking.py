"""Papers scored by interest: what beats what, why, and what changes nothing."""

from __future__ import annotations

import datetime as dt
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.compose.language import terms
from digest.compose.profiles import tastes
from digest.compose.ranking import FOLLOWED, Ranking, rank
from digest.editions import Reason
from digest.papers import Candidate
from digest.subscribers import Interest
from tests.support.builders import a_paper, a_subscriber

NOW = dt.datetime(2026, 5, 20, tzinfo=dt.UTC)
FILLER = "Protein folding with graphs", "Speech codecs at low rates", "Weather on a sphere"


def a_candidate(title: str, number: int = 1, abstract: str = "", **known) -> Candidate:
    paper = a_paper(title, abstract=abstract, **known)
    return Candidate(number, paper, tuple(terms(f"{title} {abstract}")), NOW)


def ranked(interests: Interest | list[Interest], *papers: str | Candidate) -> Ranking:
    stated = [interests] if isinstance(interests, Interest) else interests
    candidates = [
        paper if isinstance(paper, Candidate) else a_candidate(paper, n)
        for n, paper in enumerate(papers)
    ]
    return rank(tastes(a_subscriber(interests=tuple(stated)), {}), candidates)


def scores(interest: Interest, *papers: str | Candidate) -> list[float]:
    return [float(score) for score in ranked(interest, *papers, *FILLER).scores[0]][: len(papers)]


def test_a_paper_with_a_keyword_beats_one_without():
    held, other = scores(Interest("A", keywords=("diffusion",)), "Fast diffusion", "Fast decoding")
    assert held > other == 0


def test_a_paper_with_two_of_the_keywords_beats_one_with_one():
    interest = Interest("A", keywords=("diffusion", "video"))
    both, one = scores(interest, "Video diffusion fast", "Fast diffusion again")
    assert both > one > 0


def test_a_phrase_beats_the_same_words_scattered_and_those_beat_one_of_them():
    interest = Interest("A", keywords=("video generation",))
    phrase, scattered, one = scores(
        interest, "Fast video generation", "Generation fast of video", "Fast video decoding"
    )
    assert phrase > scattered > one > 0


def test_a_rare_word_beats_a_common_one():
    interest = Interest("A", text="diffusion robots")
    common = [f"Diffusion number {n}" for n in range(8)]
    rare, *others = scores(interest, "Robots number eleven", *common)
    assert rare > max(others)


def test_a_keyword_met_well_scores_about_one():
    (score,) = scores(Interest("A", keywords=("diffusion",)), "Diffusion diffusion diffusion")
    assert 0.5 < score < 1.5


def test_an_interest_of_twice_the_weight_scores_twice_as_much():
    once, twice = ranked(
        [Interest("A", "video", weight=1.0), Interest("B", "video", weight=2.0)],
        "Fast video",
        *FILLER,
    ).scores
    assert twice == pytest.approx(2 * once)


def test_an_example_finds_papers_like_it():
    interest = Interest("A", examples=("Sparse expert routing for language models",))
    near, far = scores(interest, "Routing sparse experts in models", "Weather of language")
    assert near > far


def test_a_followed_author_beats_any_text():
    interest = Interest("A", "fast video diffusion", ("video diffusion",), authors=("Yann LeCun",))
    theirs = a_candidate("On nothing in particular", authors=("Ann Other", "LeCun, Y."))
    by_author, by_text = scores(interest, theirs, "Fast video diffusion video diffusion")
    assert by_author >= FOLLOWED > by_text


def test_an_author_named_twice_counts_once():
    theirs = a_candidate("Nothing", authors=("Yann LeCun", "Y. LeCun"))
    found = ranked(Interest("A", authors=("Yann LeCun", "LeCun, Yann")), theirs)
    assert found.scores.tolist() == [[FOLLOWED]]
    assert found.reasons(0, 0) == (Reason("author", "LeCun, Yann", FOLLOWED),)


def test_reasons_are_in_the_readers_own_words_largest_first():
    interest = Interest("A", "Experts", ("Video Generation", "diffusion"), authors=("Y. LeCun",))
    paper = a_candidate("Video generation by an expert", authors=("Yann LeCun",))
    reasons = ranked(interest, paper, *FILLER).reasons(0, 0)
    assert [(reason.kind, reason.text) for reason in reasons] == [
        ("author", "Y. LeCun"),
        ("term", "Video Generation"),
        ("term", "Experts"),
    ]
    assert list(reasons) == sorted(reasons, key=lambda reason: -reason.share)


def test_a_word_of_a_phrase_that_is_not_met_whole_is_named_alone():
    reasons = ranked(Interest("A", keywords=("video generation",)), "Fast videos", *FILLER).reasons(
        0, 0
    )
    assert [reason.text for reason in reasons] == ["video"]


def test_an_example_is_named_by_its_title():
    interest = Interest("A", examples=("Sparse expert routing",))
    (reason,) = ranked(interest, "Routing experts", *FILLER).reasons(0, 0)
    assert (reason.kind, reason.text) == ("example", "Sparse expert routing")


def test_a_paper_that_meets_nothing_has_no_reasons():
    assert ranked(Interest("A", "video"), *FILLER).reasons(0, 0) == ()


@pytest.mark.parametrize(
    "interest", [Interest("A"), Interest("A", "the of"), Interest("A", keywords=("?",))]
)
def test_an_interest_that_says_nothing_scores_nothing(interest):
    assert scores(interest, "Fast video") == [0.0]


def test_without_papers_or_interests_there_are_no_scores():
    assert ranked(Interest("A", "video")).scores.shape == (1, 0)
    assert ranked([], "Fast video").scores.shape == (0, 1)


def test_papers_without_words_score_nothing_and_harm_no_others():
    score, *empty = scores(Interest("A", "video"), "Fast video", "?", "!")
    assert score > 0
    assert empty == [0.0, 0.0]
    assert scores(Interest("A", "video"), "?") == [0.0]
    assert ranked(Interest("A", "video"), "?").scores.tolist() == [[0.0]]
    assert ranked(Interest("A", "video"), "?", "Fast video").scores[0, 1] > 0


# What changes nothing --------------------------------------------------------------------------

VOCABULARY = [
    "video",
    "diffusion",
    "agent",
    "routing",
    "expert",
    "sparse",
    "speech",
    "protein",
    "weather",
    "graph",
]
phrases = st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=3).map(" ".join)
titles = st.lists(st.sampled_from(VOCABULARY), max_size=12).map(" ".join)
people = st.lists(st.sampled_from(["Ada Lovelace", "Y. LeCun", "Yann LeCun"]), max_size=2).map(
    tuple
)
papers_ = st.lists(st.builds(a_candidate, titles, authors=people), max_size=8)
interests_ = st.builds(
    Interest,
    st.just("A"),
    titles,
    st.lists(phrases, max_size=3).map(tuple),
    st.lists(titles, max_size=2).map(tuple),
    people,
    st.sampled_from([0.5, 1.0, 3.0]),
)


@settings(deadline=None)
@given(interests_, papers_)
def test_reasons_sum_to_the_score(interest, papers):
    found = ranked(interest, *papers)
    for n in range(len(papers)):
        shares = [reason.share for reason in found.reasons(0, n)]
        assert sum(shares) == pytest.approx(float(found.scores[0, n]), abs=1e-4)
        assert all(share > 0 for share in shares)


@settings(deadline=None, max_examples=50)
@given(interests_, st.lists(interests_, max_size=4), papers_)
def test_what_one_interest_wants_never_changes_anothers_scores(one, others, papers):
    alone = ranked(one, *papers)
    among = ranked([*others, one, *others], *papers)
    assert among.scores[len(others)].tobytes() == alone.scores[0].tobytes()
    for n in range(len(papers)):
        assert among.reasons(len(others), n) == alone.reasons(0, n)


@settings(deadline=None)
@given(st.lists(interests_, max_size=3), papers_, st.randoms(use_true_random=False))
def test_shuffling_papers_and_interests_changes_no_score(interests, papers, chance: random.Random):
    rows = chance.sample(range(len(interests)), len(interests))
    columns = chance.sample(range(len(papers)), len(papers))
    straight = ranked(interests, *papers).scores
    shuffled = ranked([interests[n] for n in rows], *[papers[n] for n in columns]).scores
    np.testing.assert_allclose(shuffled, straight[np.ix_(rows, columns)], rtol=1e-6)


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(), st.text()), max_size=5), st.text(), st.text(), st.text())
def test_scores_of_any_text_are_finite_and_never_negative(papers, text, keyword, example):
    interest = Interest("A", text, (keyword,), (example,), (text,))
    candidates = [a_candidate(title, n, abstract) for n, (title, abstract) in enumerate(papers)]
    found = ranked(interest, *candidates).scores
    assert found.shape == (1, len(papers))
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert (found >= 0).all()
