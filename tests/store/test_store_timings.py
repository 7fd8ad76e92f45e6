"""How long the day's steps took, whichever program made them."""

from __future__ import annotations

import datetime as dt

from digest.store.timings import Timing
from tests.support.databases import NOW

LATER = NOW + dt.timedelta(minutes=1)


def test_each_step_has_its_sum_and_its_latest_time(store):
    store.timings.add("compose", 2.0, NOW)
    store.timings.add("compose", 0.5, LATER)
    store.timings.add("collect", 0.25, NOW)
    assert store.timings.all() == [
        Timing("collect", 1, 0.25, 0.25, NOW),
        Timing("compose", 2, 2.5, 0.5, LATER),
    ]


def test_a_step_that_was_never_made_has_none(store):
    assert store.timings.all() == []
