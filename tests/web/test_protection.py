"""What stands before every page: limits, proxies, headers, sizes, time, and what fails."""

from __future__ import annotations

import logging
import threading
import time

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from digest.errors import StoreError
from digest.web import protection
from digest.web.protection import Limit, Protection, network_of
from digest.web.settings import WebSettings
from tests.support.visitors import WISHES, opened_site, shown


def whoami(request):
    return PlainTextResponse(f"{request.client.host} {request.url.scheme}")


async def size(request):
    return PlainTextResponse(str(len(await request.body())))


def echo(client: str = "192.0.2.1", **settings) -> TestClient:
    """Pages that say who asked and how much was sent, behind the protection."""
    routes = [
        Route("/{name:path}", whoami),
        Route("/{name:path}", size, methods=["POST"]),
    ]
    middleware = [Middleware(Protection, settings=WebSettings(**settings))]
    app = Starlette(routes=routes, middleware=middleware)
    return TestClient(app, client=(client, 50_000), raise_server_exceptions=False)


def codes(client: TestClient, method: str, paths, **more) -> list[int]:
    return [client.request(method, path, **more).status_code for path in paths]


# Limits ----------------------------------------------------------------------------------------


def test_requests_of_one_address_are_limited_on_all_pages_together():
    client = echo(requests_per_minute=5)
    assert codes(client, "GET", ["/a", "/b", "/c", "/d", "/e"]) == [200] * 5
    assert codes(client, "GET", ["/f", "/a"]) == [429, 429]
    assert codes(client, "HEAD", ["/a"]) == codes(client, "POST", ["/a"]) == [429]


def test_forms_of_one_address_are_limited_on_all_pages_together():
    client = echo(forms_per_minute=3)
    paths = [
        "/subscribe",
        "/mine",
        "/vote/x/more/y",
        "/confirm/x",
        "/mine/x/erase",
        "/api/anything",
    ]
    assert codes(client, "POST", paths) == [200] * 3 + [429] * 3
    assert codes(client, "GET", ["/"]) == [200]
    for method in ("PUT", "DELETE", "PATCH", "PROPFIND"):
        assert codes(client, method, ["/"]) == [429]


def test_one_who_is_refused_is_told_when_to_come_again():
    client = echo(requests_per_minute=1)
    client.get("/")
    refused = client.get("/")
    assert refused.headers["retry-after"] == "60"
    assert "wait a minute" in refused.text


def test_a_limit_fills_again_with_time():
    limit = Limit(60)
    assert [limit.allows("a", 0) for _ in range(61)] == [True] * 60 + [False]
    assert limit.allows("b", 0)
    assert limit.allows("a", 1.1)
    assert not limit.allows("a", 1.2)
    assert [limit.allows("a", 1000) for _ in range(61)] == [True] * 60 + [False]


def test_a_limit_of_an_hour_takes_an_hour():
    limit = Limit(2, 60)
    assert [limit.allows("a", 0) for _ in range(3)] == [True, True, False]
    assert not limit.allows("a", 1790)
    assert limit.allows("a", 1801)


def test_a_limit_remembers_so_many_addresses_and_no_more(monkeypatch):
    monkeypatch.setattr(protection, "REMEMBERED", 10)
    limit = Limit(1)
    for n in range(100):
        assert limit.allows(str(n), 0)
    assert len(limit._left) == 10
    assert not limit.allows("99", 0)


def test_a_limit_counts_right_among_threads():
    limit, allowed = Limit(100), []
    threads = [
        threading.Thread(target=lambda: allowed.extend(limit.allows("a", 0) for _ in range(100)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(allowed) == 100


def test_all_addresses_of_a_household_count_as_one():
    assert network_of("2001:db8:1:2:3::4") == network_of("2001:db8:1:2:ffff::1")
    assert network_of("2001:db8:1:2::1") != network_of("2001:db8:1:3::1")
    assert network_of("192.0.2.1") == "192.0.2.1"
    assert network_of("::ffff:192.0.2.1") == "192.0.2.1"
    assert network_of("nonsense") == "nonsense"


# Proxies ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("client", "forwarded", "seen"),
    [
        ("192.0.2.1", "203.0.113.5", "192.0.2.1"),  # no proxy of ours
        ("10.0.0.1", "203.0.113.5", "203.0.113.5"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.5", "203.0.113.5"),  # the first is the reader's own word
        ("10.0.0.1", "203.0.113.5, 10.0.0.2", "203.0.113.5"),  # two proxies
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", " , ,", "10.0.0.1"),
        ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
    ],
)
def test_only_proxies_of_the_settings_say_who_asks(client, forwarded, seen):
    site = echo(client, proxies=("10.0.0.0/8",))
    assert site.get("/", headers={"x-forwarded-for": forwarded}).text.split()[0] == seen


def test_only_proxies_of_the_settings_say_what_was_encrypted():
    header = {"x-forwarded-proto": "https"}
    assert echo("192.0.2.1", proxies=("10.0.0.0/8",)).get("/", headers=header).text.endswith("http")
    ours = echo("10.0.0.1", proxies=("10.0.0.0/8",))
    assert ours.get("/", headers=header).text.endswith("https")
    assert ours.get("/", headers={"x-forwarded-proto": "gopher"}).text.endswith("http")


def test_a_reader_cannot_escape_the_limit_by_naming_others():
    client = echo(forms_per_minute=2)
    found = [
        client.post("/", headers={"x-forwarded-for": f"203.0.113.{n}"}).status_code
        for n in range(9)
    ]
    assert found == [200] * 2 + [429] * 7


def test_readers_behind_one_proxy_have_limits_of_their_own():
    client = echo("10.0.0.1", proxies=("10.0.0.0/8",), forms_per_minute=1)
    for n in range(3):
        assert client.post("/", headers={"x-forwarded-for": f"203.0.113.{n}"}).status_code == 200


# Headers ---------------------------------------------------------------------------------------

PAGES = ("/subscribe", "/mine", "/nowhere", "/leave/x", "/style-0.css", "/robots.txt")


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_has_the_headers_of_security(here, path):
    headers = here.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["x-frame-options"] == "DENY"
    assert "strict-transport-security" not in headers


def test_refusals_have_them_too():
    client = echo(requests_per_minute=1)
    client.get("/")
    assert "content-security-policy" in client.get("/").headers


def test_a_browser_is_told_to_stay_encrypted_where_it_is():
    client = echo("10.0.0.1", proxies=("10.0.0.0/8",))
    encrypted = client.get("/", headers={"x-forwarded-proto": "https"})
    assert "strict-transport-security" in encrypted.headers


@pytest.mark.parametrize("path", ["/subscribe", "/mine", "/", "/nowhere"])
def test_no_page_has_script_or_style_within(here, path):
    page = here.get(path).text
    assert "<style" not in page
    assert ' style="' not in page
    assert " onclick" not in page
    assert "<script>" not in page


# Size and time ---------------------------------------------------------------------------------


def test_a_body_of_the_most_octets_is_taken_and_one_more_is_not():
    client = echo()
    assert client.post("/", content=b"x" * protection.BODY).text == str(protection.BODY)


def test_a_larger_body_is_refused_with_and_without_its_length(here):
    large = b"x" * (protection.BODY + 1)
    told = here.client.post("/subscribe", content=large)
    streamed = here.client.post(
        "/subscribe",
        content=iter([large[:1000], large[1000:]]),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    for page in (told, streamed):
        assert page.status_code == 413
        assert "more than this page takes" in shown(page)


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "٣", "9" * 40])
def test_a_length_that_is_none_is_refused(here, length):
    answer = here.client.post("/subscribe", headers={"content-length": length.encode()})
    assert answer.status_code == 413


def test_a_page_that_takes_too_long_is_answered_all_the_same(here, monkeypatch):
    monkeypatch.setattr(protection, "ANSWER_S", 0.3)
    done = threading.Event()

    def slow(_reader):
        done.wait(5)
        raise AssertionError("nobody waits for this any more")

    object.__setattr__(here.desk, "preview", slow)
    started = time.monotonic()
    with here.client:  # one loop for all, which outlives the request
        page = here.post("/subscribe/preview", WISHES)
        assert page.status_code == 503
        assert "takes too long" in shown(page)
        assert time.monotonic() - started < 3
        done.set()
        assert here.get("/robots.txt").status_code == 200


def test_only_so_many_previews_are_ranked_at_once(here, monkeypatch):
    from digest.web import subscribing

    monkeypatch.setattr(subscribing, "BUSY_S", 0.05)
    here.desk.glances.acquire()
    here.desk.glances.acquire()
    assert here.post("/subscribe/preview", WISHES).status_code == 503
    here.desk.glances.release()
    assert here.post("/subscribe/preview", WISHES).status_code == 200
    here.desk.glances.release()
    assert here.post("/subscribe/preview", WISHES).status_code == 200


# What fails ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (RuntimeError("secret"), 500, "Something went wrong"),
        (StoreError("secret"), 503, "try again in a minute"),
    ],
    ids=["a mistake", "the store"],
)
def test_what_fails_is_told_without_details_and_written_down(here, caplog, error, code, sentence):
    def fails(_reader):
        raise error

    object.__setattr__(here.desk, "preview", fails)
    with caplog.at_level(logging.ERROR, "digest"):
        page = here.post("/subscribe/preview", WISHES)
    assert page.status_code == code
    assert sentence in shown(page)
    assert "secret" not in page.text
    assert "content-security-policy" in page.headers
    assert "secret" in caplog.text


def test_an_error_page_that_cannot_be_filled_in_is_plain(tmp_path, sqlite_template):
    here = opened_site(tmp_path, sqlite_template)
    here.desk.env.loader.searchpath.insert(0, str(tmp_path / "own"))
    (tmp_path / "own" / "pages").mkdir(parents=True)
    (tmp_path / "own" / "pages" / "error.html.j2").write_text("{{ nothing.of.this }}")
    page = here.get("/nowhere")
    assert page.status_code == 404
    assert page.text.startswith("There is no such page.")
    here.app.close()
