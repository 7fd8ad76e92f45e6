"""What pages ask of the archive: days, papers, where each was seen, searching; on both kinds."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.papers import Report
from digest.store.searching import terms_of, topic_terms
from tests.support.builders import a_paper
from tests.support.databases import NOW, collect

DAY = dt.timedelta(days=1)
ATTENTION = a_paper(
    "Attention Is All You Need",
    abstract="We propose the Transformer.",
    authors=("Ashish Vaswani", "Émile Zola"),
    arxiv_id="1706.03762",
    categories=("cs.CL", "cs.LG"),
)
RULES = a_paper(
    "Transformers rule, state-of-the-art",
    abstract="Diffusion of $x_1$ across networks.",
    authors=("Will Smith",),
    categories=("math.GT",),
)
GERMAN = a_paper("Größe der Übel", abstract="Nothing.", authors=("Ng, A.",), categories=("cs.CV",))


@pytest.fixture
def full(store):
    collect(store, ATTENTION, RULES, GERMAN)
    return store


def titles(store, asked, **known):
    found = store.archive.search(terms_of(asked), **({"most": 10} | known))
    assert found.total >= len(found.papers)
    return [one.paper.title.split()[0] for one in found.papers]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("attention", ["Attention"]),
        ("ATTENTION need", ["Attention"]),
        ("transformer", ["Transformers", "Attention"]),
        ("network", ["Transformers"]),
        ("émile", ["Attention"]),
        ("EMILE zola", ["Attention"]),
        ("author:vaswani", ["Attention"]),
        ("author:attention", []),
        ("title:diffusion", []),
        ("abstract:diffusion", ["Transformers"]),
        ('"rule state-of-the-art"', ["Transformers"]),
        ('"art state"', []),
        ("category:cs.CL", ["Attention"]),
        ("GRÖSSE", []),
        ("größe", ["Größe"]),
        ("ubel", ["Größe"]),
        ("author:will", ["Transformers"]),
        ("transformer nowhere", []),
        ("", []),
        ('"""" OR ( NEAR * : ^', []),
    ],
)
def test_words_find_the_papers_that_have_all_of_them(full, asked, found):
    assert titles(full, asked) == found


def test_a_whole_archive_is_a_topic(full):
    found = full.archive.search(topic_terms("cs"), order="oldest", most=9)
    assert [one.paper.title for one in found.papers] == [ATTENTION.title, GERMAN.title]
    assert full.archive.search(topic_terms("cs.LG"), most=9).total == 1
    assert full.archive.search(topic_terms("..."), most=9).total == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(asked=st.text(max_size=60))
def test_no_question_is_an_error(full, asked):
    full.archive.search(terms_of(asked), most=3)
    full.archive.search(topic_terms(asked), most=3)
    full.archive.like(asked, 0, 3)


def test_what_changes_of_a_paper_is_found_by_its_new_words_alone(full):
    collect(full, a_paper("Attention Was All You Needed", abstract="Shorter and newer " * 9,
                          arxiv_id="1706.03762", version=2), file="tuesday.txt")  # fmt: skip
    assert titles(full, "shorter") == ["Attention"]
    assert titles(full, "propose") == []


def test_a_page_holds_what_the_one_before_did_not(store):
    collect(store, *(f"A study of rivers {n}" for n in range(25)))
    pages = [
        store.archive.search(terms_of("rivers"), order=order, most=10, skip=skip)
        for order in ("closest", "newest", "oldest")
        for skip in (0, 10, 20, 30)
    ]
    assert {page.total for page in pages} == {25}
    for start in (0, 4, 8):  # the pages of one order
        seen = [one.number for page in pages[start : start + 4] for one in page.papers]
        assert sorted(seen) == sorted(set(seen))
        assert len(seen) == 25


def test_days_count_the_papers_that_came_into_sight_on_them(store):
    collect(store, "One", "Two")
    collect(store, "Two", "Three", at=NOW + DAY, file="tuesday.txt")
    collect(store, Report(a_paper("Hidden"), "x", 1, announced="replace"), file="late.txt")
    today = NOW.date()
    assert store.archive.days() == [(today + DAY, 1), (today, 2)]
    assert [one.paper.title for one in store.archive.of_day(today, most=9).papers] == ["One", "Two"]
    second = store.archive.of_day(today, most=1, skip=1)
    assert (second.total, [one.paper.title for one in second.papers]) == (2, ["Two"])
    assert store.archive.of_day(today - DAY, most=9).total == 0
    assert store.archive.latest_at() == NOW + DAY


def test_an_empty_archive_has_no_days(store):
    assert store.archive.days() == []
    assert store.archive.latest_at() is None
    assert store.archive.topics(NOW) == []


def test_a_paper_is_known_by_any_of_its_keys(full):
    for key in ATTENTION.keys:
        assert full.archive.paper([key]).paper == ATTENTION
    assert full.archive.paper(["title:nothing", "arxiv:1706.03762"]).paper == ATTENTION
    assert full.archive.paper(["title:nothing"]) is None
    number = full.archive.paper([ATTENTION.key]).number
    assert full.archive.numbers([ATTENTION.key, "title:nothing"]) == {ATTENTION.key: number}
    assert full.archive.numbered([number, 0])[number].paper == ATTENTION


def test_mentions_say_where_and_when_a_paper_was_reported(full):
    collect(full, RULES, ATTENTION, at=NOW + DAY, file="tuesday.txt")
    number = full.archive.paper([ATTENTION.key]).number
    found = full.archive.mentions([number])[number]
    assert [(one.position, one.of, one.date) for one in found] == [
        (1, 3, NOW.date()),
        (2, 2, NOW.date() + DAY),
    ]


def test_topics_count_the_categories_of_what_came_lately(full):
    assert full.archive.topics(NOW - DAY) == [
        ("cs.CL", 1),
        ("cs.CV", 1),
        ("cs.LG", 1),
        ("math.GT", 1),
    ]
    assert full.archive.topics(NOW) == []


def test_papers_alike_share_words_of_their_titles(store):
    collect(store, "Deep rivers of ice", "Rivers of ice and snow", "Of and", "Models of language")
    first = store.archive.paper(["title:deep rivers of ice"]).number
    found = store.archive.numbered(store.archive.like("Deep rivers of ice", first, 5)).values()
    assert [one.paper.title for one in found] == ["Rivers of ice and snow"]
    assert store.archive.like("of and", first, 5) == []


def test_papers_with_vectors_are_alike_by_those(store):
    collect(store, "Deep rivers", "Deep rivers of ice", "Deep seas", file="a.txt")
    texts = sorted(store.vectors.missing("v1", 9), key=lambda text: text.title)
    rows = np.array([[1, 0], [0, 1], [0.9, 0.1]], dtype=np.float32)
    store.vectors.add("v1", texts, rows)
    first = store.archive.paper(["title:deep rivers"])
    found = [one.paper.title for one in store.archive.similar(first, 2)]
    assert found == ["Deep seas", "Deep rivers of ice"]
    assert len(store.archive.similar(first, 1)) == 1
