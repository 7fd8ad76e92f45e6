"""Relevances become short lists: bounded, varied, without repeats, with all that has to be in."""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from digest.compose.choices import Choice, SelectionSettings
from digest.compose.selection import WIDTH, select
from tests.support.shelf import FREE, angles, batches, chosen, columns, some_traits
from tests.support.worth import worth


def setting(**known) -> SelectionSettings:
    return SelectionSettings(**(FREE | known))


# What is good enough


def test_the_best_come_first_and_no_more_than_there_is_room_for():
    assert columns(chosen([[0.3, 0.9, 0.5, 0.7]], size=3)) == [1, 3, 2]


def test_ties_go_to_the_earlier_paper():
    assert columns(chosen([[0.5, 0.9, 0.5, 0.5]], size=3)) == [1, 0, 2]


def test_ties_at_the_end_of_the_shortlist_go_to_the_earlier_paper():
    assert columns(chosen([[0.5] * 40], size=2)) == [0, 1]


def test_a_relevance_that_reaches_the_threshold_is_good_enough():
    assert columns(chosen([[0.5, 0.3]], settings=setting(threshold=0.3))) == [0, 1]


def test_a_relevance_just_below_the_threshold_leaves_the_edition_short():
    assert columns(chosen([[0.5, 0.2999]], settings=setting(threshold=0.3))) == [0]


def test_what_is_not_allowed_is_never_chosen():
    assert columns(chosen([[0.9, 0.5]], allowed=[False, True])) == [1]


def test_a_paper_counts_for_the_taste_that_wants_it_most():
    found = chosen([[0.5, 0.3], [0.75, 0.26]])
    assert [(choice.paper, choice.taste, choice.relevance) for choice in found] == [
        (0, 1, 0.75),
        (1, 0, pytest.approx(0.3)),
    ]


@pytest.mark.parametrize(("relevance", "size"), [([[]], 3), ([[0.5]], 0)])
def test_without_papers_or_room_nothing_is_chosen(relevance, size):
    assert chosen(relevance, size=size) == []


# Variety


def test_a_new_topic_goes_before_a_slightly_better_paper_of_a_topic_in_hand():
    found = chosen([[0.9, 0.8, 0.78]], vectors=angles(0, 40, 170), size=2)
    assert columns(found) == [0, 2]


def test_a_new_topic_does_not_go_before_a_much_better_paper():
    found = chosen([[0.9, 0.8, 0.6]], vectors=angles(0, 40, 170), size=2)
    assert columns(found) == [0, 1]


def test_without_diversity_relevance_alone_decides():
    flat = setting(diversity=0)
    found = chosen([[0.9, 0.8, 0.78]], vectors=angles(0, 40, 170), size=2, settings=flat)
    assert columns(found) == [0, 1]


def test_near_repeats_are_never_both_in_even_if_the_edition_stays_short():
    assert columns(chosen([[0.9, 0.8, 0.3]], vectors=angles(0, 10, 90))) == [0, 2]


def test_many_repeats_do_not_hide_a_good_paper_beyond_the_shortlist():
    relevance = [[0.9] * (WIDTH * 3) + [0.5, 0.4]]
    same = [0.0] * (WIDTH * 3)
    found = chosen(relevance, vectors=angles(*same, 90, 180), size=3)
    assert columns(found) == [0, WIDTH * 3, WIDTH * 3 + 1]


def test_a_choice_says_what_trend_and_variety_added():
    (first, second) = chosen(
        [[0.64, 0.36]], trend=[1, 0], settings=setting(diversity=0.5, trend_weight=1)
    )
    odds = 0.64 / 0.36 * math.e**0.5
    assert first.strength == pytest.approx(odds / (1 + odds), rel=1e-5)
    assert first.variety == pytest.approx(0.5 * (0.8 + first.strength**0.5), rel=1e-5)
    assert (second.trend, second.strength) == (0, second.relevance)
    assert second.variety == pytest.approx(0.5 * (0.6 + 1.0 - 0.8), rel=1e-5)


# Interests


def test_a_quiet_interest_has_its_best_paper_before_a_loud_one_has_its_third():
    loud, quiet = [0.9, 0.8, 0.7, 0.0], [0.0, 0.0, 0.0, 0.26]
    assert columns(chosen([loud, quiet], size=3)) == [0, 1, 3]


def test_without_room_for_every_interest_the_strongest_have_theirs():
    assert columns(chosen([[0.9, 0, 0], [0, 0.5, 0], [0, 0, 0.7]], size=2)) == [0, 2]


def test_an_interest_whose_best_paper_is_in_for_another_is_served():
    assert columns(chosen([[0.9, 0.8, 0], [0.7, 0, 0.6]], size=2)) == [0, 1]


def test_an_interest_whose_best_paper_repeats_another_has_its_next():
    relevance = [[0.9, 0, 0, 0.8], [0, 0.7, 0.3, 0]]
    assert columns(chosen(relevance, vectors=angles(0, 5, 90, 180), size=2)) == [0, 2]


def test_a_loud_interest_does_not_push_a_quiet_one_off_the_shortlist():
    loud = [0.9] * (WIDTH * 3) + [0, 0]
    quiet = [0] * (WIDTH * 3) + [0.3, 0.26]
    assert columns(chosen([loud, quiet], size=3)) == [0, 1, WIDTH * 3]


# What has to be in


def test_what_must_be_in_comes_first_however_irrelevant():
    found = chosen([[0.9, 0.0, 0.1]], must=[[0, 1, 1]], size=2)
    assert columns(found) == [2, 1]
    assert [(choice.must, choice.relevance) for choice in found] == [
        (True, pytest.approx(0.1)),
        (True, 0),
    ]


def test_what_must_be_in_counts_for_the_interest_that_demands_it():
    (choice,) = chosen([[0.9], [0.1]], must=[[0], [1]])
    assert (choice.taste, choice.relevance) == (1, pytest.approx(0.1))


def test_more_musts_than_room_are_bounded_by_the_room():
    assert columns(chosen([[0.9, 0.1, 0.2, 0.3]], must=[[0, 1, 1, 1]], size=2)) == [3, 2]


def test_what_is_not_allowed_is_out_even_if_it_must_be_in():
    assert chosen([[0.9]], must=[[1]], allowed=[False]) == []


def test_musts_may_repeat_each_other_and_nothing_else_repeats_them():
    found = chosen([[0.9, 0.8, 0.7]], must=[[1, 1, 0]], vectors=angles(0, 5, 8))
    assert columns(found) == [0, 1]


# Quotas


def test_a_source_has_no_more_than_its_share_while_others_have_good_papers():
    shared = setting(max_share_source=0.5)
    found = chosen([[0.9, 0.8, 0.7, 0.4, 0.3]], sources=[0, 0, 0, 1, 1], size=4, settings=shared)
    assert columns(found) == [0, 1, 3, 4]


def test_an_interest_has_no_more_than_its_share_while_others_have_good_papers():
    shared = setting(max_share_interest=0.5)
    found = chosen([[0.9, 0.8, 0.7, 0, 0], [0, 0, 0, 0.4, 0.3]], size=4, settings=shared)
    assert columns(found) == [0, 1, 3, 4]


def test_a_topic_has_no_more_than_its_share_while_others_have_good_papers():
    shared = setting(max_share_topic=0.5)
    near = angles(0, 30, -30, 120, 240)
    found = chosen([[0.9, 0.8, 0.7, 0.4, 0.3]], vectors=near, size=4, settings=shared)
    assert columns(found) == [0, 1, 3, 4]


def test_a_quota_never_leaves_an_edition_shorter():
    shared = setting(max_share_source=0.5)
    found = chosen([[0.9, 0.8, 0.7, 0.4]], sources=[0, 0, 0, 1], size=4, settings=shared)
    assert columns(found) == [0, 1, 2, 3]


def test_the_only_interest_has_all_places_but_its_sources_still_share():
    shared = setting(max_share_interest=0.25, max_share_source=0.5)
    found = chosen([[0.9, 0.8, 0.7, 0.4, 0.3]], sources=[0, 0, 0, 1, 1], size=4, settings=shared)
    assert columns(found) == [0, 1, 3, 4]


def test_a_source_with_many_papers_does_not_hide_another_beyond_the_shortlist():
    shared = setting(max_share_source=0.5)
    found = chosen(
        [[0.9] * 40 + [0.5, 0.4, 0.3]], sources=[0] * 40 + [1] * 3, size=4, settings=shared
    )
    assert columns(found) == [0, 1, 40, 41]


def test_musts_use_up_a_share_and_an_interest_has_its_best_in_spite_of_it():
    shared = setting(max_share_source=0.5)
    known = {"must": [[1, 1, 0, 0, 0]], "sources": [0, 0, 0, 0, 1], "size": 4}
    found = chosen([[0.1, 0.1, 0.9, 0.8, 0.3]], settings=shared, **known)
    assert columns(found) == [0, 1, 2, 4]


@pytest.mark.parametrize(("share", "papers"), [(0.7, 7), (0.75, 8), (1, 10), (0.01, 1)])
def test_shares_become_papers_rounded_up(share, papers):
    assert setting(max_share_source=share).quotas(10).source == papers


# Trend


def test_the_trend_decides_between_papers_that_are_nearly_as_relevant():
    found = chosen([[0.5, 0.49]], trend=[0, 3], settings=setting(trend_weight=0.2))
    assert columns(found) == [1, 0]


def test_the_trend_does_not_decide_between_papers_that_are_not():
    found = chosen([[0.6, 0.49]], trend=[0, 1e6], settings=setting(trend_weight=0.2))
    assert columns(found) == [0, 1]


def test_the_trend_lifts_no_paper_over_the_threshold():
    assert chosen([[0.2499]], trend=[1e6], settings=setting(trend_weight=2)) == []


def test_a_reader_without_interests_gets_what_trends():
    found = select(
        np.zeros((0, 4), np.float32),
        [],
        np.array([[True, True, False, True]]),
        some_traits(4, setting(), trend=[0.5, 2.0, 9.0, 0.0]),
        setting(),
        sizes=[3],
    )
    assert found == [[Choice(1, None, 2.0), Choice(0, None, 0.5)]]


# Exploration


def explored(**known) -> list[Choice]:
    given = {"relevance": [[0.9, 0.8, 0.7, 0.2, 0.15, 0.1]], "settings": setting(explore=1)}
    return chosen(**(given | known))


def test_an_exploration_is_last_labelled_and_below_the_threshold_but_not_far():
    found = explored(size=4)
    assert columns(found)[:3] == [0, 1, 2]
    assert columns(found)[3] in (3, 4)
    assert [choice.explore for choice in found] == [False, False, False, True]


def test_an_exploration_has_the_place_of_the_last_chosen():
    found = explored(size=3)
    assert columns(found)[:2] == [0, 1]
    assert found[2].explore and found[2].paper != 2


def test_an_exploration_is_not_on_a_topic_in_hand():
    near = angles(0, 120, 240, 30, 180, 0)
    assert {columns(explored(vectors=near, size=4, seed=n))[3] for n in range(9)} == {4}


def test_the_same_seed_explores_the_same_and_others_explore_other_papers():
    assert explored(seed=5) == explored(seed=5)
    assert {columns(explored(seed=n))[-1] for n in range(20)} == {3, 4}


def test_the_more_uncertain_paper_is_explored_more_often():
    relevance = [[0.9, *[0.24] * 5, *[0.13] * 5]]
    found = [columns(explored(relevance=relevance, seed=n))[-1] for n in range(400)]
    share = sum(paper <= 5 for paper in found) / 400
    assert share == pytest.approx(0.24 * 0.76 / (0.24 * 0.76 + 0.13 * 0.87), abs=0.08)


def test_nothing_is_explored_where_it_would_cost_a_must_or_an_interest_its_paper():
    assert not any(choice.explore for choice in explored(size=1))
    assert not any(choice.explore for choice in explored(size=1, must=[[0, 0, 1, 0, 0, 0]]))


def test_without_a_likely_paper_on_a_new_topic_nothing_is_explored():
    assert columns(explored(relevance=[[0.9, 0.8, 0.1]], size=2)) == [0, 1]


# Settings


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("threshold", 0, "threshold has to be more than 0 and at most 1"),
        ("near_repeat", 1.01, "near_repeat has to be more than 0 and at most 1"),
        ("same_topic", float("nan"), "same_topic has to be more than 0 and at most 1"),
        ("max_share_topic", -1, "max_share_topic has to be more than 0 and at most 1"),
        ("diversity", -0.1, "diversity has to be between 0 and 10"),
        ("trend_weight", 2.1, "trend_weight has to be between 0 and 2"),
        ("explore", 2, "explore has to be 0 or 1"),
    ],
)
def test_settings_out_of_range_are_refused_by_name(name, value, said):
    with pytest.raises(ValueError, match=said):
        SelectionSettings(**{name: value})


# Promises


@settings(deadline=None, max_examples=40)
@given(batches(explore=(0, 1)))
def test_a_selection_keeps_its_promises(batch):
    for reader, (choices, size) in enumerate(zip(batch.lists(), batch.sizes, strict=True)):
        own = [n for n, owner in enumerate(batch.owners) if owner == reader]
        picked = columns(choices)
        assert len(set(picked)) == len(picked) <= size
        assert all(batch.allowed[reader, paper] for paper in picked)
        if not own:
            assert all(choice.taste is None for choice in choices)
            continue
        assert all(choice.taste in own for choice in choices)
        assert all(batch.relevance[c.taste, c.paper] == c.relevance for c in choices)
        _check_musts(batch, reader, own, choices)
        _check_repeats(batch, choices)
        plain = [choice for choice in choices if not (choice.must or choice.explore)]
        assert all(choice.relevance >= batch.settings.threshold for choice in plain)
        strengths = [choice.strength for choice in plain]
        assert strengths == sorted(strengths, reverse=True)


def _check_musts(batch, reader, own, choices) -> None:
    demanded = set(np.flatnonzero(batch.must[own].any(axis=0) & batch.allowed[reader]).tolist())
    musts = [choice.paper for choice in choices if choice.must]
    assert set(musts) <= demanded
    assert len(musts) == min(len(demanded), batch.sizes[reader])
    assert columns(choices)[: len(musts)] == musts


def _check_repeats(batch, choices) -> None:
    for one, other in itertools.combinations(choices, 2):
        if not (one.must and other.must):
            assert not batch.traits.repeat(np.array(one.paper), np.array(other.paper))


@settings(deadline=None, max_examples=40)
@given(batches())
def test_an_edition_is_only_short_when_no_good_paper_is_left(batch):
    for reader, (choices, size) in enumerate(zip(batch.lists(), batch.sizes, strict=True)):
        own = [n for n, owner in enumerate(batch.owners) if owner == reader]
        if len(choices) == size or not own:
            continue
        best = batch.relevance[own].max(axis=0)
        good = batch.allowed[reader] & (best >= np.float32(batch.settings.threshold))
        good[columns(choices)] = False
        for paper in np.flatnonzero(good):
            assert batch.traits.repeat(np.array(columns(choices)), paper).any()


@settings(deadline=None, max_examples=40)
@given(batches())
def test_every_interest_with_a_good_paper_has_one_while_there_is_room(batch):
    for reader, (choices, size) in enumerate(zip(batch.lists(), batch.sizes, strict=True)):
        own = [n for n, owner in enumerate(batch.owners) if owner == reader]
        if any(choice.must for choice in choices) or size < len(own):
            continue
        picked = columns(choices)
        for taste in own:
            good = batch.allowed[reader] & (batch.relevance[taste] >= batch.settings.threshold)
            served = any(good[paper] for paper in picked)
            repeated = [
                batch.traits.repeat(np.array(picked), n).any() for n in np.flatnonzero(good)
            ]
            assert served or all(repeated)


@settings(deadline=None, max_examples=40)
@given(batches(explore=(0, 1)))
def test_a_reader_gets_the_same_alone_as_in_a_batch(batch):
    together = batch.lists()
    for reader, size in enumerate(batch.sizes):
        own = [n for n, owner in enumerate(batch.owners) if owner == reader]
        (alone,) = select(
            batch.relevance[own],
            [0] * len(own),
            batch.allowed[[reader]],
            batch.traits,
            batch.settings,
            sizes=[size],
            must=batch.must[own],
            seeds=[reader],
        )
        renamed = [
            dataclasses.replace(choice, taste=own[choice.taste]) if own else choice
            for choice in alone
        ]
        assert renamed == together[reader]


@settings(deadline=None, max_examples=40)
@given(batches(), st.integers(0, 3))
def test_an_interest_nothing_is_relevant_to_changes_no_list(batch, reader):
    assume(reader < len(batch.sizes) and reader in batch.owners)
    last = max(n for n, owner in enumerate(batch.owners) if owner == reader)
    more = dataclasses.replace(
        batch,
        relevance=np.insert(batch.relevance, last + 1, np.float32(0.2), axis=0),
        must=np.insert(batch.must, last + 1, False, axis=0),
        owners=sorted([*batch.owners, reader]),
    )
    before, after = batch.lists(), more.lists()
    assert [columns(one) for one in before] == [columns(one) for one in after]


def test_one_reader_among_many_is_chosen_for_to_the_last_bit_as_alone():
    chance = np.random.default_rng(11)
    tastes = [1, 3, 2, 5, 1, 4] * 5
    owners = np.repeat(np.arange(30), tastes)
    relevance = chance.beta(1, 3, (len(owners), 200)).astype(np.float32)
    vectors = chance.standard_normal((200, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rules = SelectionSettings()
    known = some_traits(
        200, rules, vectors=vectors, sources=chance.integers(0, 3, 200), trend=chance.random(200)
    )
    allowed = chance.random((30, 200)) < 0.9
    sizes = [3, 10, 25] * 10
    together = select(relevance, owners, allowed, known, rules, sizes=sizes)
    for reader in range(30):
        own = owners == reader
        (alone,) = select(
            relevance[own], [0] * own.sum(), allowed[[reader]], known, rules, sizes=[sizes[reader]]
        )
        first = int(np.flatnonzero(own)[0])
        assert [dataclasses.replace(c, taste=c.taste + first) for c in alone] == together[reader]


# The guarantee of greedy, against every list there is


@st.composite
def small_days(draw):
    """One interest's relevance to at most eight papers, and where these are."""
    papers = draw(st.integers(1, 8))
    cells = {"min_size": papers, "max_size": papers}
    relevance = draw(st.lists(st.floats(0.25, 1, width=32), **cells))
    where = draw(st.lists(st.sampled_from([0, 35, 70, 120, 150, 180, 240]), **cells))
    sources = draw(st.lists(st.integers(0, 2), **cells))
    return np.float32(relevance), np.array(where), np.array(sources), draw(st.integers(1, 5))


def best_worth(day, rules, feasible) -> tuple[float, float]:
    """The worth of the list that was chosen, and that of the best feasible one."""
    relevance, degrees, sources, size = day
    # Without a bar for repeats, a degree more for each: only identical papers repeat each other.
    shift = np.arange(len(relevance)) if rules.near_repeat == 1 else 0
    vectors = angles(*(degrees + shift))
    known = some_traits(len(relevance), rules, vectors=vectors, sources=sources)
    found = chosen([relevance], size=size, settings=rules, vectors=vectors, sources=sources)
    parts = relevance.astype(float), known.topics, [relevance.astype(float)], rules.diversity
    lists = itertools.chain.from_iterable(
        itertools.combinations(range(len(relevance)), n) for n in range(size + 1)
    )
    best = max(worth(*parts, some) for some in lists if feasible(some, known))
    return worth(*parts, columns(found)), best


def held(groups, some) -> int:
    """How many papers the largest group has in the list."""
    return max(np.unique(groups[list(some)], return_counts=True)[1], default=0)


@settings(deadline=None, max_examples=60)
@given(small_days(), st.sampled_from([0.2, 1, 10]))
def test_without_quotas_a_list_is_worth_63_percent_of_the_best(day, diversity):
    rules = setting(diversity=diversity, near_repeat=1)
    got, best = best_worth(day, rules, lambda some, known: True)
    assert got >= (1 - 1 / math.e) * best - 1e-5


@settings(deadline=None, max_examples=60)
@given(small_days(), st.sampled_from([0.2, 0.5]), st.sampled_from([0.2, 1, 10]))
def test_under_one_quota_a_list_is_worth_half_of_the_best(day, share, diversity):
    rules = setting(diversity=diversity, near_repeat=1, max_share_source=share)
    quota = rules.quotas(day[-1]).source

    def feasible(some, known):
        return held(known.sources, some) <= quota

    got, best = best_worth(day, rules, feasible)
    assert got >= best / 2 - 1e-5


@settings(deadline=None, max_examples=60)
@given(small_days(), st.sampled_from([0.2, 0.5]), st.sampled_from([0.2, 1, 10]))
def test_under_two_quotas_and_no_repeats_a_list_is_worth_a_quarter_of_the_best(
    day, share, diversity
):
    rules = setting(diversity=diversity, max_share_source=share, max_share_topic=share)
    quotas = rules.quotas(day[-1])

    def feasible(some, known):
        pairs = itertools.combinations(some, 2)
        return (
            held(known.sources, some) <= quotas.source
            and held(known.topics, some) <= quotas.topic
            and not any(known.repeat(np.array(a), np.array(b)) for a, b in pairs)
        )

    got, best = best_worth(day, rules, feasible)
    assert got >= best / 4 - 1e-5
