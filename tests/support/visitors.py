"""A site over a real store, and a person before it who fills in forms and reads the mail."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import hashlib
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
import yaml
from starlette.testclient import TestClient

from digest import serving
from digest.app import App
from digest.config import load_settings
from digest.messages import Message
from digest.store.contents import whole
from digest.store.schema import outbox, outbox_data
from digest.subscribers import Subscriber
from digest.web.desk import Desk
from digest.web.site import site
from tests.support.builders import a_paper
from tests.support.databases import collect, composed, engine_of

MORNING = dt.datetime(2026, 5, 20, 6, 0, tzinfo=dt.UTC)
BASE = "http://papers.example.org"
BITS = 4

TITLES = (
    "Modular training of mixtures of paths",
    "Sparse attention for long documents",
    "Diffusion models of protein structure",
    "A survey of graph neural networks",
)

Fields = dict[str, Any]

WISHES: Fields = {
    "text-0": "modular training of mixtures",
    "keywords-0": "sparse attention, diffusion",
    "timezone": "Europe/Berlin",
    "hour": "6",
    "weekdays": ["mon", "tue", "wed", "thu", "fri"],
    "size": "5",
    "abstract": "tldr",
    "quiet": "mail",
}


@dataclass(repr=False)
class Site:
    """``client`` is a browser without cookies or JavaScript; ``now`` can be set."""

    app: App
    desk: Desk
    client: TestClient
    clock: list[dt.datetime]

    @property
    def store(self):
        return self.app.store

    @property
    def now(self) -> dt.datetime:
        return self.clock[0]

    def later(self, **by: float) -> None:
        self.clock[0] += dt.timedelta(**by)

    def get(self, path: str, **more: Any):
        return self.client.get(path, **more)

    def post(self, path: str, data: Fields | None = None, **more: Any):
        return self.client.post(path, data=data, **more)

    # Subscribing

    def worked(self, address: str, page: str = "/subscribe") -> Fields:
        """What a browser with JavaScript adds to a form."""
        challenge = re.search(r'name="challenge" value="([^"]+)"', self.get(page).text)[1]
        return {"challenge": challenge, "answer": solved(challenge, address), "address": address}

    def subscribe(self, address: str = "new@example.org", /, **fields: Any):
        return self.post("/subscribe", {**WISHES, **self.worked(address), **fields})

    def subscribed(self, address: str = "new@example.org", **fields: Any) -> Subscriber:
        """A reader who filled in the form and confirmed."""
        assert self.subscribe(address, **fields).status_code == 200
        assert self.post(self.path_in_mail(address, "confirm")).status_code == 200
        return self.store.subscribers.find(address).subscriber

    # Links

    def mine(self, who: str) -> str:
        return self.path(self.desk.links.mine_url(who, self.now.date()))

    def leave(self, who: str) -> str:
        return self.path(self.desk.links.unsubscribe_url(who, self.now.date()))

    def vote(self, who: str, value: str, paper: str, date: dt.date | None = None) -> str:
        links = self.desk.links
        token = links.vote_token(who, date or self.now.date())
        return self.path(links.vote_url(token, value, paper))

    def path(self, url: str) -> str:
        assert url.startswith(BASE)
        return url.removeprefix(BASE)

    def act(self, who: str, path: str, **fields: Any):
        """Send a form of a reader's own page, with its mark."""
        page = self.mine(who)
        mark = re.search(r'name="mark" value="([^"]+)"', self.get(page).text)[1]
        return self.post(f"{page}{path}", {"mark": mark, **fields})

    # Mails

    def queued(self) -> list[tuple[str, str]]:
        """Kind and recipient of every mail there ever was, in their order."""
        query = sa.select(outbox.c.kind, outbox.c.recipient).order_by(outbox.c.id)
        with engine_of(self.store).connect() as connection:
            return [(row.kind, row.recipient) for row in connection.execute(query)]

    def mails(self, address: str) -> list[email.message.EmailMessage]:
        """The mails that wait for an address; those of editions as they would be printed."""
        query = sa.select(outbox, outbox_data.c.data).join(outbox_data)
        query = query.where(outbox.c.recipient == address).order_by(outbox.c.id)
        with engine_of(self.store).connect() as connection:
            rows = connection.execute(query).all()
            editions = whole(connection, [row.edition for row in rows if row.edition], {})
        found = []
        for row in rows:
            waiting = Message(row.message_id, row.sender, row.recipient, row.data)
            made = waiting if row.data else self.app.printed(editions[row.edition], waiting)
            found.append(email.message_from_bytes(made.data, policy=email.policy.default))
        return found

    def path_in_mail(self, address: str, page: str) -> str:
        """The path of the link to a page in the latest mail to an address."""
        text = self.mails(address)[-1].get_body(("plain",)).get_content()
        link = re.search(rf"{re.escape(BASE)}/{page}/\S+", text)
        return urlsplit(link[0]).path

    def edition(self, who: Subscriber, *titles: str, date: dt.date | None = None) -> None:
        """Store an edition of papers that are in the archive, with its mail."""
        last = self.store.editions.last(who.id)
        one = composed(
            self.store,
            who,
            *titles,
            date=date or self.now.date(),
            at=self.now,
            last=last and last[0],
        )
        assert self.store.editions.add([one])


def solved(challenge: str, address: str, bits: int = BITS) -> str:
    """The answer that a browser finds; in the words of the page's script, in Python."""
    for answer in range(1 << 20):
        hashed = hashlib.sha256(f"{challenge}:{address}:{answer}".encode()).digest()
        if int.from_bytes(hashed[:4]) >> (32 - bits) == 0:
            return str(answer)
    raise AssertionError("no answer")


def shown(response: Any) -> str:
    """What a person reads on a page: its text without markup, on one line."""
    body = re.sub(r"(?s)<(script|style).*?</\1>", "", response.text)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def opened_site(folder: Path, template: Path, listed: list[dict] | None = None, **web: Any):
    """The site of a new installation in a folder, its database a copy of ``template``."""
    shutil.copyfile(template, folder / "digest.db")
    settings = {
        "database": "sqlite:///digest.db",
        "mail": {"base_url": BASE, "sender": "Daily Papers <digest@papers.example.org>"},
        "web": {"work_bits": BITS, "forms_per_minute": 1000, "requests_per_minute": 10000, **web},
        "semantic": {"model": "none"},
    }
    (folder / "digest.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    text = yaml.safe_dump({"subscribers": listed or []})
    (folder / "subscribers.yaml").write_text(text, encoding="utf-8")
    clock = [MORNING]
    app = App(load_settings(folder / "digest.yaml", {}), lambda: clock[0])
    desk = serving.desk(app, BASE)
    client = TestClient(site(desk), base_url=BASE, follow_redirects=False)
    return Site(app, desk, client, clock)


@pytest.fixture
def here(tmp_path: Path, sqlite_template: Path) -> Iterator[Site]:
    """A site whose archive has a few papers of yesterday."""
    found = opened_site(tmp_path, sqlite_template)
    with_papers(found)
    yield found
    found.app.close()


def with_papers(found: Site) -> None:
    papers = [
        a_paper(title, abstract=f"We study {title.lower()}. It works.", arxiv_id=f"2605.0000{n}")
        for n, title in enumerate(TITLES)
    ]
    collect(found.store, *papers, at=MORNING - dt.timedelta(hours=8))
