"""What people read: home, archive, search, editions, papers; and what every page has."""

from __future__ import annotations

import datetime as dt
import re
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.papers import Report
from digest.store.editions import Composed
from digest.subscribers import PUBLIC
from tests.support.builders import a_paper, a_pick, a_subscriber, an_edition
from tests.support.crawling import crawled, links
from tests.support.databases import collect, numbers
from tests.support.visitors import BASE, MORNING, TITLES, opened_site, shown

HOSTILE = a_paper(
    '<script>alert("x")</script> {{7*7}} $\\alpha$-paths',
    abstract='"><img src=x onerror=alert(1)> of $O(n^2)$. See https://github.com/a/b.',
    authors=("<b>Eve</b>", "Zoë Ω"),
    link='https://example.org/"onmouseover="alert(1)',
    categories=("cs.CL",),
)
TODAY = MORNING.date()


def edition(here, who, *titles, date=TODAY, **known):
    """Store an edition of papers that are in the archive."""
    known_papers = {
        one.paper.title: one.paper
        for one in here.store.papers.candidates(
            MORNING - dt.timedelta(days=9), MORNING + dt.timedelta(days=9)
        )
    }
    picks = [a_pick(known_papers[title], interest=None) for title in titles]
    last = here.store.editions.last(who.id)
    at = dt.datetime.combine(date, dt.time(6), dt.UTC)
    made = an_edition(*picks, date=date, composed_at=at, subscriber=who, **known)
    found = tuple(numbers(here.store)[title] for title in titles)
    assert here.store.editions.add([Composed(made, found, None, last and last[0])])


@pytest.fixture
def read(here):
    """The site with two public editions, a reader's own, and a hostile paper."""
    collect(here.store, HOSTILE, at=MORNING - dt.timedelta(days=1), file="evil.txt")
    again = Report(a_paper(TITLES[0], arxiv_id="2605.00000"), "x", 3)
    collect(here.store, again, at=MORNING, file="again.txt")
    edition(here, here.desk.public, TITLES[2], date=TODAY - dt.timedelta(days=1))
    edition(here, here.desk.public, TITLES[0], HOSTILE.title, note="Thin & odd.")
    ada = a_subscriber()
    here.store.subscribers.add([ada], MORNING)
    edition(here, ada, TITLES[1])
    return here


def test_the_home_page_shows_todays_edition_with_charts(read):
    page = read.get("/")
    assert page.status_code == 200
    text = shown(page)
    assert "Today’s papers" in text
    assert "Wednesday, 20 May 2026" in text
    assert TITLES[0] in text
    assert "Thin & odd." in text
    assert '<svg class="chart" role="img"' in page.text
    assert "Reported twice by Digest file" in page.text
    assert "Tuesday, 19 May 2026" in text
    assert f"{BASE}/subscribe" in [BASE + link for link in links(page.text)]


def test_a_site_without_editions_says_what_is_to_come(here):
    page = shown(here.get("/"))
    assert "The first edition is yet to come." in page


def test_where_nobody_may_subscribe_no_page_offers_it(tmp_path, sqlite_template):
    closed = opened_site(tmp_path, sqlite_template, signup=False)
    for path in ("/", "/archive", "/feeds", "/help"):
        assert "/subscribe" not in closed.get(path).text
    closed.app.close()


def test_no_internal_link_of_any_page_is_dead(read):
    def fetch(address):
        found = read.get(address)
        if found.status_code != 200 and not (
            found.status_code == 301 and found.headers["location"].startswith("/")
        ):
            return None
        html = found.headers["content-type"].startswith("text/html")
        return found.text if html else ""

    own = read.desk.links.edition_url("ada", TODAY)
    for start in (f"{BASE}/", own, f"{BASE}/search?q=we&by=date"):
        visited = list(crawled(start, fetch, most=400))
        assert [(parent, address) for parent, address, text in visited if text is None] == []
        assert len(visited) > 20


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/archive",
        "/archive/2026-05",
        "/archive/2026-05-19",
        "/search?q=paths",
        "/feeds",
        "/help",
        "/edition/2026-05-20",
        f"/paper/{HOSTILE.key}",
        "/nothing",
    ],
)
def test_every_page_is_whole_and_has_no_inline_script_or_style(read, path):
    page = read.get(path)
    text = page.text
    assert text.startswith("<!DOCTYPE html>")
    assert text.count("<h1") == 1
    assert '<main id="content"' in text
    assert 'class="skip" href="#content"' in text
    assert re.search(r"<title>[^<]*Daily Papers</title>", text)
    assert "style=" not in text
    assert re.search(r"<script(?! src=)", text) is None
    assert "onerror=alert(1)>" not in text
    assert '"onmouseover=' not in text
    assert 'type="application/atom+xml"' in text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")


def test_the_page_of_a_paper_says_what_is_known_of_it(read):
    page = read.get(f"/paper/{HOSTILE.key}")
    text = shown(page)
    assert '<script>alert("x")</script>' not in page.text
    assert '<script>alert("x")</script> {{7*7}} α-paths' in text
    assert "of O(n²)" in text
    assert "<b>Eve</b> and Zoë Ω" in text
    assert "First seen 19 May 2026" in text
    assert "/feed/topic/cs.CL.atom" in links(page.text)
    assert "1 of 1" in text
    assert "https://github.com/a/b" in links(page.text)


def test_a_paper_is_found_by_its_id_or_address_and_has_one_page(read):
    page = "/paper/arxiv:2605.00001"
    assert read.get(page).status_code == 200
    for other in ("2605.00001", "arXiv:2605.00001v2", "https://arxiv.org/abs/2605.00001"):
        found = read.get(f"/paper/{other}")
        assert (found.status_code, found.headers["location"]) == (301, page)
    assert read.get("/paper/arxiv:2605.99999").status_code == 404


def test_similar_papers_are_led_to(read):
    collect(read.store, "Sparse attention for short documents", file="more.txt")
    assert "Sparse attention for short documents" in shown(read.get("/paper/arxiv:2605.00001"))


def test_the_archive_counts_days_and_shows_each(read):
    assert "Tuesday 19" in shown(read.get("/archive"))
    month = shown(read.get("/archive/2026-05"))
    assert "May 2026" in month
    assert "5 papers" in month
    day = shown(read.get("/archive/2026-05-19"))
    assert "5 papers first seen on this day" in day
    assert all(title in day for title in TITLES)


@pytest.mark.parametrize(
    "path",
    [
        "/archive/2026-05-21",
        "/archive/2026-02-30",
        "/archive/2025-01",
        "/archive/x",
        "/archive/2026-05-19?page=2",
        "/archive/2026-05-19?page=0",
        "/archive/2026-05-19?page=x",
        "/search?q=a&page=99999999",
        "/edition/2026-01-01",
        "/edition/x",
        "/style-0.css",
    ],
)
def test_what_is_not_there_is_not_found(read, path):
    page = read.get(path)
    assert page.status_code == 404
    assert "There is no such page." in shown(page)


def test_a_long_day_has_pages_that_hold_each_paper_once(read):
    day = MORNING - dt.timedelta(days=5)
    collect(read.store, *(f"River number {n}" for n in range(65)), at=day, file="long.txt")
    for path, joint in ((f"/archive/{day.date()}", "?"), ("/search?q=river", "&")):
        pages = [read.get(f"{path}{joint}page={n}" if n > 1 else path).text for n in (1, 2, 3)]
        found = [title for page in pages for title in re.findall(r">(River number \d+)</a>", page)]
        assert len(found) == len(set(found)) == 65
        assert "Page 2 of 3" in pages[1]
        assert 'rel="prev"' in pages[1] and 'rel="next"' in pages[1]
        assert read.get(f"{path}{joint}page=4").status_code == 404


def test_a_search_finds_titles_authors_and_topics_and_has_a_feed(read):
    for asked, title in (("protein", TITLES[2]), ("author:eve", "{{7*7}}"), ("zoe", "{{7*7}}")):
        page = read.get("/search", params={"q": asked})
        assert title in shown(page)
        assert "1 paper found" in shown(page)
    page = read.get("/search", params={"q": 'protein "models of"'})
    assert "/feed/search.atom?q=protein%20%22models%20of%22" in links(page.text)
    assert "Nothing has all of these words." in shown(read.get("/search?q=nowhere"))
    assert "found" not in shown(read.get("/search?q=%20"))


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30
)
@given(st.text(max_size=40), st.sampled_from(["/search", "/paper/", "/archive/", "/edition/"]))
def test_no_input_breaks_a_page(read, text, path):
    if path == "/search":
        page = read.get(path, params={"q": text, "page": text[:1] or "1"})
    else:
        page = read.get(path + quote(text, safe="", errors="replace"))
    assert page.status_code in (200, 301, 307, 404)  # 307 takes a slash off the end


def test_a_readers_edition_is_private_and_has_links_to_vote(read):
    page = read.get(read.desk.links.edition_url("ada", TODAY))
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    assert "noindex" in page.headers["x-robots-tag"]
    text = shown(page)
    assert TITLES[1] in text
    assert "for Ada Lovelace" in text
    assert "ada@example.org" not in page.text
    token = read.desk.links.vote_token("ada", TODAY)
    votes = [link for link in links(page.text) if link.startswith(f"{BASE}/vote/{token}/")]
    assert [link.split("/")[5] for link in votes] == ["more", "less", "save"]


def test_links_to_vote_open_pages_that_ask(read):
    page = read.get(read.desk.links.edition_url("ada", TODAY))
    votes = [link for link in links(page.text) if "/vote/" in link]
    assert votes
    assert {read.get(link).status_code for link in votes} == {200}


def test_a_token_of_another_purpose_or_reader_opens_no_edition(read):
    links_ = read.desk.links
    yesterday = TODAY - dt.timedelta(days=1)
    for url in (
        links_.mine_url("ada", TODAY).replace("/mine/", "/edition/"),
        links_.edition_url("nobody", TODAY),
        links_.edition_url("ada", yesterday),
        links_.edition_url(PUBLIC, TODAY),
        links_.edition_url("ada", TODAY)[:-2],
    ):
        assert read.get(url).status_code == 404


def test_the_stylesheet_is_kept_forever_under_the_name_of_its_content(read):
    (path,) = {link for link in links(read.get("/").text) if "style-" in link}
    sheet = read.get(path)
    assert sheet.headers["content-type"].startswith("text/css")
    assert "immutable" in sheet.headers["cache-control"]
    assert "#0f5f8c" in sheet.text
    assert "url(" not in sheet.text


def test_the_accent_is_the_owners_and_can_be_read(read):
    from digest.render.colours import contrast
    from digest.web.assets import GROUND, style

    sheet = style(read.desk.env, "#ffee00")
    light, dark = re.findall(r"--accent: (#[0-9a-f]{6})", sheet)
    assert contrast(light, GROUND) >= 4.5
    assert contrast(dark, "#1f2228") >= 4.5


def test_robots_are_kept_from_private_pages(read):
    said = read.get("/robots.txt").text
    for path in ("leave", "vote", "confirm", "mine", "admin"):
        assert f"Disallow: /{path}\n" in said
    assert read.get("/favicon.svg").headers["content-type"] == "image/svg+xml"


def test_health_says_whether_the_store_answers(here, monkeypatch):
    from digest.errors import StoreError
    from digest.store.archive import Archive

    assert here.get("/health/live").text == "alive\n"
    assert here.get("/health/ready").status_code == 200

    def broken(_self):
        raise StoreError("the database cannot be read")

    monkeypatch.setattr(Archive, "latest_at", broken)
    assert here.get("/health/ready").status_code == 503
    assert here.get("/health/live").status_code == 200


def test_public_pages_are_squeezed_and_private_ones_are_not(read):
    squeezed = {"Accept-Encoding": "gzip"}
    assert read.get("/", headers=squeezed).headers["content-encoding"] == "gzip"
    own = read.get(read.desk.links.edition_url("ada", TODAY), headers=squeezed)
    assert "content-encoding" not in own.headers
