"""Lists of feeds are read, and nothing else is."""

from pathlib import Path

import pytest

from digest.collect import opml
from digest.errors import SourceError

CASE = Path(__file__).parents[1] / "cases" / "opml" / "nested.opml"


def outline(attributes):
    return f'<opml version="1.0"><body><outline {attributes}/></body></opml>'.encode()


def test_feeds_are_found_in_folders_each_once():
    assert opml.feeds(CASE.read_bytes(), "o") == [
        ("arXiv cs.LG", "https://rss.arxiv.org/rss/cs.LG"),
        ("Bio", "http://connect.biorxiv.org/biorxiv_xml.php?subject=genomics&x=1"),
    ]


def test_a_feed_without_title_is_called_by_its_address():
    assert opml.feeds(outline('xmlurl="https://a.org/f"'), "o") == [("https://a.org/f",) * 2]


def test_bare_ampersands_and_tags_in_attributes_are_forgiven():
    assert opml.feeds(outline('text="R&D" xmlUrl="https://a.org/f"'), "o") == [
        ("R&D", "https://a.org/f")
    ]
    odd = outline(
        'text="R" description="by <a href="https://b.org">B</a>" xmlUrl="https://a.org/f?a=1&amp;b=2"'
    )
    assert opml.feeds(odd, "o") == [("R", "https://a.org/f?a=1&b=2")]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"<opml><body></body></opml>", "no feeds"),
        (b"<rss><outline xmlUrl='https://a.org'/></rss>", "not well-formed OPML"),
        (CASE.read_bytes()[:300], "not well-formed OPML"),
        (b"<html><body>Log in</body></html>", "web page"),
        (b'<!DOCTYPE o [<!ENTITY x SYSTEM "file:///etc/passwd">]><opml>&x;</opml>', "entities"),
        (b'<!DOCTYPE o [<!ENTITY x "haha"><!ENTITY y "&x;&x;">]><opml>&y;</opml>', "entities"),
        (b" " * 4_000_001, "larger than 4 MB"),
    ],
)
def test_anything_else_is_refused_with_the_reason(data, why):
    with pytest.raises(SourceError, match=why):
        opml.feeds(data, "o")


def test_a_list_that_is_too_long_is_refused():
    many = "".join(f'<outline xmlUrl="https://a.org/{n}"/>' for n in range(2_001))
    with pytest.raises(SourceError, match="more than 2000"):
        opml.feeds(f"<opml>{many}</opml>".encode(), "o")
