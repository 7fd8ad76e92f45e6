"""Feeds over HTTP: what each holds, its past, and what it costs to ask again."""

from __future__ import annotations

import datetime as dt
import gzip
import itertools
import json
import time
from xml.etree import ElementTree as ET

import feedparser
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.web import feed_sources
from tests.support.builders import a_paper, a_subscriber
from tests.support.crawling import links
from tests.support.databases import collect
from tests.support.feed_rules import broken
from tests.support.visitors import BASE, MORNING, TITLES, opened_site
from tests.web.test_reading import HOSTILE, edition

TODAY = MORNING.date()
HUB = "https://hub.example.org/"
FEEDS = [
    "/feed/public.{}",
    "/feed/public.{}?per=edition",
    "/feed/topic/cs.CL.{}",
    "/feed/topic/cs.{}",
    "/feed/search.{}?q=paths%20%22models%20of%22",
    "/feed/search.{}?q=we",
]


@pytest.fixture
def read(tmp_path, sqlite_template):
    """A site with a hub, three public editions and a reader's own."""
    found = opened_site(tmp_path, sqlite_template, hub=HUB)
    papers = [
        a_paper(
            title,
            abstract=f"We study {title.lower()}. It works.",
            arxiv_id=f"2605.0000{n}",
            authors=("Ada B", "Émile C"),
            categories=("cs.CL", "stat.ML"),
        )
        for n, title in enumerate(TITLES)
    ]
    collect(found.store, *papers, at=MORNING - dt.timedelta(hours=8))
    collect(found.store, HOSTILE, at=MORNING, file="evil.txt")
    for days, title in ((2, TITLES[3]), (1, TITLES[2])):
        edition(found, found.desk.public, title, date=TODAY - dt.timedelta(days=days))
    edition(found, found.desk.public, TITLES[0], HOSTILE.title)
    ada = a_subscriber()
    found.store.subscribers.add([ada], MORNING)
    edition(found, ada, TITLES[1])
    yield found
    found.app.close()


def own(read, form="atom", revision=0):
    return f"/feed/{read.desk.links.feed_token('ada', revision)}.{form}"


def titles(response):
    return [entry.title for entry in feedparser.parse(response.content).entries]


@pytest.mark.parametrize("path", FEEDS)
@pytest.mark.parametrize("form", ["rss", "atom"])
def test_no_feed_breaks_a_rule_of_the_validator(read, path, form):
    found = read.get(path.format(form))
    assert found.status_code == 200
    assert found.headers["content-type"] == f"application/{form}+xml; charset=utf-8"
    assert broken(found.text, BASE + path.format(form)) == []
    assert not feedparser.parse(found.content).bozo


@pytest.mark.parametrize("form", ["rss", "atom"])
def test_nothing_is_lost_on_the_way_to_a_reader(read, form):
    entries = feedparser.parse(
        read.get(f"/feed/public.{form}").content, sanitize_html=False
    ).entries
    assert [entry.id for entry in entries] == [
        f"tag:papers.example.org,2024:paper/{name}"
        for name in (
            "arxiv%3A2605.00000",
            HOSTILE.key.replace(":", "%3A").replace(" ", "%20"),
            "arxiv%3A2605.00002",
            "arxiv%3A2605.00003",
        )
    ]
    first = entries[0]
    assert first.title == TITLES[0]
    assert first.link == "https://arxiv.org/abs/2605.00000"
    assert [author.name for author in first.authors] == ["Ada B", "Émile C"]
    assert [tag.term for tag in first.tags] == ["cs.CL", "stat.ML"]
    assert f"We study {TITLES[0].lower()}. It works." in first.content[0].value
    assert "<script>" not in entries[1].content[0].value
    assert "&lt;img src=x onerror=alert(1)&gt; of O(n²)." in entries[1].content[0].value


def test_a_json_feed_holds_the_same_as_the_others(read):
    found = read.get("/feed/public.json")
    assert found.headers["content-type"] == "application/feed+json; charset=utf-8"
    items = json.loads(found.text)["items"]
    entries = feedparser.parse(read.get("/feed/public.atom").content).entries
    assert [item["id"] for item in items] == [entry.id for entry in entries]


def test_an_edition_is_one_item_where_the_reader_prefers_that(read):
    entries = feedparser.parse(read.get("/feed/public.rss?per=edition").content).entries
    assert [entry.link for entry in entries] == [
        f"{BASE}/edition/{TODAY - dt.timedelta(days=n)}" for n in range(3)
    ]
    assert {read.get(entry.link).status_code for entry in entries} == {200}


def test_topics_and_searches_hold_the_papers_that_match_newest_first(read):
    assert len(titles(read.get("/feed/topic/stat.ML.atom"))) == 4
    assert len(titles(read.get("/feed/topic/cs.atom"))) == 5
    assert "{{7*7}}" in titles(read.get("/feed/topic/cs.CL.rss"))[0]
    assert titles(read.get("/feed/search.atom?q=protein")) == [TITLES[2]]
    assert titles(read.get("/feed/search.atom?q=nothing+like+it")) == []


def test_a_readers_own_feed_is_secret_private_and_can_be_taken_back(read):
    found = read.get(own(read))
    assert titles(found) == [TITLES[1]]
    assert found.headers["cache-control"].startswith("private")
    assert found.headers["x-robots-tag"] == "noindex"
    assert "access-control-allow-origin" not in found.headers
    assert "hub" not in found.text
    assert "ada@example.org" not in found.text
    assert broken(found.text, BASE + own(read)) == []
    assert broken(read.get(own(read, "rss") + "?per=edition").text,
                  BASE + own(read, "rss") + "?per=edition") == []  # fmt: skip
    read.store.subscribers.renew_feed("ada")
    assert read.get(own(read)).status_code == 404
    assert titles(read.get(own(read, revision=1))) == [TITLES[1]]


@pytest.mark.parametrize(
    "path",
    [
        "/feed/public",
        "/feed/public.xml",
        "/feed/.rss",
        "/feed/x.rss",
        "/feed/topic/.rss",
        "/feed/topic/....atom",
        "/feed/search.atom",
        "/feed/search.atom?q=%20!",
        "/feed/",
        "/feed/public.rss?archive=0",
        "/feed/public.rss?archive=-1",
        "/feed/public.rss?archive=x",
    ],
)
def test_what_is_no_feed_is_not_found(read, path):
    assert read.get(path).status_code == 404


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30
)
@given(st.text(max_size=30), st.sampled_from(["rss", "atom", "json"]))
def test_no_question_breaks_a_feed(read, text, form):
    found = read.get(f"/feed/search.{form}", params={"q": text})
    assert found.status_code in (200, 404)
    if found.status_code == 200 and form != "json":
        assert not feedparser.parse(found.content).bozo
    token = read.get("/feed/" + text.encode().hex() + "." + form)
    assert token.status_code == 404


# Its past ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["rss", "atom"])
def test_walking_back_through_the_archive_finds_every_paper(read, monkeypatch, form):
    monkeypatch.setattr(feed_sources, "PAPERS", 10)
    day = MORNING - dt.timedelta(days=3)
    for n in range(4):
        at = day + dt.timedelta(hours=n)
        collect(read.store, *(f"River {n}{m}" for m in range(9)), at=at, file=f"{n}.txt")
    path = f"/feed/search.{form}?q=river"
    found, seen, archived = read.get(path), [], []
    while True:
        seen += titles(found)
        feed = feedparser.parse(found.content).feed
        rels = {link.rel: link.href for link in feed.links}
        if "prev-archive" not in rels:
            break
        found = read.get(rels["prev-archive"])
        assert broken(found.text, rels["prev-archive"]) == []
        archived.append(found.text)
    assert set(seen) == {f"River {n}{m}" for n in range(4) for m in range(9)}
    assert len(archived) == 3
    assert all("history/1.0" in text for text in archived)


def test_an_archive_document_stays_as_it_was_when_more_papers_come(read, monkeypatch):
    monkeypatch.setattr(feed_sources, "PAPERS", 3)
    path = "/feed/topic/cs.CL.atom?archive=0"
    before = read.get(path).text
    assert "<fh:archive/>" in before
    for n in range(5):
        collect(read.store, a_paper(f"New {n}", categories=("cs.CL",)),
                at=MORNING + dt.timedelta(hours=n), file=f"{n}.txt")  # fmt: skip
    after = read.get(path).text

    def without(text):
        return [line for line in text.splitlines() if 'rel="next-archive"' not in line]

    assert without(after) == without(before)


# Asking again -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", FEEDS)
def test_what_a_reader_has_already_is_not_sent_again(read, path):
    found = read.get(path.format("atom"))
    again = {"If-None-Match": found.headers["etag"]}
    same = read.get(path.format("atom"), headers=again)
    assert (same.status_code, same.content) == (304, b"")
    assert same.headers["etag"] == found.headers["etag"]
    assert same.headers["cache-control"] == found.headers["cache-control"]
    since = {"If-Modified-Since": found.headers["last-modified"]}
    assert read.get(path.format("atom"), headers=since).status_code == 304
    both = {**since, "If-None-Match": '"other"'}
    assert read.get(path.format("atom"), headers=both).status_code == 200
    for header in ('W/"x", ' + found.headers["etag"], "*", found.headers["etag"][2:]):
        assert read.get(path.format("atom"), headers={"If-None-Match": header}).status_code == 304


@pytest.mark.parametrize("said", ["yesterday", "", "Thu, 99 Jan 2026 00:00:00 GMT"])
def test_a_date_that_cannot_be_read_gets_the_feed(read, said):
    assert read.get("/feed/public.rss", headers={"If-Modified-Since": said}).status_code == 200


def test_a_new_edition_changes_the_mark(read):
    tags = {path: read.get(path.format("rss")).headers["etag"] for path in FEEDS}
    assert len(set(tags.values())) == len(FEEDS)
    assert read.get("/feed/public.atom").headers["etag"] != tags["/feed/public.{}"]
    edition(read, read.desk.public, TITLES[1], date=TODAY + dt.timedelta(days=1))
    again = {"If-None-Match": tags["/feed/public.{}"]}
    assert titles(read.get("/feed/public.rss", headers=again))[0] == TITLES[1]


def test_a_reader_that_asks_again_never_makes_the_program_rank(read, monkeypatch):
    def ranked(*_):
        raise AssertionError("ranked while a reader polls")

    object.__setattr__(read.desk, "preview", ranked)
    for path in (*FEEDS, own(read)):
        assert read.get(path.format("rss")).status_code == 200


def test_a_304_costs_less_than_a_fifth_of_a_feed_that_has_to_be_written(read):
    names = [f"Many {n}" for n in range(240)]
    collect(read.store, *names, at=MORNING, file="many.txt")
    edition(read, read.desk.public, *names, date=TODAY + dt.timedelta(days=1))
    fresh = itertools.count()  # what was written lately is kept, by its address

    def took(path, status, headers):
        begun = time.perf_counter()
        assert read.get(path, headers=headers).status_code == status
        return time.perf_counter() - begun

    again = {"If-None-Match": read.get("/feed/public.atom").headers["etag"]}
    full = min(took(f"/feed/public.atom?n={next(fresh)}", 200, {}) for _ in range(7))
    same = min(took("/feed/public.atom", 304, again) for _ in range(7))
    assert same < full / 5, f"{same * 1000:.1f} ms against {full * 1000:.1f} ms"


def test_feeds_are_squeezed_for_who_takes_that(read):
    squeezed = read.get("/feed/public.atom", headers={"Accept-Encoding": "gzip"})
    assert squeezed.headers["content-encoding"] == "gzip"
    assert squeezed.headers["vary"] == "Accept-Encoding"
    plain = read.get("/feed/public.atom", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert squeezed.text == plain.text
    assert len(gzip.compress(plain.content)) < len(plain.content) / 3


def test_a_head_request_has_the_headers_alone(read):
    found = read.client.head("/feed/public.rss")
    assert (found.status_code, found.content) == (200, b"")
    assert found.headers["etag"] == read.get("/feed/public.rss").headers["etag"]


# Lists of feeds, hubs ---------------------------------------------------------------------------


def test_the_hub_stands_in_every_public_feed_and_its_headers(read):
    for form in ("rss", "atom"):
        found = read.get(f"/feed/public.{form}")
        rels = {(link.rel, link.href) for link in feedparser.parse(found.content).feed.links}
        assert {("hub", HUB), ("self", f"{BASE}/feed/public.{form}")} <= rels
        assert f'<{HUB}>; rel="hub"' in found.headers["link"]
    assert json.loads(read.get("/feed/public.json").text)["hubs"][0]["url"] == HUB


def test_feed_readers_on_other_sites_may_read_what_is_public(read):
    found = read.get("/feed/public.json")
    assert found.headers["access-control-allow-origin"] == "*"
    assert found.headers["cross-origin-resource-policy"] == "cross-origin"


def test_the_opml_list_names_feeds_that_are_there(read):
    found = read.get("/feeds.opml")
    assert found.headers["content-type"].startswith("text/x-opml")
    outlines = [one for one in ET.fromstring(found.content).iter("outline") if one.get("xmlUrl")]
    assert {"/feed/topic/cs.CL.atom", "/feed/public.atom"} <= {
        one.get("xmlUrl").removeprefix(BASE) for one in outlines
    }
    for one in outlines:
        assert read.get(one.get("xmlUrl")).status_code == 200
        assert read.get(one.get("htmlUrl")).status_code == 200


def test_every_page_leads_feed_readers_to_the_feeds(read):
    for path in ("/", "/archive", "/help", "/feeds", "/search?q=a", "/edition/2026-05-20"):
        named = links(read.get(path).text)
        for form in ("rss", "atom", "json"):
            assert f"/feed/public.{form}" in named
    assert "/feed/search.atom?q=a" in links(read.get("/search?q=a").text)
