"""A file is recognised by its content."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.collect import readers
from digest.collect.settings import CollectSettings
from digest.errors import SourceError
from tests.support.papers_text import compact, likely, spaced

ARRIVED = dt.date(2025, 5, 20)
ATOM = '<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>A Title</title></entry></feed>'
DECLARED = '<?xml version="1.0" encoding="utf-8"?><!-- made by hand -->\n'


def read(data, name="a.txt"):
    return readers.read(data, name, ARRIVED)


@pytest.mark.parametrize("name", ["digest.txt", "feed.xml", "x.json", "noname"])
def test_the_name_says_nothing(name):
    assert len(read(compact(likely(3)).encode(), name)) == 3
    assert len(read(ATOM.encode(), name)) == 1


@pytest.mark.parametrize(
    "data",
    [
        ATOM.encode(),
        b"\xef\xbb\xbf" + (DECLARED + ATOM).encode(),
        b"\n  " + ATOM.encode(),
        (DECLARED.replace("utf-8", "utf-16") + ATOM).encode("utf-16"),
        ATOM.replace("<feed", "<a:feed").replace("</feed", "</a:feed").replace("xmlns=", "xmlns:a=").replace("entry>", "a:entry>").replace("title>", "a:title>").encode(),
    ],
)  # fmt: skip
def test_feeds_are_recognised_in_many_dresses(data):
    assert [report.paper.title for report in read(data)] == ["A Title"]


def test_a_digest_that_begins_with_a_bracket_is_a_digest():
    papers = [("[Re] The Reproduction", likely(1)[0][1]), ("<SEG> Tokens", likely(1)[0][1])]
    assert len(read("\n".join(line for pair in papers for line in pair).encode())) == 2


@pytest.mark.parametrize("data", [b"", b" \n\r\n\t", b"\xef\xbb\xbf"])
def test_an_empty_file_is_rejected_as_empty(data):
    with pytest.raises(SourceError, match=r"empty|no papers"):
        read(data)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (compact(likely(3)).encode("utf-16"), "UTF-16"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "not UTF-8"),
        (b"PK\x03\x04\0\0\0\0", "binary"),
        (b'{"papers": 1}\n{"papers": []}', "neither"),
        (b"[\n  {}\n]", "neither"),
        (b"<!doctype html>\n<html>\n<p>Hello there.</p>\n</html>", "neither"),
        (b"Dear reader,\nthis is a mail\nwritten to you.\nBye", "neither"),
    ],
)
def test_other_files_are_rejected_for_what_they_are(data, why):
    with pytest.raises(SourceError, match=why) as caught:
        read(data, "x")
    assert caught.value.source == "x"


@pytest.mark.parametrize("start", ["", DECLARED, "\ufeff" + DECLARED])
def test_a_list_of_feeds_is_rejected_with_what_to_do(start):
    feed = '<outline type="rss" text="A" xmlUrl="https://a.example/rss"/>'
    with pytest.raises(SourceError, match=r"OPML list of feeds; name it .* of kind opml"):
        read(f'{start}<opml version="2.0"><body>{feed}</body></opml>'.encode())


def test_salvage_reaches_the_reader():
    cut = spaced(likely(3)).encode()[:-40]
    assert len(readers.read(cut, "x", ARRIVED, salvage=True)) == 2


@settings(deadline=None)
@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_give_papers_or_a_rejection(data, salvage):
    for start in (b"", b"<rss>", b"\xff\xfe<\0f\0e\0e\0d\0>\0", b"new\n"):
        try:
            readers.read(start + data, "x", ARRIVED, salvage=salvage)
        except SourceError as error:
            assert error.why


@pytest.mark.parametrize(
    "wrong",
    [{"max_file_mb": 0}, {"max_file_mb": 1025}, {"settle_s": -1}, {"settle_s": float("nan")}],
)
def test_settings_out_of_range_are_refused_by_name(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        CollectSettings(**wrong)


def test_the_default_settings_are_in_range():
    assert CollectSettings().max_bytes == 64_000_000
