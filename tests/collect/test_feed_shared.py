"""Feeds of real sources, day by day, where they are at hand."""

import datetime as dt
import functools
import json
from collections import Counter

import pytest

from digest.collect import feed, opml
from digest.errors import SourceError
from tests.support.shared import shared

ARRIVED = dt.date(2026, 4, 20)


@functools.cache
def days(folder):
    paths = sorted(folder.glob("*.xml"))
    assert paths
    return [(path.stem, feed.read(path.read_bytes(), path.name, ARRIVED)) for path in paths]


def first_seen(reports, seen):
    """The ids not seen before, in the feed's order; they are seen afterwards."""
    new = [key for key in dict.fromkeys(r.paper.key for r in reports) if key not in seen]
    seen.update(new)
    return [key.removeprefix("arxiv:") for key in new]


def test_forty_days_of_daily_papers_announce_what_is_new_in_order():
    folder, seen, quiet, total = shared("data/hf_daily_rss"), set(), 0, 0
    expected = json.loads((folder / "expected_new.json").read_text())["days"]
    for day, reports in days(folder / "days"):
        new = first_seen(reports, seen)
        assert new == expected[day]["new"], day
        assert len(reports) == expected[day]["rows"]
        assert all(r.votes is not None and r.paper.authors and r.paper.abstract for r in reports)
        assert not any("Upvotes:" in r.paper.abstract or "<p>" in r.paper.abstract for r in reports)
        quiet, total = quiet + (not new), total + len(new)
    assert (total, quiet) == (870, 10)


@pytest.mark.parametrize("layout", ["rss", "atom"])
def test_eight_days_of_announcements_are_told_apart(layout):
    folder, seen, kinds = shared("data/arxiv_announce"), set(), Counter()
    expected = json.loads((folder / "expected_new.json").read_text())["days"]
    for day, reports in days(folder / layout):
        assert first_seen(reports, seen) == expected[day]["new"], day
        assert all(r.paper.version > 0 and r.paper.categories and r.paper.authors for r in reports)
        assert not any("Announce Type" in report.paper.abstract for report in reports)
        kinds.update(report.announced for report in reports)
    assert kinds == {"new": 743, "cross": 127, "replace": 432, "replace-cross": 98}


def test_both_layouts_of_an_announcement_say_the_same():
    folder = shared("data/arxiv_announce")
    for (_, rss), (_, atom) in zip(days(folder / "rss"), days(folder / "atom"), strict=True):
        assert [(r.paper, r.announced) for r in rss] == [(a.paper, a.announced) for a in atom]


def test_answers_of_arxivs_api_are_papers_or_its_own_words():
    found = {}
    for path in sorted(shared("data/arxiv_api_atom").glob("*.xml")):
        if path.stem.endswith("_400"):
            with pytest.raises(SourceError, match="incorrect id format for abc"):
                feed.read(path.read_bytes(), path.name, ARRIVED)
        else:
            found[path.name[:6]] = feed.read(path.read_bytes(), path.name, ARRIVED)
    assert [(r.paper.title, r.paper.key, r.paper.version) for r in found["id_210"]] == [
        ("0", "arxiv:2104.12255", 1)
    ]
    (old,) = found["id_ast"]
    assert (old.paper.key, old.paper.categories) == ("arxiv:astro-ph/0601001", ("astro-ph",))
    assert "V_max<17.5" in old.paper.abstract
    first = found["q_test"][0].paper
    assert len(found["q_test"]) == 15
    assert (first.doi, first.categories[0]) == ("10.1109/icstw55395.2022.00035", "cs.SE")
    assert first.authors == ("Mohit Kumar Ahuja", "Arnaud Gotlieb", "Helge Spieker")


def test_feeds_of_other_kinds_are_read():
    folder = shared("data/feeds")
    (bio,) = feed.read((folder / "rss_1.0_biorxiv.xml").read_bytes(), "bio", ARRIVED)
    assert bio.paper.title.startswith("Complete genome of the Medicago anthracnose fungus")
    assert bio.paper.doi == "10.1101/2023.12.16.571984"
    assert bio.paper.authors[0] == "LAPALU, N."
    assert len(bio.paper.authors) == 10
    assert bio.paper.published == dt.date(2023, 12, 16)
    (odd,) = feed.read((folder / "rss_0.91_encoding_1.xml").read_bytes(), "odd", ARRIVED)
    assert odd.paper.title == "bash - Expansão de Parâmetros"
    (blog,) = feed.read((folder / "atom_scattered.xml").read_bytes(), "blog", ARRIVED)
    assert blog.paper.link == "https://www.scattered-thoughts.net/log/0042/"


def test_lists_of_feeds_are_read_with_their_bare_ampersands():
    found = {
        path.name: opml.feeds(path.read_bytes(), path.name)
        for path in shared("data/opml").glob("*.opml")
    }
    assert found["Web Development.opml"][0] == (
        "A List Apart: The Full Feed",
        "https://alistapart.com/main/feed/",
    )
    assert len(found["Programming.opml"]) == 50
