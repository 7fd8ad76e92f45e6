"""Votes are split by time, and nothing of later is known at an instant."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from digest.compose.language import terms
from digest.compose.profiles import ProfileSettings
from digest.evaluate.baselines import BASELINES
from digest.evaluate.history import MOST, PERIOD, Library, Reader, instants
from digest.evaluate.moments import Moment, moment, product
from digest.evaluate.pooling import measured, rows
from digest.papers import Archived, Candidate, Mention
from digest.subscribers import Interest
from digest.votes import Vote
from tests.support.builders import a_subscriber
from tests.support.past import DAY, TOPICS, an_invented_paper

AT = dt.datetime(2026, 5, 20, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def a_candidate(number: int, days: float, topic: str = "birds", **known: Any) -> Candidate:
    """The paper of this number, that came so many days after ``AT``."""
    paper = an_invented_paper(topic, number, random.Random(number))
    at = AT + days * DAY
    return Candidate(
        number, paper, tuple(terms(f"{paper.title} {paper.abstract}")), at, known.pop("said", ())
    )


def a_reader(*votes: tuple[int, float, str], shown: dict[int, float] | None = None) -> Reader:
    """Ada, who voted on papers so many days after ``AT``."""
    ada = a_subscriber(interests=(Interest("All", text="owls"),))
    return Reader(
        ada,
        tuple((n, Vote("ada", str(n), value, AT + days * DAY)) for n, days, value in votes),
        {n: AT + days * DAY for n, days in (shown or {}).items()},
    )


def a_moment(reader: Reader, *papers: Candidate, at: dt.datetime = AT) -> Moment:
    voted = {one.id: Archived(one.id, one.paper.title, one.terms) for one in papers}
    return moment(at, [reader], papers, Library({}, voted))


def ranked(found: Moment) -> tuple[list[int], list[int]]:
    """The numbers of the papers to rank, and of those that are wanted."""
    (episode,) = found.episodes
    numbers = found.numbers(episode)
    return numbers, [n for n, grade in zip(numbers, episode.grades, strict=True) if grade]


PAPERS = (
    a_candidate(1, -9),
    a_candidate(2, -8, "metals"),
    a_candidate(3, -1),
    a_candidate(4, 1),
    a_candidate(5, 2, "metals"),
    a_candidate(6, 6.9),
)


def test_what_came_in_the_period_is_ranked_and_what_was_liked_of_it_is_wanted() -> None:
    reader = a_reader((1, -8, "more"), (4, 3, "more"), (5, 3, "less"), (6, 9, "save"))
    assert ranked(a_moment(reader, *PAPERS)) == ([4, 5, 6], [4, 6])


def test_a_like_that_comes_too_late_is_not_wanted() -> None:
    assert ranked(a_moment(a_reader((4, 14.1, "more"), (5, 13.9, "more")), *PAPERS))[1] == [5]


def test_a_like_that_was_taken_back_is_not_wanted() -> None:
    assert ranked(a_moment(a_reader((4, 2, "more"), (4, 3, "clear")), *PAPERS))[1] == []


def test_an_older_paper_shown_in_the_period_is_ranked_too() -> None:
    reader = a_reader((3, 2, "more"), shown={3: 1, 1: -5, 4: 1.5})
    assert ranked(a_moment(reader, *PAPERS)) == ([3, 4, 5, 6], [3])


def test_what_was_shown_or_judged_before_is_no_news() -> None:
    reader = a_reader((3, -0.5, "less"), (1, 1, "more"), shown={3: 1, 1: -8})
    assert ranked(a_moment(reader, *PAPERS)) == ([4, 5, 6], [])


def test_an_example_is_no_news() -> None:
    reader = a_reader((5, 2, "more"))
    stated = Interest("All", text="owls", examples=(PAPERS[3].paper.key,))
    reader = replace(reader, subscriber=replace(reader.subscriber, interests=(stated,)))
    assert ranked(a_moment(reader, *PAPERS))[0] == [5, 6]


def test_the_profile_is_what_was_said_by_then() -> None:
    reader = a_reader((2, -7, "less"), (1, -8, "more"), (3, -0.5, "more"), (4, 1, "more"))
    found = a_moment(reader, *PAPERS)
    (episode,) = found.episodes
    ids = [int(found.collection.ids[n]) for n in (*episode.liked, *episode.disliked)]
    assert ids == [1, 3, 2] and episode.history == 1


def test_only_papers_known_by_then_are_counted() -> None:
    found = a_moment(a_reader((4, 1, "more")), *PAPERS)
    assert [found.collection.ids[n] for n in found.collection.background] == ["1", "2", "3"]
    assert found.background.papers == 3
    judged = a_moment(a_reader((1, -8, "more"), (4, 1, "more")), *PAPERS)
    assert judged.background.papers == 2


@pytest.mark.parametrize("name", ["digest", *BASELINES])
def test_nothing_that_came_later_moves_a_score(name: str) -> None:
    votes = ((1, -8.0, "more"), (2, -7.0, "less"))
    before = a_moment(a_reader(*votes), *PAPERS)
    said = (Mention("later", 1, 10, (AT + 8 * DAY).date()),)
    after = a_moment(
        a_reader(*votes, (4, 1, "more"), (5, 2, "less"), (6, 8, "clear")),
        *(replace(paper, mentions=said) for paper in PAPERS),
    )
    scores = [
        list((BASELINES | {"digest": product(one, ProfileSettings())})[name](one.collection, one.episodes))
        for one in (before, after)
    ]  # fmt: skip
    np.testing.assert_array_equal(*scores)


def test_before_there_was_an_archive_nothing_is_measured() -> None:
    assert a_moment(a_reader((4, 1, "more")), *PAPERS[3:]).episodes == ()


def test_what_has_to_be_in_comes_first_and_what_is_muted_last() -> None:
    always = PAPERS[4].paper.title.split()[0]
    reader = a_reader((1, -8, "more"))
    subscriber = replace(
        reader.subscriber,
        interests=(Interest("All", text="owls", always=(always,)),),
        muted=(PAPERS[5].paper.title,),
    )
    found = a_moment(replace(reader, subscriber=subscriber), *PAPERS)
    (scores,) = product(found, ProfileSettings())(found.collection, found.episodes)
    assert scores[1] > 1 > scores[0] > 0 > scores[2]


def test_instants_are_a_week_apart_and_end_a_week_before_the_last_vote() -> None:
    reader = a_reader((1, 0, "more"), (2, 15, "more"))
    assert instants([reader]) == [AT + n * DAY for n in (-6, 1, 8)]
    assert instants([a_reader()]) == []
    assert len(instants([a_reader((1, -4000, "more"), (2, 0, "more"))])) == MOST


def test_moments_are_reported_together_by_how_much_was_liked_before() -> None:
    papers = [a_candidate(n, n / 2 - 30, sorted(TOPICS)[n % 5]) for n in range(1, 100)]
    votes = [(n, n / 2 - 29.9, "more") for n in range(5, 100, 5)]
    reader = a_reader(*votes)
    found = []
    for at in instants([reader]):
        known = [one for one in papers if one.first_seen_at <= at + PERIOD]
        one = a_moment(reader, *known, at=at)
        found += measured(one, {"digest": product(one, ProfileSettings()), **BASELINES})
    made = rows(found, "bm25")
    assert sum(row.n for row in made if row.ranker == "digest") == len(found) > 3
    assert sorted({row.history for row in made}) == [row.history for row in made[::4]]
    assert {row.ranker: row.baseline for row in made}["bm25"] is None
