"""Each of the best papers that were left out has the rule that kept it out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from digest.compose.choices import SelectionSettings
from digest.compose.leftovers import leftovers
from tests.support.shelf import FREE, Batch, angles, batches, chosen, some_traits


def left(relevance, *, size: int = 2, must=None, settings=None, most: int = 9, **known):
    rules = settings or SelectionSettings(**FREE)
    found = np.array(relevance, dtype=np.float32)
    picked = chosen(relevance, size=size, must=must, settings=rules, **known)
    papers = found.shape[1]
    return leftovers(
        found,
        range(len(found)),
        np.ones(papers, dtype=bool),
        picked,
        some_traits(papers, rules, **known),
        rules,
        size=size,
        most=most,
    )


def rules(found) -> list[tuple[int, str, int | None]]:
    return [(one.paper, one.rule, one.repeats) for one in found]


def shared(**known) -> SelectionSettings:
    return SelectionSettings(**(FREE | known))


def test_weaker_papers_had_no_room_and_unlikely_ones_were_below_the_threshold():
    assert rules(left([[0.9, 0.8, 0.7, 0.2, 0.0]])) == [(2, "room", None), (3, "threshold", None)]


def test_a_repeat_names_what_it_repeats():
    found = left([[0.9, 0.8, 0.7]], vectors=angles(0, 90, 95))
    assert rules(found) == [(2, "repeat", 1)]


def test_a_paper_that_others_went_before_for_variety_says_so():
    found = left([[0.9, 0.8, 0.78]], vectors=angles(0, 40, 170))
    assert rules(found) == [(1, "variety", None)]


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("source", {"sources": [0, 0, 0, 1, 1]}),
        ("topic", {"vectors": angles(0, 30, -30, 120, 240)}),
    ],
)
def test_a_quota_is_named_where_it_kept_a_stronger_paper_out(name, known):
    found = left(
        [[0.9, 0.8, 0.7, 0.4, 0.3]], size=4, settings=shared(**{f"max_share_{name}": 0.5}), **known
    )
    assert rules(found) == [(2, f"{name} quota", None)]


def test_the_quota_of_an_interest_is_named_too():
    relevance = [[0.9, 0.8, 0.7, 0, 0], [0, 0, 0, 0.4, 0.3]]
    found = left(relevance, size=4, settings=shared(max_share_interest=0.5))
    assert rules(found) == [(2, "interest quota", None)]


def test_a_quota_that_was_given_up_is_not_named():
    found = left([[0.9, 0.8, 0.7, 0.6]], size=3, settings=shared(max_share_interest=0.3))
    assert rules(found) == [(3, "room", None)]


def test_the_best_are_named_first_and_no_more_than_asked():
    found = left([[0.9, 0.8, 0.5, 0.7, 0.7]], most=2)
    assert [one.paper for one in found] == [3, 4]


def test_of_a_trending_list_only_room_leaves_out():
    traits = some_traits(3, SelectionSettings(), trend=[1, 3, 2])
    found = leftovers(
        np.zeros((0, 3), np.float32),
        [],
        np.array([True, True, False]),
        [],
        traits,
        SelectionSettings(),
        size=1,
        most=9,
    )
    assert [(one.paper, one.taste, one.rule) for one in found] == [
        (1, None, "room"),
        (0, None, "room"),
    ]


@hypothesis_settings(deadline=None, max_examples=40)
@given(batches())
def test_whatever_is_left_out_is_allowed_not_chosen_and_rightly_judged(batch: Batch):
    for reader, (choices, size) in enumerate(zip(batch.lists(), batch.sizes, strict=True)):
        own = [n for n, owner in enumerate(batch.owners) if owner == reader]
        found = leftovers(
            batch.relevance,
            own,
            batch.allowed[reader],
            choices,
            batch.traits,
            batch.settings,
            size=size,
            most=20,
        )
        assert not {one.paper for one in found} & {choice.paper for choice in choices}
        assert all(batch.allowed[reader, one.paper] for one in found)
        assert [one.relevance for one in found] == sorted(
            (one.relevance for one in found), reverse=True
        )
        if own and len(choices) < size:
            assert all(one.rule in ("threshold", "repeat") for one in found)
