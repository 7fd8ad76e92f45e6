"""Every page of a running installation that has something to show, by name."""

from __future__ import annotations

import datetime as dt
import re
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from digest.bounces import Bounce, Suppression
from digest.sources import INBOX, Run
from digest.subscribers import Interest, Subscriber
from digest.votes import Vote
from digest.web.passwords import hashed
from tests.e2e.running import DAY, Running

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

PASSWORD = "correct horse battery"
HASH = hashed(PASSWORD, cost=4)
ADMIN = (
    *("", "/runs", "/runs?source=inbox", "/sources", "/outbox", "/bounces", "/suppressions"),
    *("/subscribers", "/votes", "/preview?who=ada", "/preview?who=nobody"),
)
MOST = 60
"""Pages that a crawl visits; there are more only when something leads on without end."""


def furnish(here: Running) -> None:
    """Give it readers, two days, votes, and some trouble to look at."""
    wishes = (
        Interest(
            "Cheap inference", text="faster inference of language models", keywords=("inference",)
        ),
        Interest("Bees", text="bees and their way home"),
    )
    readers = [
        Subscriber(who, f"{who}@example.org", who.title(), interests=wishes, size=4)
        for who in ("ada", "bob", "cyn")
    ]
    store = here.app.store
    store.subscribers.add(readers, here.now)
    here.mail.refused["bob@example.org"] = "550 5.1.1 no such mailbox"
    for _ in range(2):
        here.later(dt.timedelta(hours=3))
        here.send()
        here.later(DAY - dt.timedelta(hours=3))
        here.collect()
    store.subscribers.leave("cyn", here.now)
    for number in range(20):
        at = here.now - number * DAY
        store.sources.record(Run(INBOX, at, "fetched", 8, 8 - number % 5))
    store.sources.record(Run(INBOX, here.now, "rejected", why="line 3: no paper"))
    edition = store.editions.of(readers[0])[0]
    paper = edition.picks[0].paper.key
    store.votes.add([Vote("ada", paper, "save", here.now, "Bees", "web")])
    bounce = Bounce(
        *("1", "<1@example.org>", "bob", "bob@example.org", edition.date, "hard", here.now),
        *("5.1.1", "no such mailbox"),
    )
    store.bounces.record(bounce, lambda _: "bounce")
    store.suppressions.add([Suppression("hmac:0", "erased", here.now)])


def personal(here: Running) -> list[str]:
    """The pages that links in mails lead to."""
    mail = here.mails("ada@example.org")[-1]
    date = here.now.date()
    desk_links = here.app.press._links
    return [
        *here.links(mail, "edition"),
        here.links(mail, "vote")[0],
        desk_links.unsubscribe_url("ada", date),
        desk_links.unsubscribe_url("cyn", date),
        desk_links.mine_url("ada", date),
        desk_links.mine_url("cyn", date),
        desk_links.confirm_url("nobody", date),
    ]


def sign_in(here: Running, page: Page) -> None:
    page.goto(f"{here.base}/admin")
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Overview").wait_for()


def crawled(here: Running, context: BrowserContext, starts: list[str]) -> dict[str, str]:
    """The HTML of these pages and of all that their links lead to on this site, by address.

    Of the same page with another query or token, the first few stand for the rest.
    """
    found: dict[str, str] = {}
    kinds: dict[str, int] = {}
    waiting = list(starts)
    while waiting and len(found) < MOST:
        url = waiting.pop(0)
        kind = urlsplit(url).path.split("/")[1]
        if url in found or (url not in starts and kinds.get(kind, 0) >= 3):
            continue
        answer = context.request.get(url)
        assert answer.status in (200, 404, 422), (answer.status, url)
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        kinds[kind] = kinds.get(kind, 0) + 1
        found[url] = answer.text()
        for href in re.findall(r'<a [^>]*href="([^"]+)"', found[url]):
            target = urljoin(url, unescape(href)).partition("#")[0]
            if target.startswith(f"{here.base}/"):
                waiting.append(target)
    return found


def tour(here: Running, context: BrowserContext) -> dict[str, str]:
    """The HTML of every page, by address; the window is signed in to the admin pages."""
    page = context.new_page()
    first = f"{here.base}/admin/sign-in"
    signing_in = context.request.get(first).text()
    sign_in(here, page)
    page.close()
    public = [here.base + path for path in ("/", "/subscribe", "/mine", "/search?q=inference")]
    missing = [f"{here.base}/no-such-page", f"{here.base}/search?q=zzzz"]
    admin = [f"{here.base}/admin{path}" for path in ADMIN]
    found = crawled(here, context, [*public, *personal(here), *missing, *admin])
    return {first: signing_in, **found}
