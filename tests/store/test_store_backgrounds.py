"""What was learnt of the archive is kept, one snapshot at a time, and learnt again as it grows."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from digest import learning
from digest.compose.background import from_bytes
from digest.store.backgrounds import Snapshot
from digest.votes import Vote
from tests.support.builders import a_paper
from tests.support.databases import NOW, collect

HOUR = dt.timedelta(hours=1)


def titles(first: int, many: int) -> list[str]:
    return [f"Common word{n // 2} number {n}" for n in range(first, first + many)]


# The shelf -------------------------------------------------------------------------------------


def test_before_the_first_snapshot_there_is_none(store):
    assert (store.backgrounds.made(), store.backgrounds.latest()) == (None, None)


def test_a_snapshot_comes_back_byte_for_byte(store):
    kept = Snapshot(7, NOW, bytes(range(256)) * 1_000)
    store.backgrounds.keep(kept)
    assert (store.backgrounds.made(), store.backgrounds.latest()) == ((7, NOW), kept)


def test_a_snapshot_takes_the_place_of_the_one_before(store):
    for papers in (7, 3, 9):
        store.backgrounds.keep(Snapshot(papers, NOW + papers * HOUR, b"%d" % papers))
    assert store.backgrounds.latest() == Snapshot(9, NOW + 9 * HOUR, b"9")


def test_a_snapshot_of_nothing_is_one(store):
    store.backgrounds.keep(Snapshot(0, NOW, b""))
    assert (store.backgrounds.made(), store.backgrounds.latest()) == (
        (0, NOW),
        Snapshot(0, NOW, b""),
    )


# Learning --------------------------------------------------------------------------------------


def test_an_archive_is_learnt_once_and_again_when_it_has_grown_by_a_tenth(store):
    tomorrow = NOW + 24 * HOUR
    collect(store, *titles(0, 20), file="a")
    assert learning.learn(store, NOW)
    assert not learning.learn(store, NOW)
    collect(store, *titles(20, 1), file="b")
    assert not learning.learn(store, tomorrow)
    assert store.backgrounds.made() == (20, NOW)
    collect(store, *titles(21, 1), file="c")
    assert learning.learn(store, tomorrow)
    assert store.backgrounds.made() == (22, tomorrow)


def test_on_the_same_day_it_is_learnt_again_only_when_it_has_doubled(store):
    collect(store, *titles(0, 20), file="a")
    assert learning.learn(store, NOW)
    collect(store, *titles(20, 19), file="b")
    assert not learning.learn(store, NOW + HOUR)
    collect(store, *titles(39, 1), file="c")
    assert learning.learn(store, NOW + HOUR)


@pytest.mark.parametrize("papers", [0, 1])
def test_the_smallest_archive_that_grew_is_learnt_again(store, papers):
    collect(store, *titles(0, papers), file="a")
    assert learning.learn(store, NOW)
    collect(store, *titles(papers, 1), file="b")
    assert learning.learn(store, NOW)


def test_an_archive_that_was_not_learnt_is_known_all_the_same(store):
    collect(store, *titles(0, 8))
    fresh = learning.background(store)
    assert store.backgrounds.latest() is None
    learning.learn(store, NOW)
    kept = learning.background(store)
    assert (fresh.columns, fresh.reference) == (kept.columns, kept.reference)
    np.testing.assert_allclose(kept.rarity, fresh.rarity, rtol=1e-3)


def test_what_came_since_is_known_when_it_is_learnt_again(store):
    collect(store, *titles(0, 20), file="a")
    learning.learn(store, NOW)
    collect(store, "Qwxz once", file="b")
    assert learning.background(store).papers == 20


def test_papers_that_readers_judged_are_not_learnt_from(store):
    judged = [f"Judged qwxz{n} zyxw" for n in range(3)]
    collect(store, *titles(0, 8), *judged)
    votes = [
        Vote("ada", a_paper(title).key, value, NOW)
        for title, value in zip(judged, ("more", "less", "save"), strict=True)
    ]
    store.votes.add(votes)
    learning.learn(store, NOW)
    snapshot = store.backgrounds.latest()
    learnt = from_bytes(snapshot.data)
    assert (snapshot.papers, learnt.papers) == (11, 8)
    assert "common" in learnt.terms and "zyxw" not in learnt.terms
    assert not any("zyxw" in line for line in learnt.reference)
