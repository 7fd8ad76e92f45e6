"""Topics and repeats: the same whatever the blocks, and of papers alone."""

from __future__ import annotations

import numpy as np
import pytest

from digest.compose.traits import BLOCK, Traits, traits


def made(vectors, near_repeat: float = 0.9, same_topic: float = 0.6) -> Traits:
    found = np.array(vectors, dtype=np.float32)
    papers = len(found)
    return traits(
        found,
        np.zeros(papers, dtype=np.intp),
        np.zeros(papers, dtype=np.float32),
        near_repeat=near_repeat,
        same_topic=same_topic,
    )


def at(*degrees: float) -> np.ndarray:
    """Vectors of length 1 in the plane, at these angles."""
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def repeats(found: Traits) -> list[list[bool]]:
    columns = np.arange(len(found.topics))
    return found.repeat(columns[:, None], columns).tolist()


def test_papers_at_the_bar_repeat_each_other_and_papers_beyond_it_do_not():
    found = made(at(0, 59.99, 120.01), near_repeat=0.5)
    assert repeats(found) == [[True, True, False], [True, True, False], [False, False, True]]


def test_a_topic_is_the_paper_with_most_company_and_those_near_it():
    assert made(at(0, 50, 100, 200)).topics.tolist() == [1, 1, 1, 3]


def test_a_paper_near_two_middles_is_of_the_one_with_more_company():
    assert made(at(0, 10, 20, 70, 75)).topics.tolist() == [2, 2, 2, 2, 4]


def test_of_middles_with_equal_company_the_first_comes_first():
    assert made(at(0, 10)).topics.tolist() == [0, 0]


def test_a_paper_of_which_nothing_is_known_is_alone():
    found = made([[1, 0], [0, 0], [0, 0]])
    assert found.topics.tolist() == [0, 1, 2]
    assert repeats(found) == [[True, False, False], [False] * 3, [False] * 3]


def test_identical_papers_repeat_each_other_at_the_strictest_bar():
    vectors = np.random.default_rng(3).standard_normal((1, 256)).repeat(9, axis=0)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert np.all(repeats(made(vectors, near_repeat=1, same_topic=1)))


@pytest.mark.parametrize("papers", [1, 7, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 9])
def test_pairs_are_found_across_blocks_and_both_ways(papers):
    vectors = np.random.default_rng(papers).standard_normal((papers, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = np.array(repeats(made(vectors)))
    cosines = vectors.astype(np.float64) @ vectors.T.astype(np.float64)
    clear = abs(cosines - 0.9) > 1e-5
    assert np.array_equal(found, found.T)
    assert np.array_equal(found[clear], (cosines >= 0.9)[clear])


def test_no_papers_have_no_traits():
    found = made(np.zeros((0, 4)))
    assert found.topics.shape == (0,)


@pytest.mark.parametrize("near_repeat", [0.0, 0.999999], ids=["many", "few"])
def test_pairs_are_found_whether_they_are_many_or_few(near_repeat: float):
    vectors = at(*np.random.default_rng(5).uniform(0, 360, BLOCK + 40))
    cosines = vectors @ vectors.T
    clear = np.abs(cosines - near_repeat) > 1e-5
    found = np.array(repeats(made(vectors, near_repeat=near_repeat)))
    assert np.array_equal(found[clear], (cosines >= near_repeat)[clear])
    assert np.array_equal(found, found.T)
