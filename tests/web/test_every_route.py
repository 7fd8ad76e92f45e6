"""Whatever anybody sends to any route, the answer is never that something broke."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.links import open_feed, open_ticket, open_token, returned, seal
from digest.web.passwords import hashed
from digest.web.site import site
from tests.support.builders import a_paper, a_subscriber
from tests.support.databases import collect, composed, postgresql, sqlite_template, url
from tests.support.installation import MORNING, Installation, here
from tests.support.sites import Pages, pages_of

__all__ = ["here", "postgresql", "sqlite_template", "url"]

NOW = dt.datetime.fromisoformat(MORNING)
EXAMPLES = settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
PASSWORD = "correct horse battery"

STRANGE = """|0|-1|999999999999999999999999999999|٣|\0|a\0b|..|../../etc/passwd|%|'|"|" OR 1|NEAR(|*
a AND|public|me|ada|2026-05-20|0000-00-00|9999-99-99|me@example.org|<script>|{{ 7 }}|\u2028|\U0001f41d"""
ODD = st.one_of(
    st.text(max_size=30), st.sampled_from([*re.split(r"[|\n]", STRANGE), "\n", "é" * 300])
)
FIELDS = st.sampled_from(
    [
        *("address", "name", "text-0", "keywords-0", "examples-0", "timezone", "hour", "weekdays"),
        *("size", "abstract", "quiet", "challenge", "answer", "website", "mark", "state"),
        *("password", "reason", "words", "fragment", "List-Unsubscribe", "q", "page", "date"),
        *("source", "who", "until", "days", "title", "value", "paper", "library", "muted"),
        *("preferred", "format"),
    ]
)
NAMES = st.sampled_from(
    [
        *("cookie", "if-none-match", "if-modified-since", "accept-encoding", "range", "accept"),
        *("host", "origin", "sec-fetch-site", "x-forwarded-for", "authorization", "content-type"),
    ]
)
MEANT = (
    *("*", '"', "gzip;q=x", "Sun, 99 Foo 2026 00:00:00 GMT", "bytes=5-1", "multipart/form-data"),
    *("application/x-www-form-urlencoded; charset=klingon", "text/plain; charset=\\"),
    *("multipart/form-data; boundary=", "multipart/form-data; boundary=x", "digest-admin=x"),
)
VISIBLE = st.characters(min_codepoint=33, max_codepoint=126)
PRINTED = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)
HEADERS = st.dictionaries(NAMES, st.one_of(PRINTED, st.sampled_from(MEANT)), max_size=4)
FORM = b"application/x-www-form-urlencoded"
BODIES = st.one_of(
    st.just((b"", FORM)),
    st.dictionaries(FIELDS, ODD, max_size=8).map(
        lambda fields: (urlencode(fields, errors="surrogatepass").encode(), FORM)
    ),
    st.binary(max_size=200).map(lambda raw: (raw, FORM)),
    st.binary(max_size=200).map(lambda raw: (raw, b"multipart/form-data; boundary=x")),
    st.tuples(FIELDS, ODD, st.binary(max_size=80)).map(
        lambda part: (
            b'--x\r\nContent-Disposition: form-data; name="'
            + f'{part[0]}"; filename="{part[1]}"\r\n\r\n'.encode("utf-8", "replace")
            + part[2]
            + b"\r\n--x--\r\n",
            b"multipart/form-data; boundary=x",
        )
    ),
)


@pytest.fixture
def pages(here: Installation, url: str) -> Iterator[Pages]:
    """A site on either database with a reader, their edition, and the public one."""
    known = {"admin_password": hashed(PASSWORD, cost=4), "metrics_token": "x"}
    with pages_of(here, database=url, **known) as found:
        store = found.app.store
        collect(store, a_paper("Diffusion of bees", arxiv_id="2605.00001"), at=NOW)
        store.subscribers.add([a_subscriber("ada")], NOW)
        for who, mailed in ((a_subscriber("ada"), True), (found.desk.public, False)):
            one = composed(store, who, "Diffusion of bees", date=NOW.date(), at=NOW, mailed=mailed)
            store.editions.add([one])
        yield found


class Asker:
    """Asks an application as a server would, with any octets; and says what failed."""

    def __init__(self, pages: Pages) -> None:
        self._app, self._loop = site(pages.desk), asyncio.new_event_loop()

    def __call__(
        self, method: str, path: str, query: bytes, headers: dict[str, str], body: bytes
    ) -> int:
        return self._loop.run_until_complete(self._asked(method, path, query, headers, body))

    async def _asked(
        self, method: str, path: str, query: bytes, headers: dict[str, str], body: bytes
    ) -> int:
        statuses: list[int] = []
        bodies = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Any:
            return bodies.pop() if bodies else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "https",
            "path": path,
            "raw_path": quote(path, errors="replace").encode(),
            "query_string": query,
            "root_path": "",
            "headers": [
                (b"host", b"papers.example.org"),
                *((name.encode(), value.encode("latin-1")) for name, value in headers.items()),
            ],
            "client": ("203.0.113.7", 50_000),
            "server": ("127.0.0.1", 8000),
        }
        await self._app(scope, receive, send)
        return statuses[0]

    def close(self) -> None:
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()


@pytest.fixture
def ask(pages: Pages) -> Iterator[Asker]:
    asker = Asker(pages)
    yield asker
    asker.close()


def routes(pages: Pages) -> list[tuple[str, list[str]]]:
    """Every path of the site, and the methods that it knows."""
    found = [(route.path, sorted(route.methods)) for route in site(pages.desk).routes]
    assert len(found) > 30
    return found


def known_tokens(pages: Pages) -> list[str]:
    links, day = pages.desk.links, NOW.date()
    urls = [links.mine_url("ada", day), links.unsubscribe_url("ada", day)]
    urls += [links.edition_url("ada", day), links.confirm_url("nobody", day)]
    tokens = [url.rpartition("/")[2] for url in urls if url]
    return [*tokens, links.vote_token("ada", day), links.feed_token("ada", 0), "public"]


def test_no_request_breaks_any_route(pages: Pages, ask: Asker, caplog) -> None:
    paths, tokens = routes(pages), known_tokens(pages)
    values = st.one_of(st.sampled_from([*tokens, "more", "rss", "2605.00001"]), ODD)
    cookie = signed_in(pages)

    @EXAMPLES
    @given(st.data())
    def attempt(data: st.DataObject) -> None:
        path, methods = data.draw(st.sampled_from(paths))
        while "{" in path:
            before, _, rest = path.partition("{")
            path = before + data.draw(values).replace("{", "") + rest.partition("}")[2]
        method = data.draw(st.sampled_from([*methods, "POST", "GET", "HEAD", "OPTIONS", "DELETE"]))
        query = data.draw(
            st.one_of(
                st.text(VISIBLE, max_size=30).map(str.encode),  # the server refuses all else
                st.dictionaries(FIELDS, ODD, max_size=3).map(
                    lambda asked: urlencode(asked, errors="surrogatepass").encode()
                ),
            )
        )
        body, kind = data.draw(BODIES) if method == "POST" else (b"", b"")
        headers = {"content-type": kind.decode()} if kind else {}
        if data.draw(st.booleans()):
            headers["cookie"] = cookie
        headers |= data.draw(HEADERS)
        status = ask(method, path, query, headers, body)
        assert status < 500, (status, method, path, query, headers, body, caplog.text)

    caplog.set_level(logging.ERROR)
    attempt()


def signed_in(pages: Pages) -> str:
    answer = pages.client.post("/admin/sign-in", data={"password": PASSWORD})
    return answer.headers["set-cookie"].partition(";")[0]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_at_every_page_changes_nothing(pages: Pages, ask: Asker, method: str) -> None:
    before, cookie = facts(pages), signed_in(pages)
    for path, methods in routes(pages):
        if method not in methods:
            continue
        for token in known_tokens(pages):
            where = path.replace("{value}", "more").replace("{paper:path}", "2605.00001")
            where = where.partition("{")[0] + (token if "{" in where else "")
            assert ask(method, where, b"", {"cookie": cookie}, b"") < 500
    assert facts(pages) == before


def facts(pages: Pages) -> dict[str, list[Any]]:
    """All rows of all tables that readers' doings are in."""
    import sqlalchemy as sa

    from digest.store.schema import metadata

    names = ("subscribers", "votes", "outbox", "editions", "suppressions", "signups", "consents")
    with pages.app.store.engine.connect() as connection:
        return {
            name: sorted(map(str, connection.execute(sa.select(metadata.tables[name]))))
            for name in names
        }


@given(
    st.one_of(st.text(max_size=200), st.text("abcdefghijklmnopqrstuvwxyz234567-_=", max_size=90))
)
@settings(max_examples=500, deadline=None)
def test_a_token_that_nobody_signed_opens_nothing(token: str) -> None:
    from digest.links import Key

    keys = [Key(1, bytes(32)), Key(97, bytes(31) + b"x")]
    for purpose in (
        "unsubscribe",
        "vote",
        "confirm",
        "edition",
        "mine",
        "feed",
        "session",
        "bounce",
    ):
        assert open_token(token, purpose, keys) is None
        assert open_ticket(token, purpose, keys) is None
    assert open_feed(token, keys) is None
    assert returned(f"bounces+{token}@example.org", "example.org", keys) is None


@given(st.binary(max_size=80), st.data())
@settings(max_examples=300, deadline=None)
def test_what_is_signed_for_anything_opens_without_an_error(said: bytes, data) -> None:
    from digest.links import Key

    key = Key(7, bytes(range(32)))
    purposes = ("unsubscribe", "vote", "confirm", "edition", "mine", "feed", "session")
    purpose = data.draw(st.sampled_from(purposes))
    token = seal(said, purpose, key)
    assert open_token(token, purpose, [key]) == said
    for other in purposes:
        if other != purpose:
            assert open_token(token, other, [key]) is None
    changed = data.draw(st.integers(0, len(token) - 1))
    letter = "A" if token[changed] != "A" else "B"
    assert open_token(token[:changed] + letter + token[changed + 1 :], purpose, [key]) is None
