"""Whatever the bytes, a reader gives papers or one sentence, in bounded time and memory."""

import datetime as dt
import gzip
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.collect import bibliography, feed, listing, mailbox, opml
from digest.errors import SourceError
from digest.papers import Report

CASES = Path(__file__).parents[1] / "cases"
ARRIVED = dt.date(2026, 4, 20)
READERS = {
    "feed": lambda data: feed.read(data, "x", ARRIVED),
    "bibliography": lambda data: bibliography.read(data, "x", ARRIVED),
    "bibliography salvaged": lambda data: bibliography.read(data, "x", ARRIVED, salvage=True),
    "listing": lambda data: listing.read(data, "x", ARRIVED),
    "listing salvaged": lambda data: listing.read(data, "x", ARRIVED, salvage=True),
    "opml": lambda data: opml.feeds(data, "x"),
    "mail": lambda data: [mailbox.text_of(data)],
}
FILES = [
    (name, path) for name in READERS for path in sorted((CASES / name.partition(" ")[0]).glob("*"))
]
STARTS = [
    b"", b"<rss><channel><item><title>", b"@article{x, title={", b"TY  - JOUR\nTI  - ",
    b"\\\\\narXiv:2401.00001\nTitle: ", b"<opml><outline xmlUrl='https://a.org' title='",
    b'"Title","Author"\n"', b"Content-Type: text/html; charset=", b"<feed xmlns='http://www.w3.org/2005/Atom'><entry><title type='html'>",
]  # fmt: skip


def survives(name, data):
    try:
        found = READERS[name](data)
    except SourceError as error:
        assert error.why and "\n" not in error.why
    else:
        for report in found:
            if isinstance(report, Report):
                text = report.paper.title + report.paper.abstract + "".join(report.paper.authors)
                assert report.paper.title
                assert text.encode() and "\n" not in text


@pytest.mark.parametrize(("name", "path"), FILES, ids=lambda value: getattr(value, "name", value))
def test_a_file_cut_anywhere_gives_papers_or_a_rejection(name, path):
    data = path.read_bytes()
    for cut in range(0, len(data), 100):
        survives(name, data[:cut])
        survives(name, data[cut:])


@pytest.mark.parametrize("name", READERS)
@settings(deadline=None, max_examples=40)
@given(
    st.one_of(st.binary(max_size=200), st.text(max_size=100).map(str.encode)),
    st.sampled_from(STARTS),
)
def test_any_bytes_give_papers_or_a_rejection(name, data, start):
    survives(name, start + data)


@pytest.mark.parametrize("name", ["feed", "bibliography", "listing", "opml"])
@pytest.mark.parametrize(
    ("data", "what"),
    [
        (gzip.compress(b"<rss/>"), "compressed"),
        (b"<!DOCTYPE html><html><form>Log in</form></html>", "web page"),
        (b"   \n", "empty"),
    ],
    ids=["gzip", "login page", "empty"],
)
def test_what_is_something_else_is_named_in_one_sentence(name, data, what):
    with pytest.raises(SourceError, match=what):
        READERS[name](data)


@pytest.mark.parametrize("start", STARTS)
def test_lone_surrogates_controls_and_long_text_are_plain(start):
    odd = "\ud800 \x00\x1b\u202e".encode("utf-8", "surrogatepass") + b"x" * 20_000
    for name in READERS:
        survives(name, start + odd)


@pytest.mark.parametrize(
    "part",
    [b"<title>", b"<![CDATA[", b"&", b"<", b"@a{", b"@a{b,c=", b'"', b"{", b"\\\\\n", b"TY  - \n",
     b"<outline xmlUrl='", b"\\'{", b"$", b"<description><item>", b"@string{", b"#", b" and ", b"(", b"\\\\\narXiv:"],
)  # fmt: skip
def test_hostile_repetition_takes_bounded_time(part):
    for start in STARTS:
        for name in ("bibliography salvaged", "listing salvaged", "opml"):
            begun = time.process_time()
            survives(name, start + part * (100_000 // len(part)))
            assert time.process_time() - begun < 2, (name, start)


@pytest.mark.parametrize("part", [b"<title>", b"<![CDATA[", b"&", b"<x ", b"<description><item>"])
def test_hostile_feeds_take_bounded_time(part):
    begun = time.process_time()
    survives("feed", b"<rss version='2.0'><channel><item><title>" + part * (20_000 // len(part)))
    assert time.process_time() - begun < 3


@pytest.mark.parametrize("name", ["feed", "opml"])
def test_a_billion_laughs_take_neither_time_nor_memory(name):
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 30))
    bomb = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "lol">{laughs}]><rss><title>&l29;</title></rss>'
    READERS[name](next(iter((CASES / name).glob("*"))).read_bytes())  # imports are not counted
    tracemalloc.start()
    begun = time.process_time()
    with pytest.raises(SourceError, match="entities"):
        READERS[name](bomb.encode())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert time.process_time() - begun < 1
    assert peak < 1_000_000


@pytest.mark.parametrize("name", ["feed", "opml"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32", "big5"])
def test_files_of_this_machine_are_not_read(name, encoding, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("The Secret")
    document = (
        f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE x [<!ENTITY s SYSTEM "{secret.as_uri()}">]>'
        "<rss version='2.0'><channel><item><title>a &s;</title></item></channel></rss>"
    )
    with pytest.raises(SourceError, match="entities"):
        READERS[name](document.encode(encoding))
