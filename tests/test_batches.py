"""Batches as jobs hold them, and who leads when several programs hand them out."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.batches import read, written
from digest.errors import StoreError
from digest.store.presence import leading
from digest.store.subscribers import Slice
from digest.subscribers import WEEKDAYS, Schedule
from tests.support.databases import (
    engine_of,
    opened,
    own_database,
    postgresql,
    scripts,
    sqlite_template,
    store,
    url,
)

__all__ = ["own_database", "postgresql", "sqlite_template", "store", "url"]

slices = st.builds(
    Slice,
    st.builds(
        Schedule,
        st.sampled_from(["UTC", "America/St_Johns"]),
        st.integers(0, 23),
        st.lists(st.sampled_from(WEEKDAYS), min_size=1, unique=True).map(tuple),
    ),
    st.none() | st.dates(),
    st.text(max_size=5),
    st.none() | st.text(max_size=5),
)


@given(st.lists(slices, max_size=4).map(tuple))
def test_a_batch_comes_back_from_a_job_as_it_was(batch):
    assert read(json.loads(json.dumps(written(batch)))) == batch


LEADS = """
import sys
from digest.store.presence import leading
from tests.support.databases import opened
with opened(sys.argv[1]) as store:
    for _ in range(2):
        with leading(store.engine) as first:
            print(first, flush=True)
            input()
"""


def test_of_programs_that_try_at_once_one_leads_until_it_is_done_or_dead(store, url):
    with scripts(LEADS, url, count=2) as both:
        said = {program.line(): program for program in both}
        one, other = said["True"], said["False"]
        other.tell("next")
        assert other.line() == "False"
        one.tell("next")
        assert one.line() == "True"
        with leading(store.engine) as first:
            assert not first
        one.kill()
        for _ in range(2):
            with leading(store.engine) as first:
                assert first


def test_a_database_that_is_gone_is_told_in_one_sentence(postgresql):
    postgresql.run("CREATE DATABASE vanishing")
    with opened(postgresql.url("vanishing")) as gone:
        postgresql.run("DROP DATABASE vanishing WITH (FORCE)")
        with pytest.raises(StoreError, match="could not be written"), leading(engine_of(gone)):
            pass
