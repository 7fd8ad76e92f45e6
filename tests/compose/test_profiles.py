"""Stated interests and votes become tastes."""

from __future__ import annotations

import datetime as dt
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.compose.profiles import (
    TEXT_WEIGHT,
    Example,
    ProfileSettings,
    Taste,
    Wish,
    example_keys,
    tastes,
)
from digest.papers import Archived
from digest.subscribers import Interest
from digest.votes import Opinion
from tests.support.builders import a_subscriber
from tests.support.tastes import NOW, a_taste, archived

ONE = Interest("One")
PATHS = Archived(7, "Sparse Expert Paths", ("spars", "expert", "path"))


def taste(archive=None, **stated) -> Taste:
    reader = a_subscriber(interests=(Interest("One", **stated),))
    (found,) = tastes(reader, (), archive or {}, {}, NOW, ProfileSettings())
    return found


def voted(*opinions: Opinion, interests=(ONE,), papers=(PATHS,)) -> tuple[Taste, ...]:
    known = {one.id: one for one in papers}
    reader = a_subscriber(interests=interests)
    return tastes(reader, opinions, {}, known, NOW, ProfileSettings())


def a_vote(paper=7, liked=True, days=0.0, interest="One") -> Opinion:
    return Opinion("ada", paper, liked, False, NOW - dt.timedelta(days=days), interest)


# What is stated --------------------------------------------------------------------------------


def test_each_interest_becomes_a_taste_in_their_order():
    interests = (Interest("Agents", "agents"), Interest("Vision", "video"))
    found = tastes(a_subscriber(interests=interests), (), {}, {}, NOW, ProfileSettings())
    assert [one.interest for one in found] == list(interests)


def test_a_reader_without_interests_has_no_taste_whatever_they_vote():
    assert voted(a_vote(), interests=()) == ()


def test_a_keyword_is_a_wish_with_its_terms_in_order():
    assert taste(keywords=("Video Generation", "LoRA")).wishes == (
        Wish("keyword", "Video Generation", (("video", "generat"),), 1.0),
        Wish("keyword", "LoRA", (("lora",),), 1.0),
    )


def test_alternatives_are_one_wish_with_a_phrase_each():
    (wish,) = taste(keywords=("video | moving pictures | | video",)).wishes
    assert wish.phrases == (("video",), ("move", "pictur"))


def test_a_keyword_given_twice_counts_once():
    assert len(taste(keywords=("video", "video")).wishes) == 1


def test_each_word_of_a_text_is_a_wish_as_it_first_stands_there_as_often_as_it_does():
    assert taste(text="Routing the experts, routed by a critic").wishes == (
        Wish("word", "Routing", (("rout",),), 2 * TEXT_WEIGHT),
        Wish("word", "experts", (("expert",),), TEXT_WEIGHT),
        Wish("word", "critic", (("critic",),), TEXT_WEIGHT),
    )


def test_a_word_that_is_in_a_keyword_too_counts_as_the_keyword_alone():
    wishes = taste(text="video models", keywords=("videos",)).wishes
    assert [(wish.kind, wish.label) for wish in wishes] == [
        ("keyword", "videos"),
        ("word", "models"),
    ]


@pytest.mark.parametrize("field", ["examples", "dislikes"])
def test_an_example_in_the_archive_counts_by_that_papers_terms_and_title(field):
    archive = {"title:paths": PATHS}
    found = taste(archive, **{field: ("Paths!",)})
    assert (found.liked or found.disliked) == (Example(PATHS.title, PATHS.terms, 1.0, 7),)
    assert bool(found.liked) == (field == "examples")


@pytest.mark.parametrize("named", ["arxiv:2403.10616", "https://arxiv.org/abs/2403.10616v2"])
def test_an_example_may_be_named_by_any_guise_of_its_id(named):
    found = taste({"arxiv:2403.10616": PATHS}, examples=(named,))
    assert found.liked[0].paper == 7


def test_an_example_the_archive_does_not_have_counts_by_its_title():
    (found,) = taste(examples=("Sparse Expert Paths",)).liked
    assert found == Example("Sparse Expert Paths", ("spars", "expert", "path"))


def test_all_examples_are_asked_for_liked_and_disliked():
    interests = (
        Interest("A", examples=("Paths!", "doi:10.1/x")),
        Interest("B", dislikes=("https://arxiv.org/abs/2403.10616",)),
    )
    keys = example_keys([a_subscriber(interests=interests), a_subscriber(interests=())])
    assert {"title:paths", "doi:10.1/x", "arxiv:2403.10616"} <= set(keys)


def test_followed_authors_are_known_by_last_name_and_initial():
    assert taste(authors=("Yann LeCun", "Bengio, Yoshua")).authors == {
        "lecun y": "Yann LeCun",
        "bengio y": "Bengio, Yoshua",
    }


def test_required_and_always_hold_alternatives_and_what_says_nothing_is_dropped():
    found = taste(required=("a | graphs | nets", "?"), always=("moe", "the"))
    assert found.required == ((("graph",), ("net",)),)
    assert [wish.label for wish in found.always] == ["moe"]


def test_what_is_preferred_anywhere_is_preferred_for_each_interest_and_once():
    reader = a_subscriber(
        interests=(Interest("A", categories=("cs.CL",), sources=("hf",)), Interest("B")),
        preferred=("category: cs.CL", "sparse paths"),
    )
    first, second = tastes(reader, (), {}, {}, NOW, ProfileSettings())
    assert first.preferred == (("category", "cs.CL"), ("source", "hf"), ("phrase", "sparse paths"))
    assert second.preferred == (("category", "cs.CL"), ("phrase", "sparse paths"))


def test_what_says_nothing_is_no_wish():
    found = taste(text="the of", keywords=("we", "?", "|"), examples=("",), dislikes=("?",))
    assert (found.wishes, found.liked, found.disliked) == ((), (), ())


# What was voted --------------------------------------------------------------------------------


def test_a_vote_likes_or_dislikes_the_paper_for_the_interest_it_names():
    for liked in (True, False):
        first, second = voted(a_vote(liked=liked), interests=(Interest("Zero"), Interest("One")))
        assert first == Taste(Interest("Zero"))
        assert (second.liked if liked else second.disliked) == (
            Example(PATHS.title, PATHS.terms, 1.0, 7),
        )


def test_a_vote_takes_the_place_of_what_was_stated_of_the_same_paper():
    reader = a_subscriber(interests=(Interest("One", examples=("Paths",)),))
    archive, known = {"title:paths": PATHS}, {7: PATHS}
    (found,) = tastes(reader, [a_vote(liked=False)], archive, known, NOW, ProfileSettings())
    assert (found.liked, [one.paper for one in found.disliked]) == ((), [7])


@pytest.mark.parametrize("interest", [None, "Gone"])
def test_a_vote_for_no_interest_of_theirs_goes_to_the_one_it_shares_most_words_with(interest):
    interests = (Interest("A", "weather on a sphere"), Interest("B", "sparse experts"))
    first, second = voted(a_vote(interest=interest), interests=interests)
    assert (len(first.liked), len(second.liked)) == (0, 1)


def test_a_vote_of_which_nothing_is_known_goes_to_the_first_interest():
    first, second = voted(a_vote(interest=None), interests=(Interest("A"), Interest("B")))
    assert (len(first.liked), len(second.liked)) == (1, 0)


def test_what_was_liked_tells_where_the_next_like_belongs():
    interests = (Interest("A", "weather"), Interest("B", "sparse"))
    other = Archived(8, "Expert Paths", ("expert", "path"))
    _, second = voted(
        a_vote(7, days=2, interest="B"), a_vote(8, interest=None),
        interests=interests, papers=(PATHS, other),
    )  # fmt: skip
    assert [one.paper for one in second.liked] == [7, 8]


def test_a_vote_on_a_paper_that_is_not_in_the_archive_says_nothing():
    assert voted(a_vote(99)) == (Taste(Interest("One")),)


@pytest.mark.parametrize(
    ("half_life", "days", "weight"),
    [(10, 0, 1.0), (10, 10, 0.5), (10, 20, 0.25), (0, 9999, 1.0), (10, -5, 1.0)],
)
def test_a_vote_counts_half_after_its_half_life(half_life, days, weight):
    found = a_taste(liked=("Sparse Expert Paths",), age=days, half_life=half_life)
    assert found.liked[0].weight == pytest.approx(weight)


def test_a_half_life_cannot_be_negative():
    with pytest.raises(ValueError, match="vote_half_life_days has to be 0 or more"):
        ProfileSettings(-1)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 6), st.booleans(), st.integers(0, 3), st.sampled_from([None, "A", "B"])),
        max_size=6, unique_by=lambda one: one[0],
    ),
    st.randoms(use_true_random=False),
)  # fmt: skip
def test_the_order_in_which_opinions_come_changes_nothing(votes, chance: random.Random):
    papers = [archived(f"Sparse {word} number {n}", n) for n, word in enumerate("abcdefgh")]
    opinions = [a_vote(paper, liked, days, interest) for paper, liked, days, interest in votes]
    interests = (Interest("A", "sparse"), Interest("B", "number"))
    shuffled = chance.sample(opinions, len(opinions))
    assert voted(*opinions, interests=interests, papers=papers) == voted(
        *shuffled, interests=interests, papers=papers
    )
