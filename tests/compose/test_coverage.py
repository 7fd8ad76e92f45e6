"""What a list is worth: more with every paper, and ever less more."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.compose.coverage import Coverage
from tests.support.worth import worth

PAPERS = 6
chance = st.floats(0, 1, width=32)
row = st.lists(chance, min_size=PAPERS, max_size=PAPERS)


@st.composite
def days(draw):
    """Values, topics and relevance to some interests of six papers, and how much variety counts."""
    topics = st.lists(st.integers(0, 3), min_size=PAPERS, max_size=PAPERS)
    relevance = draw(st.lists(row, min_size=1, max_size=3))
    found = np.array(draw(row)), np.array(draw(topics)), np.array(relevance)
    return *found, draw(st.sampled_from([0.0, 0.2, 1.0, 10.0]))


subsets = st.sets(st.integers(0, PAPERS - 1))


@settings(deadline=None)
@given(days(), subsets, subsets)
def test_worth_never_falls_when_papers_are_added(day, some, more):
    assert worth(*day, some | more) >= worth(*day, some) - 1e-9


@settings(deadline=None)
@given(days(), subsets, subsets, st.integers(0, PAPERS - 1))
def test_a_paper_adds_the_less_the_more_is_there(day, some, more, paper):
    def added(to):
        return worth(*day, to | {paper}) - worth(*day, to)

    assert added(some - {paper}) >= added((some | more) - {paper}) - 1e-9


@settings(deadline=None)
@given(days(), st.lists(st.integers(0, PAPERS - 1), unique=True))
def test_what_a_paper_adds_is_the_difference_in_worth(day, order):
    values, topics, relevance, diversity = day
    cells = np.float32(values)[None], topics[None], np.float32(relevance)[None]
    coverage = Coverage(*cells, diversity)
    held: set[int] = set()
    for paper in order:
        added = worth(*day, held | {paper}) - worth(*day, held)
        found = values[paper] + coverage.variety()[0, paper]
        assert found == pytest.approx(added, abs=1e-3)
        coverage.add(np.array([0]), np.array([paper]))
        held.add(paper)
