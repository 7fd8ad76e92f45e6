"""Feeds are read back by feedparser as they were meant."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.render.feed import of_editions, of_papers
from digest.render.feed_forms import NOWHERE, WRITE, Outline, Ways, atom, json_feed, opml, path, rss
from digest.render.plain import plain
from digest.render.settings import MailSettings
from digest.render.templates import environment
from digest.subscribers import Subscriber
from tests.support.builders import a_paper, a_pick, a_subscriber, an_edition

ENV = environment()
BASE = "https://example.org/p"
SETTINGS = MailSettings(sender="Papers <papers@example.org>")
PUBLIC = Subscriber("public", None)
GOLDEN = Path(__file__).parent / "golden"
HOSTILE = [
    "<script>alert(1)</script>",
    "{{7*7}} & <b>bold</b> ]]> &amp;",
    "null \x00 escape \x1b bell \x07 half \ud800 not \uffff",
    "الورقة \u202eevil 日本語 \U0001f600 naïve",
]
NOW = dt.datetime(2026, 5, 20, 6, 0, 7, tzinfo=dt.UTC)
WAYS = Ways(f"{BASE}/feed/public.atom", hub="https://hub.example/")
ARCHIVED = Ways(
    f"{BASE}/feed/public.atom?archive=1",
    previous=f"{BASE}/feed/public.atom?archive=0",
    following=f"{BASE}/feed/public.atom?archive=2",
    current=f"{BASE}/feed/public.atom",
)


def public(*picks, **known):
    return an_edition(*picks, subscriber=PUBLIC, **known)


def written(form, editions, *, ways=NOWHERE, **known):
    return form(of_editions(editions, SETTINGS, ENV, base_url=BASE, **known), ENV, ways)


def text_of(html):
    """The text of an item's HTML, without its elements."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def rels(read):
    return {(link.rel, link.href) for link in read.feed.links}


@pytest.mark.parametrize("form", [rss, atom])
def test_a_feed_comes_back_as_it_was_written(form):
    paper = a_paper(
        "Deep & wide",
        link="https://example.org/1?a=1&b=2",
        authors=("Ada B", "Émile C"),
        categories=("cs.CL", "cs.LG"),
    )
    edition = public(a_pick(paper, interest=None, reports=2))
    read = feedparser.parse(written(form, [edition], ways=WAYS))
    assert not read.bozo
    assert (read.feed.title, read.feed.language) == ("Daily Papers", "en")
    assert {("self", WAYS.itself), ("hub", WAYS.hub)} <= rels(read)
    assert read.feed.link == f"{BASE}/"
    (entry,) = read.entries
    assert (entry.title, entry.link) == ("Deep & wide", "https://example.org/1?a=1&b=2")
    assert entry.id == "tag:example.org,2024:paper/title%3Adeep%20wide"
    assert [author.name for author in entry.authors] == ["Ada B", "Émile C"]
    assert [tag.term for tag in entry.tags] == ["cs.CL", "cs.LG"]
    assert dt.datetime(*entry.published_parsed[:6], tzinfo=dt.UTC) == edition.composed_at
    assert "We compose paths through shared modules." in entry.summary
    assert "Reported twice" in entry.content[0].value


@pytest.mark.parametrize("form", [rss, atom])
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_text_in_a_feed(form, text):
    paper = a_paper(text, abstract=text, authors=(text,), categories=(text,))
    made = written(form, [public(a_pick(paper))])
    read = feedparser.parse(made, sanitize_html=False)
    assert not read.bozo
    escaped = plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert plain(read.entries[0].title) in (plain(text), escaped)
    assert escaped in read.entries[0].content[0].value
    root = ET.fromstring(made.encode())
    titles = [e.text for e in root.iter() if e.tag.rpartition("}")[2] == "title"]
    assert titles[1] == plain(text)


@settings(deadline=None)  # the first example loads what the others use
@given(st.text(max_size=80))
def test_any_text_gives_well_formed_xml(text):
    paper = a_paper("a" + text, abstract=text, authors=(text,), categories=(text,))
    edition = public(a_pick(paper, interest=text))
    for form in (rss, atom):
        for whole in (False, True):
            ET.fromstring(written(form, [edition], whole=whole).encode())
    ET.fromstring(opml(plain(text), [(plain(text), [Outline(plain(text), BASE, BASE)])], ENV))


def test_a_json_feed_says_the_same():
    paper = a_paper("Deep", link="https://example.org/1", authors=("Ada B",), categories=("cs.CL",))
    feed = json.loads(written(json_feed, [public(a_pick(paper, interest=None))], ways=WAYS))
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["feed_url"] == WAYS.itself
    assert feed["hubs"] == [{"type": "WebSub", "url": WAYS.hub}]
    (item,) = feed["items"]
    assert item["id"] == "tag:example.org,2024:paper/title%3Adeep"
    assert item["authors"] == [{"name": "Ada B"}]
    assert item["tags"] == ["cs.CL"]
    assert item["date_published"] == "2024-06-03T05:00:07+00:00"
    assert text_of(item["content_html"]).startswith("We compose paths")


@pytest.mark.parametrize("form", [rss, atom])
def test_an_empty_list_is_a_valid_empty_feed(form):
    channel = of_editions([], MailSettings(), ENV)
    read = feedparser.parse(form(channel, ENV))
    assert not read.bozo
    assert read.feed.title == "Daily Papers"
    assert read.entries == []
    assert not [link for link in read.feed.links if link.rel == "self"]
    assert json.loads(json_feed(channel, ENV))["items"] == []


def test_a_paper_of_two_editions_is_one_item_of_the_newest():
    old = a_pick(a_paper("Deep"))
    new = a_pick(a_paper("Deep", arxiv_id="2406.1"))
    editions = [public(new, date=dt.date(2024, 6, 4)), public(old)]
    (item,) = json.loads(written(json_feed, editions))["items"]
    assert item["date_published"].startswith("2024-06-04")
    assert item["id"].endswith("paper/arxiv%3A2406.1")


def test_a_readers_feed_names_the_reader_and_never_the_address():
    edition = an_edition(subscriber=a_subscriber(name="Ada", address="secret@example.org"))
    for form in (rss, atom, json_feed):
        for whole in (False, True):
            made = written(form, [edition], whole=whole)
            assert "Daily Papers for Ada" in made
            assert "secret" not in made


def test_no_two_items_have_the_same_instant_and_better_places_are_newer():
    edition = public(*(a_pick(f"Title {n}") for n in range(9)))
    found = of_editions([edition], SETTINGS, ENV).items
    instants = [item.at for item in found]
    assert instants == sorted(set(instants), reverse=True)
    papers = [(n, a_paper(f"Title {n}"), NOW) for n in (3, 2, 1)]
    topic = of_papers(papers, SETTINGS, ENV, name="topic/cs", what="cs", base_url=BASE, page=BASE)
    assert len({item.at for item in topic.items}) == 3
    assert topic.updated == max(item.at for item in topic.items)


def test_ids_stay_when_a_paper_is_rendered_again_with_other_words():
    first, again = (
        of_editions([public(a_pick(a_paper(title, arxiv_id="2406.1")))], settings_, ENV).items[0]
        for title, settings_ in (
            ("Deep", SETTINGS),
            ("Deeper", MailSettings(sender="papers@example.org", title="Other", accent="#aa0000")),
        )
    )
    assert first.title != again.title
    assert first.id == again.id


def test_an_edition_can_be_one_item_that_leads_to_its_page():
    editions = [public(a_pick("One"), a_pick("Two")), public(date=dt.date(2024, 6, 2))]
    page = f"{BASE}/edition/{{}}"
    found = of_editions(editions, SETTINGS, ENV, whole=True, page=page, base_url=BASE).items
    assert [item.href for item in found] == [page.replace("{}", f"2024-06-0{n}") for n in (3, 2)]
    assert found[0].id == "tag:example.org,2024:edition/public%2F2024-06-03"
    assert found[0].title == "Monday, 3 June 2024: One and 1 more"
    assert "One" in found[0].content
    assert "Two" in found[0].content


@pytest.mark.parametrize("form", [rss, atom])
def test_an_archive_document_says_so_and_where_the_others_are(form):
    made = written(form, [public()], ways=ARCHIVED)
    read = feedparser.parse(made)
    assert {
        ("current", ARCHIVED.current),
        ("prev-archive", ARCHIVED.previous),
        ("next-archive", ARCHIVED.following),
    } <= rels(read)
    archive = "{http://purl.org/syndication/history/1.0}archive"
    assert len(list(ET.fromstring(made.encode()).iter(archive))) == 1
    assert "history/1.0" not in written(form, [public()], ways=WAYS)
    assert (
        json.loads(written(json_feed, [public()], ways=ARCHIVED))["next_url"] == ARCHIVED.previous
    )


def test_an_opml_list_names_every_feed_in_its_group():
    made = opml("All", [("Topics", [Outline("cs & more", f"{BASE}/a?b=1&c=2", BASE)])], ENV)
    (group,) = ET.fromstring(made.encode()).find("body")
    (outline,) = group
    assert group.get("text") == "Topics"
    assert outline.attrib == {
        "type": "rss",
        "text": "cs & more",
        "title": "cs & more",
        "xmlUrl": f"{BASE}/a?b=1&c=2",
        "htmlUrl": BASE,
    }


def test_paths_of_feeds_hold_whatever_was_asked():
    assert path("topic/cs.CL", "rss") == "/feed/topic/cs.CL.rss"
    asked = path("search", "json", query='a&b="c" /é', block=3)
    assert asked == "/feed/search.json?q=a%26b%3D%22c%22%20%2F%C3%A9&archive=3"
    assert path("public", "atom", whole=True) == "/feed/public.atom?per=edition"


EDITION = public(
    a_pick(
        a_paper(
            "Paths of $O(n^2)$ & back",
            abstract="We show that $\\alpha$ < 1. Code: https://github.com/a/b.",
            authors=("Ada B", "Émile C"),
            arxiv_id="2406.00001",
            categories=("cs.CL", "cs.LG"),
        ),
        interest=None,
        reports=3,
    ),
    a_pick(a_paper("Nobody's <b>paper</b>", abstract=""), interest=None, reasons=()),
    note="A thin day.",
)


@pytest.mark.parametrize("form", ["rss", "atom", "json"])
@pytest.mark.parametrize("whole", [False, True], ids=["papers", "editions"])
def test_a_feed_is_as_the_golden_file_says(form, whole):
    page = f"{BASE}/edition/{{}}"
    channel = of_editions([EDITION], SETTINGS, ENV, base_url=BASE, whole=whole, page=page)
    ways = Ways(f"{BASE}/feed/public.{form}", f"{BASE}/feed/public.{form}?archive=0")
    made = WRITE[form](channel, ENV, ways)
    file = GOLDEN / f"feed-{'editions' if whole else 'papers'}.{form}"
    if os.environ.get("DIGEST_GOLDEN") == "write":
        file.write_text(made, encoding="utf-8")
    assert made == file.read_text(encoding="utf-8")
