"""Which papers a reader has had or has judged."""

from __future__ import annotations

from digest.compose.news import Judged, News
from tests.support.tastes import a_candidate


def judged(*keys: str, numbers: tuple[int, ...] = ()) -> Judged:
    return Judged(frozenset(keys), frozenset(numbers))


def test_what_stood_in_a_past_edition_is_not_new_to_that_reader_alone():
    papers = [a_candidate("Paths", number) for number in (7, 8, 9)]
    assert News(papers).unseen([{8}, set(), {7, 9}]).tolist() == [
        [True, False, True],
        [True, True, True],
        [False, True, False],
    ]


def test_a_seen_paper_outside_the_window_changes_nothing():
    assert News([a_candidate("Paths", 7)]).unseen([{1, 2}]).tolist() == [[True]]


def test_without_readers_or_papers_the_masks_are_empty():
    one, none = News([a_candidate("Paths")]), News([])
    assert one.unseen([]).shape == one.unjudged([]).shape == (0, 1)
    assert none.unseen([{1}]).shape == none.unjudged([judged("title:paths")]).shape == (1, 0)


def test_an_example_is_known_by_any_of_its_keys():
    papers = [a_candidate("Paths", 1, arxiv_id="2403.10616"), a_candidate("Modules", 2)]
    for key in ("title:paths", "arxiv:2403.10616"):
        found = News(papers).unjudged([judged(key), judged()])
        assert found.tolist() == [[False, True], [True, True]]


def test_a_paper_that_was_voted_on_is_known_by_its_number():
    papers = [a_candidate("Paths", 7), a_candidate("Modules", 8)]
    assert News(papers).unjudged([judged(numbers=(8, 99))]).tolist() == [[True, False]]
