"""One paper however it arrives: joined, updated, and the same in whatever order."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import replace

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from digest.collecting import RULES
from digest.papers import Paper, Report
from digest.store.papers import Added
from digest.store.schema import keys, metadata, papers
from tests.support.builders import a_paper, a_subscriber
from tests.support.databases import NOW, collect, composed, engine_of, opened

EVER = (NOW - dt.timedelta(days=400), NOW + dt.timedelta(days=400))
LATER = NOW + dt.timedelta(hours=1)
TITLE = "Distributed Path Composition of Modules"
ABSTRACT = (
    "Progress in machine learning has been fuelled by scaling neural networks. This scaling "
    "requires feats of engineering to accommodate devices which communicate tightly together."
)
OTHER = "Hospital patients often receive antibiotics although several cultures remain negative."


def known(store) -> list[Paper]:
    return [candidate.paper for candidate in store.papers.candidates(*EVER)]


def test_reports_by_title_and_by_id_are_joined_by_one_that_has_both(store):
    by_id = a_paper("Called otherwise", abstract=OTHER, arxiv_id="2403.10616")
    collect(store, a_paper("Paths"))
    collect(store, by_id, file="b", at=LATER)
    assert store.papers.count() == 2
    assert collect(store, a_paper("Paths", arxiv_id="2403.10616"), file="c") == Added(1, 0)
    (candidate,) = store.papers.candidates(*EVER)
    assert candidate.first_seen_at == NOW
    assert len(candidate.mentions) == 3
    assert {"title:paths", "title:called otherwise", "arxiv:2403.10616"} <= set(
        store.papers.named(["title:paths", "title:called otherwise", "arxiv:2403.10616"])
    )


def test_what_a_reader_had_counts_as_seen_after_it_was_joined(store):
    collect(store, a_paper("Paths"), a_paper("Otherwise", abstract=OTHER, doi="10.1/x"))
    store.editions.add([composed(store, "ada", "Otherwise")])
    collect(store, a_paper("Paths", doi="10.1/x"), file="b")
    (candidate,) = store.papers.candidates(*EVER)
    assert store.editions.seen(["ada"], EVER[0]) == {"ada": {candidate.id}}
    (edition,) = store.editions.of(a_subscriber("ada"))
    assert [pick.paper.title for pick in edition.picks] == ["Otherwise"]


def test_a_later_version_changes_the_paper_and_is_not_new(store):
    first = a_paper("Paths", abstract=ABSTRACT, arxiv_id="2403.10616", version=1)
    collect(store, first)
    second = replace(first, title="Roads", abstract=OTHER, version=2)
    report = Report(second, "b", 1, announced="replace")
    assert collect(store, report, file="b", at=LATER) == Added(1, 0)
    (candidate,) = store.papers.candidates(*EVER)
    assert (candidate.paper.title, candidate.paper.abstract) == ("Roads", OTHER)
    assert "antibiot" in candidate.terms
    assert candidate.first_seen_at == NOW
    assert {mention.announced for mention in candidate.mentions} == {
        "new"
    }  # a later version is no more talk of it
    assert store.papers.named(["title:paths"])["title:paths"].title == "Roads"


@pytest.mark.parametrize("announced", ["replace", "cross", "replace-cross"])
def test_what_is_announced_otherwise_brings_no_new_paper(store, announced):
    report = Report(a_paper("Paths", arxiv_id="2403.10616"), "a", 1, announced=announced)
    assert collect(store, report) == Added(1, 0)
    assert store.papers.count() == 0
    assert known(store) == []
    assert collect(store, a_paper("Paths"), file="b", at=LATER) == Added(1, 1)
    (candidate,) = store.papers.candidates(*EVER)
    assert candidate.first_seen_at == LATER
    assert candidate.paper.arxiv_id == "2403.10616"


def test_cross_lists_are_new_to_those_who_ask_for_them(store):
    report = Report(a_paper("Paths"), "a", 1, announced="cross")
    announce = frozenset({"new", "cross"})
    added = store.papers.add(
        [report], sha256="aa", name="a", now=NOW, rules=RULES, announce=announce
    )
    assert added == Added(1, 1)


def test_papers_with_two_ids_and_one_title_stay_two(store):
    one, two = (a_paper(TITLE, arxiv_id=f"2403.1061{n}") for n in (6, 7))
    assert collect(store, one, two, a_paper(TITLE)) == Added(3, 2)
    assert [len(c.mentions) for c in store.papers.candidates(*EVER)] in ([1, 2], [2, 1])


def test_votes_are_remembered(store):
    collect(store, Report(a_paper("Paths"), "a", 1, votes=12))
    (candidate,) = store.papers.candidates(*EVER)
    assert [mention.votes for mention in candidate.mentions] == [12]


def test_a_report_that_changes_daily_stays_one_paper(store):
    day = NOW.date()
    for n in range(30):
        paper = a_paper(TITLE, abstract=ABSTRACT, published=day + dt.timedelta(days=n))
        collect(store, paper, file=f"{n}.txt")
    (candidate,) = store.papers.candidates(*EVER)
    assert len(candidate.mentions) == 30
    assert candidate.paper.published == day


# In any order ----------------------------------------------------------------------------------

titles = st.sampled_from([TITLE, f"v2: {TITLE}", TITLE.replace("Path ", "Pth "), "Editorial"])
reports = st.builds(
    Report,
    paper=st.builds(
        Paper,
        title=titles,
        abstract=st.sampled_from(["", ABSTRACT, OTHER, ABSTRACT + " It scales."]),
        authors=st.sampled_from([(), ("Ada Lovelace",), ("Ada Lovelace", "Charles Babbage")]),
        arxiv_id=st.sampled_from([None, None, "2403.10616", "2403.10617"]),
        doi=st.sampled_from([None, None, "10.1/a", "10.1/b"]),
        version=st.sampled_from([0, 1, 2]),
        published=st.sampled_from([None, NOW.date()]),
    ),
    source=st.just("a"),
    position=st.integers(1, 99),
    date=st.just(NOW.date()),
    announced=st.sampled_from(["new", "new", "replace"]),
    votes=st.sampled_from([None, 3]),
)


@st.composite
def arrivals(draw) -> tuple[list[list[Report]], list[list[Report]]]:
    """The same reports twice, in two orders and cut into files in two ways."""
    found = draw(st.lists(reports, min_size=1, max_size=7))
    return draw(_files(found)), draw(_files(found))


@st.composite
def _files(draw, found: list[Report]) -> list[list[Report]]:
    shuffled = draw(st.permutations(found))
    cuts = sorted(draw(st.sets(st.integers(1, len(found)), max_size=4)) | {0, len(found)})
    return [shuffled[a:b] for a, b in itertools.pairwise(cuts)]


def _empty(store) -> None:
    with engine_of(store).begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())


def _archive(store, files: list[list[Report]]) -> list[object]:
    """What stands in an archive that got these files: papers, keys and mentions."""
    _empty(store)
    for n, found in enumerate(files):
        collect(store, *found, file=f"{n}.txt", at=NOW + dt.timedelta(minutes=n))
    with engine_of(store).connect() as connection:
        rows = connection.execute(sa.select(keys.c.paper, keys.c.key)).all()
        merged = connection.execute(sa.select(papers.c.id).where(papers.c.merged_into.is_not(None)))
        assert not set(merged.scalars()) & {row.paper for row in rows}
    candidates = store.papers.candidates(*EVER)
    assert store.papers.count() == len(candidates)
    return sorted(
        repr(
            (
                candidate.paper,
                sorted(row.key for row in rows if row.paper == candidate.id),
                candidate.terms,
                sorted(
                    (mention.position, mention.announced, mention.votes or 0)
                    for mention in candidate.mentions
                ),
            )
        )
        for candidate in candidates
    )


@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # an archive for each is slow to shrink
)
@given(arrivals())
def test_the_archive_is_the_same_whatever_the_order_of_arrival(tmp_path_factory, both):
    path = tmp_path_factory.getbasetemp() / "order.db"
    with opened(f"sqlite:///{path}") as store:
        one, two = (_archive(store, files) for files in both)
    assert one == two
