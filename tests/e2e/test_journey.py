"""A reader's way through pages and mails, in a real browser: from the first look to leaving."""

from __future__ import annotations

import datetime as dt
import re
import ssl
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.running import DAY, Running

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ADDRESS = "ada@example.org"
AXE = Path(__file__).parent / "node_modules/axe-core/axe.min.js"
BROWSERS = {
    "with-javascript": {"java_script_enabled": True, "viewport": {"width": 1000, "height": 800}},
    "without-javascript": {
        "java_script_enabled": False,
        "viewport": {"width": 1000, "height": 800},
    },
    "on-a-phone": {"java_script_enabled": True, "viewport": {"width": 320, "height": 640}},
    "on-a-phone-without": {"java_script_enabled": False, "viewport": {"width": 320, "height": 640}},
}


@contextmanager
def window(chromium: Browser, kind: str) -> Iterator[Page]:
    """A window whose every page has to load without an error, and to fit into its width."""
    context = chromium.new_context(ignore_https_errors=True, **BROWSERS[kind])
    context.set_default_timeout(20_000)
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("response", lambda answer: wrong.append(answer.url) if answer.status >= 500 else None)
    yield page
    context.close()
    assert wrong == []


def fits(page: Page) -> None:
    """Nothing has to be scrolled aside, and axe has nothing to complain of, where it is here."""
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= page.viewport_size["width"], f"{page.url} is {wide} px wide"
    # Without scripts axe waits for ever for itself.
    if AXE.exists() and page.evaluate("matchMedia('(scripting: enabled)').matches"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate("axe.run()")["violations"]
        assert [f"{page.url}: {one['id']}: {one['nodes'][0]['html']}" for one in found] == []


def sees(page: Page, text: str) -> None:
    page.get_by_text(text).first.wait_for()
    fits(page)


@pytest.mark.parametrize("kind", BROWSERS)
def test_a_reader_subscribes_reads_votes_and_leaves(
    here: Running, chromium: Browser, kind: str
) -> None:
    with window(chromium, kind) as page:
        _subscribe(here, page, scripted=BROWSERS[kind]["java_script_enabled"])
        _confirm(here, page)
        first = _read(here, page)
        second = _vote(here, page, first)
        _leave(here)
    assert second != first


def _subscribe(here: Running, page: Page, *, scripted: bool) -> None:
    page.goto(here.base)
    fits(page)
    page.get_by_role("link", name="Subscribe").first.click()
    page.fill("[name=text-0]", "Faster inference of large language models")
    page.fill("[name=keywords-0]", "inference")
    if not scripted:
        page.get_by_role("button", name="Show me").click()
    else:
        page.locator("[name=keywords-0]").blur()
    sees(page, "Today you would get")
    page.select_option("[name=timezone]", "UTC")
    page.fill("[name=size]", "3")
    page.fill("[name=address]", ADDRESS)
    here.later(dt.timedelta(seconds=30))  # a person without scripts takes as long to fill it in
    page.get_by_role("button", name="Subscribe", exact=True).click()
    sees(page, "Look into your inbox")
    assert here.app.store.subscribers.find(ADDRESS) is None


def _confirm(here: Running, page: Page) -> None:
    here.send()
    (mail,) = here.mails(ADDRESS)
    (link,) = set(here.links(mail, "confirm"))
    page.goto(link)
    assert here.app.store.subscribers.find(ADDRESS) is None, "a link changed something"
    fits(page)
    page.get_by_role("button", name="Yes").click()
    sees(page, "Your first edition comes")
    assert here.app.store.subscribers.find(ADDRESS).state == "active"
    page.get_by_role("link", name="My digest").click()
    sees(page, "What you want")


def _read(here: Running, page: Page) -> list[str]:
    """The titles of the first edition, which came by mail and is to be seen on its page."""
    here.later(dt.timedelta(hours=3))
    here.send()
    mail = here.mails(ADDRESS)[-1]
    reader = here.app.store.subscribers.find(ADDRESS).subscriber
    (edition,) = here.app.store.editions.of(reader)
    titles = [pick.paper.title for pick in edition.picks]
    assert len(titles) == 3
    text = mail.get_body(("plain",)).get_content()
    assert all(title in " ".join(text.split()) for title in titles)
    page.goto(here.links(mail, "edition")[0])
    for title in titles:
        sees(page, title)
    return titles


def _vote(here: Running, page: Page, titles: list[str]) -> list[str]:
    """The titles of the next edition, after a vote for a paper that stood below the first."""
    mail = here.mails(ADDRESS)[-1]
    liked = titles[-1].rsplit(" ", 2)[0]
    here.later(DAY)
    here.collect()
    reader = here.app.store.subscribers.find(ADDRESS).subscriber
    before = [pick.paper.title for pick in here.app.preview(reader, None)[0].picks]
    assert not before[0].startswith(liked)
    link = [link for link in here.links(mail, "vote") if "/more/" in link][len(titles) - 1]
    page.goto(link)
    assert here.app.store.votes.opinions([reader.id]) == [], "a link voted"
    fits(page)
    page.get_by_role("button", name="More like this").click()
    sees(page, "Your next editions lean towards")
    here.send()
    after = here.app.store.editions.of(reader)[0]
    found = [pick.paper.title for pick in after.picks]
    assert found != before
    assert found[0].startswith(liked)
    assert found[0] in " ".join(str(here.mails(ADDRESS)[-1]["Subject"]).split())
    return found


def _leave(here: Running) -> None:
    """By the header's one click, as a mail program does it: no page, no cookie."""
    mail = here.mails(ADDRESS)[-1]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = re.search(r"<(https:[^>]+)>", mail["List-Unsubscribe"])[1]
    trusting = ssl.create_default_context(cafile=here.tls.ca_file)
    for _ in range(2):
        request = urllib.request.Request(link, b"List-Unsubscribe=One-Click", method="POST")
        with urllib.request.urlopen(request, context=trusting) as answer:
            assert answer.status == 200
            assert answer.url == link
            assert "set-cookie" not in answer.headers
    assert here.app.store.subscribers.find(ADDRESS).state == "left"
    before = len(here.mails(ADDRESS))
    here.later(DAY)
    here.collect()
    here.send()
    assert len(here.mails(ADDRESS)) == before
