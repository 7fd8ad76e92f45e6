"""The archive: which papers are new to it, and where each was reported."""

from __future__ import annotations

import datetime as dt

import pytest

from digest.collecting import RULES
from digest.papers import Archived, Mention, Report, title_key
from digest.store.joining import IN
from digest.store.papers import Added
from tests.support.builders import a_paper
from tests.support.databases import NOW, collect, numbers

HOUR = dt.timedelta(hours=1)
LATER = NOW + HOUR
LONG_AGO = NOW - dt.timedelta(days=400)


def test_papers_nobody_has_reported_are_new(store):
    assert collect(store, "Paths", "Modules") == Added(papers=2, new=2)
    assert store.papers.count() == 2


def test_papers_of_an_earlier_file_are_repeated(store):
    collect(store, "Paths", "Modules")
    added = collect(store, "Modules", "Routing", file="tuesday.txt")
    assert added == Added(papers=2, new=1)
    assert added.repeated == 1
    assert store.papers.count() == 3


def test_a_file_with_nothing_in_it_is_known_afterwards(store):
    assert store.papers.add([], sha256="e3b0", name="empty.txt", now=NOW, rules=RULES) == Added(
        0, 0
    )
    assert store.papers.known_file("e3b0") == Added(0, 0)


def test_the_same_bytes_again_bring_nothing_and_no_second_mention(store):
    report = Report(a_paper("Paths"), "a", 1)
    store.papers.add([report], sha256="aa", name="a.txt", now=NOW, rules=RULES)
    again = store.papers.add([report], sha256="aa", name="b.txt", now=LATER, rules=RULES)
    assert again == Added(1, 0)
    (candidate,) = store.papers.candidates(LONG_AGO, LATER)
    assert [mention.source for mention in candidate.mentions] == ["inbox"]


def test_a_file_is_known_by_its_bytes_once_it_was_collected(store):
    assert store.papers.known_file("aa") is None
    report = Report(a_paper(), "a", 1)
    store.papers.add([report], sha256="aa", name="a.txt", now=NOW, rules=RULES)
    assert store.papers.known_file("aa") == Added(papers=1, new=0)
    assert store.papers.known_file("ab") is None


def test_one_title_in_two_spellings_is_one_paper(store):
    collect(store, "DiPaCo: Distributed Path Composition")
    assert collect(store, "dipaco — distributed path  composition", file="b").new == 0
    assert list(numbers(store)) == ["DiPaCo: Distributed Path Composition"]


def test_two_titles_are_two_papers(store):
    collect(store, "DiPaCo: Distributed Path Composition")
    assert collect(store, "DiPaCo 2: Distributed Path Composition", file="b").new == 1


def test_one_arxiv_id_under_two_titles_is_one_paper(store):
    collect(store, a_paper("Paths", arxiv_id="2403.10616"))
    assert collect(store, a_paper("Paths, revised", arxiv_id="2403.10616"), file="b").new == 0


def test_a_title_is_known_though_the_first_report_had_an_arxiv_id_and_the_next_has_none(store):
    collect(store, a_paper("Paths", arxiv_id="2403.10616"))
    assert collect(store, a_paper("Paths"), file="b").new == 0


def test_a_name_learnt_later_counts_from_then_on(store):
    collect(store, a_paper("Paths"))
    collect(store, a_paper("Paths", doi="10.1/x"), file="b")
    assert collect(store, a_paper("Another title", doi="10.1/x"), file="c").new == 0
    assert collect(store, a_paper("Another title"), file="d").new == 0
    assert store.papers.count() == 1


def test_a_paper_twice_in_one_file_is_one_paper_with_two_mentions(store):
    assert collect(store, "Paths", "Modules", "PATHS") == Added(papers=3, new=2)
    candidate = store.papers.candidates(LONG_AGO, NOW)[0]
    assert [mention.position for mention in candidate.mentions] == [1, 3]


def test_a_file_that_cannot_be_stored_whole_leaves_nothing(store):
    broken = [Report(a_paper(str(n)), "a", 1) for n in range(3)]
    broken[2] = Report(a_paper("2"), "a", None)
    with pytest.raises(Exception, match=r"(?i)null"):
        store.papers.add(broken, sha256="aa", name="a.txt", now=NOW, rules=RULES)
    assert store.papers.count() == 0
    assert store.papers.known_file("aa") is None


def test_a_paper_comes_back_as_it_was(store):
    paper = a_paper(
        "<script>alert(1)</script> {{7*7}} ‘日本語’ ' \" % \\ :x",
        abstract="Ünïcödé 🎉 " * 50,
        authors=("Ada Lovelace", "Łukasz Kaiser"),
        link="https://example.org/?a=1&b=2",
        arxiv_id="2403.10616",
        doi="10.1/x",
        published=dt.date(2024, 3, 15),
    )
    collect(store, paper)
    (candidate,) = store.papers.candidates(LONG_AGO, NOW)
    assert candidate.paper == paper
    assert candidate.first_seen_at == NOW
    assert "script" in candidate.terms


def test_the_window_opens_after_its_first_instant_and_holds_its_last(store):
    collect(store, "At the start", at=NOW)
    collect(store, "Just after", at=NOW + dt.timedelta(microseconds=1), file="b")
    collect(store, "At the end", at=LATER, file="c")
    collect(store, "Just later", at=LATER + dt.timedelta(microseconds=1), file="d")
    titles = [candidate.paper.title for candidate in store.papers.candidates(NOW, LATER)]
    assert titles == ["Just after", "At the end"]


def test_mentions_carry_place_page_and_the_sources_date(store):
    monday, tuesday = dt.date(2026, 5, 18), dt.date(2026, 5, 19)
    collect(
        store,
        Report(a_paper("Modules"), "x", 1),
        Report(a_paper("Paths"), "x", 2, tuesday),
        file="b",
    )
    collect(store, Report(a_paper("Paths"), "x", 1, monday), at=LATER, file="a")
    candidates = store.papers.candidates(LONG_AGO, LATER)
    assert [candidate.mentions for candidate in candidates] == [
        (Mention("inbox", 1, 2, NOW.date()),),
        (Mention("inbox", 1, 1, monday), Mention("inbox", 2, 2, tuesday)),
    ]


def test_a_mention_collected_after_the_window_is_not_known_yet(store):
    collect(store, "Paths")
    collect(store, "Paths", at=LATER, file="b")
    assert [len(c.mentions) for c in store.papers.candidates(LONG_AGO, NOW)] == [1]
    assert [len(c.mentions) for c in store.papers.candidates(LONG_AGO, LATER)] == [2]


def test_papers_are_found_by_any_of_their_names(store):
    collect(store, a_paper("Sparse Paths", arxiv_id="2403.10616", abstract=""))
    found = store.papers.named(["title:sparse paths", "arxiv:2403.10616", "doi:10.1/none"])
    (number,) = numbers(store).values()
    paper = Archived(number, "Sparse Paths", ("spars", "path"))
    assert found == {"title:sparse paths": paper, "arxiv:2403.10616": paper}


def test_more_papers_than_one_query_takes_are_all_found(store):
    titles = [f"Paper number {n}" for n in range(IN + 10)]
    assert collect(store, *titles).new == IN + 10
    assert len(store.papers.named(title_key(title) for title in titles)) == 0
    assert len(store.papers.named(a_paper(title).key for title in titles)) == IN + 10
    assert len(store.papers.numbered(numbers(store).values())) == IN + 10


def test_the_latest_new_paper_is_that_of_the_last_file_that_brought_one(store):
    assert store.papers.latest_new_at(LATER) is None
    collect(store, "Paths")
    collect(store, "Paths", at=LATER, file="b")
    assert store.papers.latest_new_at(LATER) == NOW
    assert store.papers.latest_new_at(NOW - HOUR) is None
    collect(store, "Modules", at=LATER, file="c")
    assert store.papers.latest_new_at(LATER) == LATER


def test_a_mention_names_the_source_that_was_polled_or_the_inbox(store):
    store.papers.add(
        [Report(a_paper("Paths"), "x", 1)],
        sha256="aa",
        name="arXiv cs.CL",
        now=NOW,
        rules=RULES,
        source="arXiv cs.CL",
    )
    collect(store, "Paths", file="monday.txt")
    (candidate,) = store.papers.candidates(LONG_AGO, NOW)
    assert sorted(mention.source for mention in candidate.mentions) == ["arXiv cs.CL", "inbox"]


def test_papers_are_found_by_their_numbers(store):
    collect(store, a_paper("Sparse Paths", abstract=""), a_paper("Modules", abstract=""))
    known = numbers(store)
    first, second = known["Sparse Paths"], known["Modules"]
    assert store.papers.numbered([first, second, 999]) == {
        first: Archived(first, "Sparse Paths", ("spars", "path")),
        second: Archived(second, "Modules", ("modul",)),
    }


def test_the_corpus_is_what_came_last_as_far_as_it_is_wanted(store):
    titles = [f"Study{n}" for n in range(5)]
    collect(store, *(a_paper(title, abstract="") for title in titles))
    known = numbers(store)
    newest = [(known[title], title.lower()) for title in reversed(titles)]
    assert list(store.papers.corpus(3)) == newest[:3]
    assert list(store.papers.corpus(3, {newest[0][0], newest[2][0]})) == [
        newest[n] for n in (1, 3, 4)
    ]
    assert list(store.papers.corpus(0)) == []


def test_the_corpus_holds_a_paper_once_and_also_one_that_was_never_announced(store):
    collect(store, a_paper("Paths", arxiv_id="2403.10616"), a_paper("Other", doi="10.1234/x"))
    collect(store, a_paper("Paths", arxiv_id="2403.10616", doi="10.1234/x"), file="tuesday.txt")
    collect(store, Report(a_paper("Known"), "x", 1, announced="replace"), file="likes")
    assert store.papers.count() == 1
    assert len(list(store.papers.corpus(10))) == 2


def test_a_paper_is_found_by_the_first_key_that_is_known_or_by_its_link(store):
    paths = a_paper("Paths", arxiv_id="2403.10616", link="https://example.org/paths")
    collect(store, paths, "Modules")
    assert store.papers.find(["doi:10.1/none", "title:modules", paths.key], "").title == "Modules"
    assert store.papers.find([], "https://example.org/paths") == paths
    assert store.papers.find(["title:nothing"], "nothing") is None


def test_titles_are_told_by_key_and_all_of_them_newest_first(store):
    collect(store, a_paper("Paths", arxiv_id="2403.10616"), "Modules")
    assert store.papers.titles(["arxiv:2403.10616", "title:none"]) == {"arxiv:2403.10616": "Paths"}
    assert list(store.papers.all_titles()) == ["Modules", "Paths"]


def test_whether_an_archive_holds_so_many_is_known_without_counting(store):
    assert not store.papers.hold(1)
    collect(store, "One paper", "Another paper")
    assert store.papers.hold(2)
    assert not store.papers.hold(3)
