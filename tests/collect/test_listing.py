"""arXiv's plain-text listings become reports."""

import datetime as dt
from pathlib import Path

import pytest

from digest.collect import listing
from digest.errors import SourceError

CASE = Path(__file__).parents[1] / "cases" / "listing" / "cs.txt"


def read(data, **options):
    return listing.read(data, "l", dt.date(2026, 4, 20), **options)


def test_a_listing_becomes_reports():
    first = read(CASE.read_bytes())[0]
    paper = first.paper
    assert paper.title == "Attention is All You Need, and a<b in Two Lines"
    assert paper.authors == ("Kurt Gödel", "Ada Lovelace", "Emmy Noether", "Marie Curie")
    assert paper.abstract == "We attend to the <SEG> token and find that it works when $x < y$."
    assert (paper.arxiv_id, paper.link) == ("2401.00001", "https://arxiv.org/abs/2401.00001")
    assert (paper.doi, paper.categories) == ("10.1000/xyz.1", ("cs.LG", "cs.CL", "stat.ML"))
    assert (paper.published, first.date) == (dt.date(2023, 12, 29), dt.date(2023, 12, 29))


def test_cross_lists_and_replacements_are_told_apart():
    found = read(CASE.read_bytes())
    assert [r.announced for r in found] == ["new", "cross", "replace", "replace-cross"]
    assert [r.paper.abstract for r in found[1:]] == ["We cross.", "", "We replace."]
    assert [r.position for r in found] == [1, 2, 3, 4]


def test_windows_line_ends_change_nothing():
    data = CASE.read_bytes()
    assert read(data.replace(b"\n", b"\r\n")) == read(data)


def test_a_cut_listing_is_refused_and_salvaged_on_request():
    cut = CASE.read_bytes().partition(b"  We cross.")[0]
    with pytest.raises(SourceError, match="not complete") as caught:
        read(cut)
    assert caught.value.whole == 1
    assert len(read(cut, salvage=True)) == 1


@pytest.mark.parametrize("data", [b"Hello", b"", b"<html>Log in</html>", b"\\\\\nTitle: x\n"])
def test_other_text_is_refused(data):
    with pytest.raises(SourceError):
        read(data)
