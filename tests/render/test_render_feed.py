"""Feeds are read back by feedparser as they were meant."""

from __future__ import annotations

import datetime as dt
import json
import re
from xml.etree import ElementTree as ET

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.render.feed import atom, json_feed, rss
from digest.render.plain import plain
from digest.render.settings import MailSettings
from digest.render.templates import environment
from digest.subscribers import Subscriber
from tests.support.builders import a_paper, a_pick, a_subscriber, an_edition

ENV = environment()
SETTINGS = MailSettings(sender="Papers <papers@example.org>", feed_url="https://example.org/p/feed")
PUBLIC = Subscriber("public", None)
HOSTILE = [
    "<script>alert(1)</script>",
    "{{7*7}} & <b>bold</b> ]]> &amp;",
    "null \x00 escape \x1b bell \x07 half \ud800 not \uffff",
    "الورقة \u202eevil 日本語 \U0001f600 naïve",
]


def public(*picks, **known):
    return an_edition(*picks, subscriber=PUBLIC, **known)


def text_of(html):
    """The text of an item's HTML, without its elements."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.mark.parametrize("form", [rss, atom])
def test_a_feed_comes_back_as_it_was_written(form):
    paper = a_paper(
        "Deep & wide", link="https://example.org/1?a=1&b=2", authors=("Ada B", "Émile C")
    )
    edition = public(a_pick(paper, interest=None, reports=2))
    read = feedparser.parse(form([edition], SETTINGS, ENV))
    assert not read.bozo
    assert (read.feed.title, read.feed.language) == ("Daily Papers", "en")
    assert [link.href for link in read.feed.links if link.rel == "self"] == [SETTINGS.feed_url]
    (entry,) = read.entries
    assert (entry.title, entry.link) == ("Deep & wide", "https://example.org/1?a=1&b=2")
    assert entry.id == "tag:example.org,2024:paper/title%3Adeep%20wide"
    assert [author.name for author in entry.authors] == ["Ada B", "Émile C"]
    assert dt.datetime(*entry.published_parsed[:6], tzinfo=dt.UTC) == edition.composed_at
    assert "We compose paths through shared modules." in entry.summary
    assert "Reported twice" in entry.summary


@pytest.mark.parametrize("form", [rss, atom])
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_text_in_a_feed(form, text):
    written = form([public(a_pick(a_paper(text, abstract=text, authors=(text,))))], SETTINGS, ENV)
    read = feedparser.parse(written, sanitize_html=False)
    assert not read.bozo
    escaped = plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert plain(read.entries[0].title) in (plain(text), escaped)
    assert escaped in read.entries[0].summary
    root = ET.fromstring(written.encode())
    titles = [e.text for e in root.iter() if e.tag.rpartition("}")[2] == "title"]
    assert titles[1] == plain(text)


@settings(deadline=None)  # the first example loads what the others use
@given(st.text(max_size=80))
def test_any_text_gives_well_formed_xml(text):
    paper = a_paper("a" + text, abstract=text, authors=(text,))  # a title is never empty
    edition = public(a_pick(paper, interest=text))
    for form in (rss, atom):
        ET.fromstring(form([edition], SETTINGS, ENV).encode())


def test_a_json_feed_says_the_same():
    paper = a_paper("Deep", link="https://example.org/1", authors=("Ada B",))
    feed = json.loads(json_feed([public(a_pick(paper, interest=None))], SETTINGS, ENV))
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["feed_url"] == SETTINGS.feed_url
    (item,) = feed["items"]
    assert item["id"] == "tag:example.org,2024:paper/title%3Adeep"
    assert item["authors"] == [{"name": "Ada B"}]
    assert item["date_published"] == "2024-06-03T05:00:07+00:00"
    assert text_of(item["content_html"]).startswith("We compose paths")


@pytest.mark.parametrize("form", [rss, atom])
def test_an_empty_list_is_a_valid_empty_feed(form):
    read = feedparser.parse(form([], MailSettings(), ENV))
    assert not read.bozo
    assert read.feed.title == "Daily Papers"
    assert read.entries == []
    assert not [link for link in read.feed.links if link.rel == "self"]
    assert json.loads(json_feed([], MailSettings(), ENV))["items"] == []


def test_a_paper_of_two_editions_is_one_item_of_the_newest():
    old = a_pick(a_paper("Deep"))
    new = a_pick(a_paper("Deep", arxiv_id="2406.1"))
    editions = [public(new, date=dt.date(2024, 6, 4)), public(old)]
    (item,) = json.loads(json_feed(editions, SETTINGS, ENV))["items"]
    assert item["date_published"].startswith("2024-06-04")
    assert item["id"].endswith("paper/arxiv%3A2406.1")


def test_a_readers_feed_names_the_reader_and_never_the_address():
    edition = an_edition(subscriber=a_subscriber(name="Ada", address="secret@example.org"))
    for form in (rss, atom, json_feed):
        written = form([edition], SETTINGS, ENV)
        assert "Daily Papers for Ada" in written
        assert "secret" not in written
        assert SETTINGS.feed_url not in written  # that address is the public feed's
