"""What a reader has collected elsewhere: papers, and when each was added."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.collect import library
from digest.errors import SourceError

CASES = Path(__file__).parents[1] / "cases" / "library"
TODAY = dt.date(2026, 5, 20)


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)


def read(data: bytes | str) -> library.Library:
    return library.read(data if isinstance(data, bytes) else data.encode(), "likes", TODAY)


def case(name: str) -> library.Library:
    return read((CASES / name).read_bytes())


def test_bibtex_says_when_a_paper_was_added_in_each_programs_way():
    found = case("added.bib")
    assert [(paper.title, at) for paper, at in found.papers] == [
        ("Kept by BibDesk: Étude", utc(2019, 5, 3, 8, 12, 13)),
        ("Kept by JabRef of old", utc(2018, 1, 2)),
        ("Kept by JabRef", utc(2022, 3, 4, 5, 6, 7)),
        ("Kept by nobody knows when", None),
    ]
    assert found.unread == 2


def test_zoteros_csv_says_when_a_paper_was_added():
    ((paper, at), (other, none)) = case("zotero.csv").papers
    assert (paper.arxiv_id, at) == ("1706.03762", utc(2023, 1, 2, 10, 11, 12))
    assert (other.doi, none) == ("10.1038/nature14539", None)
    assert case("zotero.csv").unread == 1


def test_ris_names_papers_without_saying_when():
    found = case("mendeley.ris")
    assert [(paper.title, at) for paper, at in found.papers] == [("Deep learning", None)]
    assert found.unread == 1


def test_csl_json_names_papers():
    found = case("csl.json")
    (first, none), (second, at) = found.papers
    assert (first.title, first.doi) == ("Deep learning", "10.1038/nature14539")
    assert first.authors == ("Yann LeCun", "Yoshua Bengio")
    assert (second.arxiv_id, none, at) == ("1706.03762", None, utc(2024, 2, 3, 4, 5, 6))
    assert found.unread == 1


def test_zoteros_rdf_names_papers_and_not_their_notes_and_attachments():
    found = case("zotero.rdf")
    first, second = (paper for paper, _ in found.papers)
    assert (first.title, first.arxiv_id) == ("Attention Is All You Need", "1706.03762")
    assert first.authors == ("Ashish Vaswani", "Google Brain", "Noam Shazeer")
    assert first.abstract == "We dispense with recurrence & convolutions."
    assert first.published == dt.date(2017, 6, 12)
    assert (second.title, second.doi) == ("Deep learning", "10.1038/nature14539")
    assert second.link is None
    assert found.unread == 1


def test_an_outline_with_an_address_is_a_paper_and_one_without_is_a_folder():
    found = case("papers.opml")
    assert [(paper.title, paper.arxiv_id, at) for paper, at in found.papers] == [
        ("Attention & more", "1706.03762", utc(2023, 1, 2, 10, 11, 12)),
        ("Deep learning", None, None),
    ]
    assert found.papers[1][0].link == "https://example.org/deep"
    assert found.unread == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it is empty"),
        ("Dear diary, I liked a paper today.", "a library is BibTeX, RIS, CSL-JSON"),
        ("[1, 2, 3]", "a library is BibTeX"),
        ('{"title": 3}', "a library is BibTeX"),
        ("@article{x, title={Never closed", "a library is BibTeX"),
        ("@article{x, year={2020}}", "a library is BibTeX"),
        ("<html><body>Log in</body></html>", "it is a web page"),
        ("<opml><body><outline", "it is no whole XML"),
        ("<feed/>", "neither OPML nor Zotero's RDF"),
        ("<opml><body/></opml>", "no paper in it has a title"),
        (
            '<opml><body><outline text="x" xmlUrl="https://example.org/rss"/></body></opml>',
            "it lists feeds, not papers",
        ),
        ('<!DOCTYPE a [<!ENTITY e "x">]><opml/>', "it declares XML entities"),
    ],
)
def test_what_is_no_library_is_told_in_one_sentence(text, says):
    with pytest.raises(SourceError, match=r"^likes") as refused:
        read(text)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2019-05-03 10:12:13 +0200", utc(2019, 5, 3, 8, 12, 13)),
        ("2019-05-03T10:12:13Z", utc(2019, 5, 3, 10, 12, 13)),
        ("2019.05.03", utc(2019, 5, 3)),
        ("2019/05/03", utc(2019, 5, 3)),
        ("Mon, 02 Jan 2023 10:11:12 GMT", utc(2023, 1, 2, 10, 11, 12)),
        ("0001-01-01 00:00:00 +0200", None),
        ("2019-13-40", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_instants_are_read_as_programs_write_them(text, at):
    assert library.instant(text) == at


@given(st.text(max_size=80))
def test_no_text_is_an_instant_that_breaks_anything(text):
    at = library.instant(text)
    assert at is None or at.tzinfo is dt.UTC


@given(st.binary(max_size=300))
def test_no_bytes_break_anything(data):
    try:
        found = read(data)
    except SourceError:
        return
    assert found.papers and found.unread >= 0
