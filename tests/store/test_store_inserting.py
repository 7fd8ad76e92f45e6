"""Papers that come together are stored as they are when they come one by one."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.papers import Paper, Report
from digest.store.inserting import VALUES, insert
from digest.store.schema import blocks, keys, papers, reports, runs, variants
from digest.store.searching import terms_of
from digest.store.shelves import Store
from tests.support.builders import a_paper
from tests.support.databases import NOW, collect, engine_of, opened

TABLES = (papers, keys, blocks, variants)

WORDS = "On the Routing of Paths through Modules That Compose and Learn".split()  # noqa: SIM905
TITLES = st.lists(st.sampled_from(WORDS), min_size=3, max_size=9).map(" ".join)
PAPERS = st.builds(
    Paper,
    TITLES,
    st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join),
    authors=st.lists(st.sampled_from(["Ada Lovelace", "Zoë Ω", 'O"Neil; x']), max_size=2).map(
        tuple
    ),
    arxiv_id=st.none() | st.integers(1, 9).map("2605.0000{}".format),
    doi=st.none() | st.integers(1, 5).map("10.1000/{}".format),
    published=st.none() | st.dates(dt.date(2020, 1, 1), dt.date(2026, 1, 1)),
    categories=st.lists(st.sampled_from(["cs.CL", "math.GT"]), max_size=2, unique=True).map(tuple),
)


def stored(store: Store) -> dict[str, set[tuple[str, ...]]]:
    """What the archive holds, whatever numbers its papers have there."""
    with engine_of(store).connect() as connection:
        rows = connection.execute(sa.select(papers).where(papers.c.merged_into.is_(None))).all()
        named = {row.id: f"{row.title} {row.arxiv_id} {row.doi} {row.abstract}" for row in rows}
        found = {
            "papers": {tuple(map(repr, row[1:])) for row in rows},
            "keys": {(row.key, named[row.paper]) for row in connection.execute(sa.select(keys))},
            "blocks": {
                (str(row.block), named[row.paper]) for row in connection.execute(sa.select(blocks))
            },
            "variants": {
                (repr(row.fields), named[row.paper])
                for row in connection.execute(sa.select(variants))
            },
        }
    for word in ("routing", "author:zoe", "category:math.GT"):
        shown = store.archive.search(terms_of(word), most=500).papers
        found[word] = {(named[one.number],) for one in shown}
    return found


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    # Ids that contradict each other are settled by what is there first, which is not the same.
    found=st.lists(
        PAPERS,
        min_size=1,
        max_size=25,
        unique_by=(lambda one: one.arxiv_id or id(one), lambda one: one.doi or id(one)),
    )
)
def test_a_file_of_many_papers_and_files_of_one_each_make_the_same_archive(
    found, tmp_path_factory, sqlite_template
):
    folder = tmp_path_factory.mktemp("archives")
    with (
        opened(f"sqlite:///{folder / 'together.db'}") as together,
        opened(f"sqlite:///{folder / 'single.db'}") as single,
    ):
        collect(together, *found)
        for n, paper in enumerate(found):
            collect(single, Report(paper, "a", 1), file=f"{n}")
        assert stored(together) == stored(single)


def test_many_papers_together_are_stored_as_one_by_one_is(store, tmp_path):
    """On both databases, with more papers than one statement takes."""
    found = [
        a_paper(f"Paper{n} is{n} one{n} of{n}", abstract=f"It is about {n}.", doi=f"10.1000/{n}")
        for n in range(600)
    ]
    assert collect(store, *found).new == 600
    with opened(f"sqlite:///{tmp_path / 'single.db'}") as single:
        for paper in found:
            collect(single, paper, file=paper.title)
        assert stored(store) == stored(single)


def test_nothing_to_insert_inserts_nothing(store):
    with engine_of(store).begin() as connection:
        insert(connection, reports, [])


@pytest.mark.parametrize("number", [1, VALUES // 7, VALUES // 7 + 1])
def test_more_rows_than_one_statement_takes_are_all_inserted(store, number):
    rows = [
        {
            "source": "a",
            "at": NOW,
            "outcome": "fetched",
            "papers": n,
            "new": 0,
            "why": None if n % 2 else "100% 'quoted' \"why\"",
        }
        for n in range(number)
    ]
    with engine_of(store).begin() as connection:
        insert(connection, runs, rows)
        count, most = connection.execute(
            sa.select(sa.func.count(), sa.func.max(runs.c.papers))
        ).one()
    assert (count, most) == (number, number - 1)
    assert store.sources.latest() == {"a": NOW}
