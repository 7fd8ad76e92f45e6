"""Scores become short lists: bounded, without repeats, with something for every interest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.compose.selection import Choice, SelectionSettings, select


def chosen(scores, *, size: int = 10, allowed=None, least: float = 0.1) -> list[Choice]:
    """The choices of one reader whose tastes have these scores."""
    found = np.array(scores, dtype=np.float32)
    mask = np.ones((1, found.shape[1]), bool) if allowed is None else np.array([allowed])
    owners, bars = [0] * len(found), [least] * len(found)
    return select(found, owners, mask, sizes=[size], least=bars)[0]


def columns(choices: list[Choice]) -> list[int]:
    return [choice.paper for choice in choices]


def test_the_best_come_first_and_no_more_than_there_is_room_for():
    assert columns(chosen([[0.2, 0.9, 0.5, 0.7]], size=3)) == [1, 3, 2]


def test_ties_go_to_the_earlier_paper():
    assert columns(chosen([[0.5, 0.9, 0.5, 0.5]], size=3)) == [1, 0, 2]


def test_a_score_that_reaches_the_threshold_is_good_enough():
    assert columns(chosen([[0.5, 0.25]], least=0.5)) == [0]


def test_a_score_just_below_the_threshold_is_not():
    assert columns(chosen([[0.4999, 0.5]], least=0.5)) == [1]


def test_a_score_of_nothing_is_never_good_enough():
    assert chosen([[0.0, 0.0]], least=0.0) == []


def test_what_is_not_allowed_is_never_chosen():
    assert columns(chosen([[0.9, 0.5]], allowed=[False, True])) == [1]


def test_a_paper_counts_by_the_taste_that_wants_it_most():
    assert chosen([[0.5, 0.25], [0.75, 0.125]]) == [Choice(0, 1, 0.75), Choice(1, 0, 0.25)]


def test_a_quiet_interest_has_its_best_paper_before_a_loud_one_has_its_third():
    loud, quiet = [0.9, 0.8, 0.7, 0.0], [0.0, 0.0, 0.0, 0.2]
    assert columns(chosen([loud, quiet], size=3)) == [0, 1, 3]


def test_without_room_for_every_interest_the_strongest_have_theirs():
    assert columns(chosen([[0.9, 0, 0], [0, 0.5, 0], [0, 0, 0.7]], size=2)) == [0, 2]


@pytest.mark.parametrize(("scores", "size"), [([[]], 3), ([[0.5]], 0)])
def test_without_papers_or_room_nothing_is_chosen(scores, size):
    assert chosen(scores, size=size) == []


def test_a_threshold_has_to_be_more_than_nothing():
    with pytest.raises(ValueError, match="min_score has to be more than 0"):
        SelectionSettings(min_score=0)


@st.composite
def batches(draw):
    """Readers with some tastes each, scores full of ties, masks, sizes and thresholds."""
    papers = draw(st.integers(0, 12))
    tastes = draw(st.lists(st.integers(0, 3), max_size=5))
    owners = [reader for reader, count in enumerate(tastes) for _ in range(count)]
    grid = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.5, 0.75, 1.0, 3.5])
    row = st.lists(grid, min_size=papers, max_size=papers)
    scores = draw(st.lists(row, min_size=len(owners), max_size=len(owners)))
    flags = st.lists(st.booleans(), min_size=papers, max_size=papers)
    allowed = draw(st.lists(flags, min_size=len(tastes), max_size=len(tastes)))
    sizes = draw(st.lists(st.integers(0, 14), min_size=len(tastes), max_size=len(tastes)))
    least = draw(st.lists(grid, min_size=len(owners), max_size=len(owners)))
    return (
        np.array(scores, dtype=np.float32).reshape(len(owners), papers),
        owners,
        np.array(allowed, dtype=bool).reshape(len(tastes), papers),
        sizes,
        least,
    )


@given(batches())
def test_a_selection_keeps_its_promises(batch):
    scores, owners, allowed, sizes, least = batch
    found = select(scores, owners, allowed, sizes=sizes, least=least)
    assert len(found) == len(sizes)
    for reader, (choices, size) in enumerate(zip(found, sizes, strict=True)):
        own = [n for n, owner in enumerate(owners) if owner == reader]
        good = {
            n: {
                paper: float(scores[n, paper])
                for paper in range(scores.shape[1])
                if allowed[reader, paper] and scores[n, paper] > 0
                if scores[n, paper] >= np.float32(least[n])
            }
            for n in own
        }
        best = {paper: max(good[n].get(paper, 0.0) for n in own) for n in own for paper in good[n]}
        picked = columns(choices)
        assert len(set(picked)) == len(picked) == min(size, len(best))
        assert set(picked) <= set(best)
        assert picked == sorted(picked, key=lambda paper: (-best[paper], paper))
        assert [choice.score for choice in choices] == [best[paper] for paper in picked]
        assert all(choice.taste in own for choice in choices)
        assert all(good[choice.taste][choice.paper] == choice.score for choice in choices)
        if best and size:
            assert choices[0].score == max(best.values())
        wanting = [n for n in own if good[n]]
        if size >= len(wanting):
            for n in wanting:
                assert max(good[n].get(paper, 0.0) for paper in picked) == max(good[n].values())


@given(batches())
def test_a_reader_gets_the_same_alone_as_in_a_batch(batch):
    scores, owners, allowed, sizes, least = batch
    together = select(scores, owners, allowed, sizes=sizes, least=least)
    for reader, size in enumerate(sizes):
        own = [n for n, owner in enumerate(owners) if owner == reader]
        (alone,) = select(
            scores[own],
            [0] * len(own),
            allowed[[reader]],
            sizes=[size],
            least=[least[n] for n in own],
        )
        assert columns(alone) == columns(together[reader])
