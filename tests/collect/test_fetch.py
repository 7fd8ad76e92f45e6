"""Fetching from a real server on loopback: what it says, what is remembered, what is refused."""

from __future__ import annotations

import datetime as dt
import gzip
import itertools
import socket
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from digest.collect.addresses import refused
from digest.collect.fetch import (
    Failed,
    Fetched,
    FetchSettings,
    Gone,
    Outcome,
    Unchanged,
    Waiting,
    fetch,
    fetch_all,
    open_client,
)
from digest.collect.polling import Known
from tests.support.mailserver import make_certificates
from tests.support.webserver import (
    HANG,
    Said,
    WebServer,
    packed,
    page,
    redirect,
    truncated,
    web_server,
)

NOW = dt.datetime(2026, 11, 23, 7, 0, tzinfo=dt.UTC)
QUICK = FetchSettings(
    contact="mailto:me@lab.example", timeout_s=3, total_s=10, max_mb=0.1, allow_private=True
)
HASTY = replace(QUICK, timeout_s=0.3)
METADATA = "http://169.254.169.254/latest/meta-data/"


@pytest.fixture(scope="module")
def running() -> Iterator[WebServer]:
    with web_server() as server:
        yield server


@pytest.fixture
def server(running: WebServer) -> WebServer:
    running.requests.clear()
    return running


@pytest.fixture(scope="module", autouse=True)
def _shared_client() -> Iterator[None]:
    """One client for all that is asked quickly: reading the system's authorities takes 0.1 s."""
    with closing(open_client(QUICK, resolve=_nothing_beyond_here)) as _shared[0]:
        yield


_shared: list[Any] = [None]


def _nothing_beyond_here(host: str, port: int) -> list[str]:
    if host == "localhost":
        return ["127.0.0.1"]
    found = socket.getaddrinfo(host, port, flags=socket.AI_NUMERICHOST)
    return [str(found[0][4][0])]


def again(known: Known, now: dt.datetime = NOW) -> Outcome:
    return fetch(known, QUICK, now, client=_shared[0])


def asked(url: str, settings: FetchSettings = QUICK, **more: Any) -> Outcome:
    if settings is QUICK:
        more.setdefault("client", _shared[0])
    return fetch(Known(url), settings, NOW, **more)


def body_of(outcome: Outcome) -> bytes:
    assert isinstance(outcome, Fetched), outcome
    return outcome.body


def why_of(outcome: Outcome) -> str:
    """The sentence of a failure, with what every failure has to hold."""
    assert isinstance(outcome, Failed), outcome
    assert outcome.known.failures == 1 and outcome.known.not_before is not None
    assert outcome.why.isprintable() and not outcome.why.endswith(".") and len(outcome.why) < 500
    return outcome.why


def test_a_page_is_fetched_as_its_bytes(server: WebServer) -> None:
    data = bytes(range(256)) * 10
    outcome = asked(server.says("/feed", page(data)))
    assert body_of(outcome) == data
    assert outcome.known == Known(server.url("/feed"))


def test_the_content_type_is_only_a_hint(server: WebServer) -> None:
    outcome = asked(server.says("/feed", page("<rss/>", "image/png; charset=koi8-r")))
    assert body_of(outcome) == b"<rss/>"
    assert isinstance(outcome, Fetched) and outcome.content_type == "image/png; charset=koi8-r"


def test_a_request_says_who_asks_and_sends_nothing_else_of_us(server: WebServer) -> None:
    asked(server.says("/feed", page()))
    names = {name.lower(): value for name, value in server.requests[0].headers}
    assert names.pop("user-agent") == b"digest/0.1 (+mailto:me@lab.example)"
    assert names.pop("accept-encoding") == b"gzip, deflate"
    assert set(names) == {"host", "accept", "connection"}


def test_no_cookie_is_sent_back(server: WebServer) -> None:
    url = server.says("/feed", page().with_headers(Set_Cookie="a=b; Path=/"))
    server.says("/in", redirect("/feed").with_headers(Set_Cookie="c=d"))
    with closing(open_client(QUICK)) as client:
        for _ in range(2):
            asked(url, client=client)
        asked(server.url("/in"), client=client)
    assert [one.header("Cookie") for one in server.requests] == [None] * 4


def test_proxies_of_the_environment_are_not_used(server: WebServer, monkeypatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert body_of(asked(server.says("/feed", page("here")))) == b"here"


# What has not changed


@pytest.mark.parametrize(
    "etag", ['"x"', 'W/"x"', "unquoted", '""', '"a,b"', '"x"-gzip', '"\xe9\xff"', "W/'odd' \"", "*"]
)
def test_an_etag_goes_back_byte_for_byte(server: WebServer, etag: str) -> None:
    url = server.says("/feed", page(etag=etag))
    first = asked(url)
    assert isinstance(first, Fetched)
    assert isinstance(again(first.kept), Unchanged)
    assert server.requests[1].header("If-None-Match") == etag.encode("latin-1")


@pytest.mark.parametrize("date", ["Mon, 23 Nov 2026 06:00:00 GMT", "2026-11-23  6:00", "0"])
def test_last_modified_goes_back_byte_for_byte(server: WebServer, date: str) -> None:
    first = asked(server.says("/feed", page(last_modified=date)))
    assert isinstance(first, Fetched)
    second = again(first.kept)
    assert isinstance(second, Unchanged) and second.known == first.kept
    assert server.requests[1].header("If-Modified-Since") == date.encode()


def test_validators_of_a_body_that_did_not_parse_are_not_sent(server: WebServer) -> None:
    url = server.says("/feed", page("good", etag='"1"'), page("bad", etag='"2"'))
    first = asked(url)
    assert isinstance(first, Fetched)
    second = again(first.kept)
    assert isinstance(second, Fetched) and second.body == b"bad"
    again(second.known)
    sent = [one.header("If-None-Match") for one in server.requests]
    assert sent == [None, b'"1"', b'"1"']


def test_unchanged_that_was_never_read_is_a_failure(server: WebServer) -> None:
    why = why_of(asked(server.says("/feed", Said(304, length=-1))))
    assert "never read" in why


# Redirects


def test_a_permanent_redirect_is_remembered_once_the_body_parsed(server: WebServer) -> None:
    url = server.says("/old", redirect("/mid", 301))
    server.says("/mid", redirect("/new", 308))
    server.says("/new", page("here", etag='"1"'))
    first = asked(url)
    assert body_of(first) == b"here" and first.known.address == url
    assert isinstance(first, Fetched) and first.kept.moved_to == server.url("/new")
    assert isinstance(again(first.kept), Unchanged)
    assert server.paths() == ["/old", "/mid", "/new", "/new"]


@pytest.mark.parametrize("hops", [(302,), (303,), (307,), (301, 302), (307, 308)])
def test_a_redirect_with_a_temporary_hop_is_not_remembered(server: WebServer, hops) -> None:
    for n, status in enumerate(hops):
        server.says(f"/{n}", redirect(f"/{n + 1}", status))
    server.says(f"/{len(hops)}", page("here"))
    outcome = asked(server.url("/0"))
    assert body_of(outcome) == b"here"
    assert isinstance(outcome, Fetched) and outcome.kept.moved_to is None
    assert outcome.url == server.url(f"/{len(hops)}")


def test_five_redirects_are_followed_and_six_are_not(server: WebServer) -> None:
    for n in range(6):
        server.says(f"/{n}", redirect(f"/{n + 1}"))
    server.says("/6", page("here"))
    assert body_of(asked(server.url("/1"))) == b"here"
    assert "redirects more than 5 times" in why_of(asked(server.url("/0")))


@pytest.mark.parametrize("to", ["/loop", "/loop#again"])
def test_a_redirect_in_a_circle_is_noticed_at_once(server: WebServer, to: str) -> None:
    assert "in a circle" in why_of(asked(server.says("/loop", redirect(to))))
    assert server.paths() == ["/loop"]


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("file:///etc/passwd", "neither http nor https"),
        ("ftp://x.example/", "neither http nor https"),
        ("gopher://127.0.0.1:25/_QUIT", "neither http nor https"),
        ("javascript:alert(1)", "neither http nor https"),
        ("http://me:secret@x.example/", "never sent"),
        ("http://[::1", "correct the address"),
        ("http://[fe80::1%25lo]/", "cannot be found"),
        ("http://x.example:99999/", "names no port"),
        ("http://" + "a" * 70_000, "correct the address"),
    ],
)
def test_a_redirect_to_what_is_no_web_address_is_refused(server: WebServer, to, words) -> None:
    why = why_of(asked(server.says("/feed", redirect(to))))
    assert words in why and "secret" not in why
    assert server.paths() == ["/feed"]


def test_a_redirect_without_a_place_is_a_failure(server: WebServer) -> None:
    assert "HTTP 302" in why_of(asked(server.says("/feed", Said(302))))


def test_a_redirect_may_name_its_place_in_utf_8(server: WebServer) -> None:
    server.says("/caf%C3%A9", page("here"))
    to = "/café".encode().decode("latin-1")
    assert body_of(asked(server.says("/feed", redirect(to)))) == b"here"


# Wishes and troubles of the server


def test_gone_ends_polling(server: WebServer) -> None:
    first = asked(server.says("/feed", Said(410)))
    assert isinstance(first, Gone) and first.known.gone
    assert isinstance(again(first.known, NOW + dt.timedelta(days=99)), Gone)
    assert server.paths() == ["/feed"]


def test_gone_at_the_end_of_a_temporary_redirect_does_not_end_polling(server: WebServer) -> None:
    server.says("/there", Said(410))
    assert "HTTP 410" in why_of(asked(server.says("/feed", redirect("/there"))))


@pytest.mark.parametrize("status", [429, 503])
def test_it_is_not_asked_before_retry_after(server: WebServer, status: int) -> None:
    url = server.says("/feed", Said(status).with_headers(Retry_After="600"), page("here"))
    first = asked(url)
    why_of(first)
    early = again(first.known, NOW + dt.timedelta(seconds=599))
    assert isinstance(early, Waiting) and early.until == NOW + dt.timedelta(seconds=600)
    assert len(server.requests) == 1
    late = again(first.known, early.until)
    assert body_of(late) == b"here"
    assert late.known == Known(url)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (204, "holds no papers"),
        (206, "holds no papers"),
        (300, "holds no papers"),
        (400, "holds no papers"),
        (401, "user name"),
        (403, "refuses"),
        (404, "has nothing there"),
        (500, "in trouble itself"),
        (599, "in trouble itself"),
    ],
)
def test_any_other_status_is_a_failure(server: WebServer, status: int, words: str) -> None:
    said = Said(status, length=-1) if status == 204 else page("<html>", status=status)
    outcome = asked(server.says("/feed?key=secret", said))
    why = why_of(outcome)
    assert words in why and f"HTTP {status}" in why and "secret" not in why
    assert isinstance(outcome, Failed) and outcome.status == status


# Faults of the wire


def test_a_server_that_never_answers_is_left(server: WebServer) -> None:
    started = time.monotonic()
    assert "did not answer within 0.3 s" in why_of(asked(server.says("/feed", HANG), HASTY))
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("head", [False, True])
def test_a_slow_drip_ends_with_the_total_time(server: WebServer, head: bool) -> None:
    url = server.says("/feed", page(b"x" * 1000, drip_s=0.1, drip_head=head))
    started = time.monotonic()
    assert "longer than 0.6 s in all" in why_of(asked(url, replace(QUICK, total_s=0.6)))
    assert 0.5 < time.monotonic() - started < 4


def test_the_total_time_is_for_all_hops_together(server: WebServer) -> None:
    for n in range(5):
        server.says(f"/{n}", redirect(f"/{n + 1}"))
        server._says[f"/{n}"] = (replace(redirect(f"/{n + 1}"), drip_s=0.003, drip_head=True),)
    server.says("/5", page())
    assert "in all" in why_of(asked(server.url("/0"), replace(QUICK, total_s=0.5)))


@pytest.mark.parametrize(
    "said",
    [
        truncated(b"<rss>" * 99),
        Said(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n<rss>"),
        Said(raw=b"HTTP/1.1 200 OK\r\nContent-Le"),
        Said(raw=b""),
        Said(raw=b"\x16\x03\x01\x02\x00"),
        Said(raw=b"SSH-2.0-OpenSSH_9.2\r\n"),
        Said(raw=b"<rss>no headers</rss>"),
        Said(raw=b"HTTP/1.1 200 OK\r\nX: " + b"y" * 90_000),
        Said(raw=b"HTTP/1.1 200 OK\r\nETag: a\0b\r\n\r\n"),
        Said(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
    ],
)
def test_an_answer_that_breaks_off_or_is_not_http_is_a_failure(server: WebServer, said) -> None:
    assert "broke off or does not speak HTTP" in why_of(asked(server.says("/feed", said)))


def test_a_body_up_to_the_end_of_the_connection_is_taken(server: WebServer) -> None:
    assert body_of(asked(server.says("/feed", page("<rss/>", length=-1)))) == b"<rss/>"


@pytest.mark.parametrize("length", [None, -1])
def test_a_body_of_too_many_bytes_is_not_read_to_its_end(server: WebServer, length) -> None:
    url = server.says("/feed", page(b"x" * 5_000_000, length=length))
    assert "more than 0.1 MB" in why_of(asked(url))


def test_interim_answers_for_ever_are_too_many_bytes(server: WebServer) -> None:
    url = server.says("/feed", Said(raw=b"HTTP/1.1 102 Wait\r\n\r\n" * 20_000))
    assert "more than 0.1 MB" in why_of(asked(url))


def test_a_port_where_nobody_listens_is_a_failure() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        why = why_of(asked(f"http://127.0.0.1:{taken.getsockname()[1]}/"))
    assert "cannot be reached (Connection refused)" in why


def test_a_host_that_does_not_exist_is_a_failure() -> None:
    def nowhere(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with closing(open_client(QUICK, resolve=nowhere)) as client:
        assert "cannot be found" in why_of(asked("http://x.example/", client=client))


def test_a_look_up_that_hangs_is_a_failure() -> None:
    with closing(open_client(HASTY, resolve=lambda host, port: time.sleep(3) or [])) as client:
        assert "looked up in time" in why_of(asked("http://x.example/", client=client))


def test_the_next_address_of_a_host_is_tried_when_one_refuses(server: WebServer) -> None:
    url = server.says("/feed", page("here")).replace("127.0.0.1", "x.example")
    both = ["127.0.0.9", "127.0.0.1"]
    with closing(open_client(QUICK, resolve=lambda host, port: both)) as client:
        assert body_of(asked(url, client=client)) == b"here"


# Packed bodies


def _raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("coding", "pack"),
    [
        ("gzip", gzip.compress),
        ("GZIP", gzip.compress),
        ("x-gzip", gzip.compress),
        ("identity, gzip", gzip.compress),
        ("gzip", lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:])),
        ("gzip", lambda data: gzip.compress(data) + b"\0" * 9),
        ("gzip", lambda data: data),
        ("deflate", zlib.compress),
        ("deflate", _raw_deflate),
        ("identity", lambda data: data),
        ("", lambda data: data),
    ],
)
def test_a_packed_body_is_unpacked(server: WebServer, coding: str, pack: Callable) -> None:
    data = b"<rss>" + b"x" * 50_000
    url = server.says("/feed", page(pack(data)).with_headers(Content_Encoding=coding))
    assert body_of(asked(url)) == data


def test_an_empty_body_called_gzip_is_empty(server: WebServer) -> None:
    url = server.says("/feed", page(b"").with_headers(Content_Encoding="gzip"))
    assert body_of(asked(url)) == b""


@pytest.mark.parametrize("extra", [0, 1])
def test_a_body_unpacks_to_its_limit_and_no_further(server: WebServer, extra: int) -> None:
    url = server.says("/feed", packed(b"x" * (1_000_000 + extra)))
    outcome = asked(url, replace(QUICK, max_unpacked_mb=1))
    if extra:
        assert "more than max_unpacked_mb" in why_of(outcome)
    else:
        assert len(body_of(outcome)) == 1_000_000


def test_a_gzip_bomb_costs_little(server: WebServer) -> None:
    url = server.says("/feed", packed(bytes(50_000_000)))
    started = time.monotonic()
    assert "unpacks to more" in why_of(asked(url, replace(QUICK, max_unpacked_mb=1)))
    assert time.monotonic() - started < 2


def test_a_million_empty_gzip_members_cost_little(server: WebServer) -> None:
    url = server.says("/feed", page(gzip.compress(b"") * 40_000, length=None).with_headers(
        Content_Encoding="gzip"))  # fmt: skip
    started = time.monotonic()
    assert "more than 64 pieces" in why_of(asked(url, replace(QUICK, max_mb=2)))
    assert time.monotonic() - started < 2


PACKED = gzip.compress(b"x" * 999, mtime=0)
"""Without the time of day, which would give every worker its own names for the tests below."""


@pytest.mark.parametrize(
    ("coding", "data", "words"),
    [
        ("gzip", PACKED[:-9], "broke off"),
        ("gzip", PACKED[:-8] + b"wrong sum", "damaged"),
        ("deflate", b"\xff" * 9, "damaged"),
        ("br", b"\x0b", "not asked for"),
        ("gzip, gzip", PACKED, "not asked for"),
    ],
)
def test_a_body_that_cannot_be_unpacked_is_a_failure(server, coding, data, words) -> None:
    url = server.says("/feed", page(data).with_headers(Content_Encoding=coding))
    assert words in why_of(asked(url))


# Addresses that are not asked


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "feed",
        "",
        "http://",
        "//x.example/",
        "http://me@x.example/",
        "http://me:secret@x.example/",
        "http://[::1",
        "http://x.example:port/",
        "http://exa mple/",
        "http://x.example/\r\nEvil: 1",
        "http://\ud800.example/",
        "http://" + "a" * 300 + ".example/",
        "http://a..b/",
        "http://0177.0.0.1/",
    ],
)
def test_what_is_no_web_address_is_a_failure_and_never_a_crash(url: str) -> None:
    assert "secret" not in why_of(asked(url))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "127.1", "0"])
def test_an_address_of_this_machine_is_not_asked(server: WebServer, host: str) -> None:
    why = why_of(asked(server.url("/feed", host=host), replace(QUICK, allow_private=False)))
    assert "is not asked" in why and "allow_private" in why
    assert server.requests == []


def _only_the_first_hop() -> Callable[[str], str | None]:
    """The real guard, but for the first address, which is the test's own server."""
    count = itertools.count()
    return lambda address: refused(address) if next(count) else None


@pytest.mark.parametrize(
    "to",
    [
        METADATA,
        "http://[::1]/",
        "http://127.0.0.1/",
        "http://0x7f.1/",
        "http://2130706433/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::169.254.169.254]/",
        "https://10.0.0.1/",
        "//192.168.1.1/",
    ],
)
def test_a_redirect_to_a_private_address_is_refused(server: WebServer, to: str) -> None:
    url = server.says("/feed", redirect(to))
    with closing(open_client(QUICK, refuse=_only_the_first_hop())) as client:
        why = why_of(asked(url, client=client))
    assert "redirects to" in why and "is not asked" in why
    assert server.paths() == ["/feed"]


def test_the_address_that_was_checked_is_the_one_connected_to(server: WebServer) -> None:
    looked_up: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        looked_up.append(host)
        return ["127.0.0.1"] if len(looked_up) == 1 else ["127.0.0.2"]

    def guard(address: str) -> str | None:
        return None if address == "127.0.0.1" else "a rebound address"

    url = server.says("/feed", page("here")).replace("127.0.0.1", "x.example")
    with closing(open_client(QUICK, resolve=rebinding, refuse=guard)) as client:
        assert body_of(asked(url, client=client)) == b"here"
        assert looked_up == ["x.example"]
        assert server.requests[0].header("Host") == f"x.example:{server.port}".encode()
        assert "a rebound address" in why_of(asked(url, client=client))
    assert len(server.requests) == 1


def test_one_private_address_among_public_ones_refuses_the_host() -> None:
    settings = replace(QUICK, allow_private=False)
    mixed = ["8.8.8.8", "127.0.0.1"]
    with closing(open_client(settings, resolve=lambda host, port: mixed)) as client:
        assert "127.0.0.1, a loopback" in why_of(asked("http://x.example/", client=client))


# TLS


@pytest.fixture(scope="module")
def secure(tmp_path_factory) -> Iterator[tuple[WebServer, Path]]:
    made = make_certificates(tmp_path_factory.mktemp("tls"), names=("localhost", "x.example"))
    with web_server(made.server_context()) as server:
        server.says("/feed", page("here"))
        yield server, made.ca_file


def test_the_certificate_is_checked_against_the_name_not_the_address(secure) -> None:
    server, ca_file = secure
    settings = replace(QUICK, ca_file=ca_file)
    with closing(open_client(settings, resolve=lambda host, port: ["127.0.0.1"])) as client:
        right = asked(server.url("/feed", host="x.example"), settings, client=client)
        wrong = asked(server.url("/feed", host="y.example"), settings, client=client)
    assert body_of(right) == b"here"
    assert "certificate that cannot be trusted" in why_of(wrong)


def test_a_certificate_of_an_unknown_authority_is_not_trusted(secure) -> None:
    why = why_of(asked(secure[0].url("/feed"), replace(QUICK, max_mb=0.2)))
    assert "certificate that cannot be trusted" in why and "ca_file" in why


def test_an_expired_certificate_is_not_trusted(tmp_path) -> None:
    made = make_certificates(tmp_path, valid_days=-1)
    settings = replace(QUICK, ca_file=made.ca_file)
    with web_server(made.server_context()) as server:
        assert "expired" in why_of(asked(server.url("/feed"), settings))


def test_a_server_that_does_not_speak_tls_is_a_failure(server: WebServer) -> None:
    why = why_of(asked(server.url("/feed").replace("http:", "https:"), HASTY))
    assert "TLS" in why or "did not answer" in why


def test_a_way_from_https_to_http_is_followed_and_not_remembered(server, secure) -> None:
    plain = server.says("/feed", page("plain"))
    secure[0].says("/moved", redirect(plain, 301))
    settings = replace(QUICK, ca_file=secure[1])
    outcome = asked(secure[0].url("/moved"), settings)
    assert body_of(outcome) == b"plain"
    assert isinstance(outcome, Fetched) and outcome.kept.moved_to is None


# Many at once


def test_a_slow_source_never_holds_up_the_others(server: WebServer) -> None:
    settings = replace(QUICK, timeout_s=1)
    slow = server.says("/slow", HANG)
    fast = server.says("/fast", page("here")).replace("127.0.0.1", "localhost")
    sources = {"slow": Known(slow), "fast": Known(fast)}
    came = [(name, type(outcome)) for name, outcome in fetch_all(sources, settings, NOW)]
    assert came == [("fast", Fetched), ("slow", Failed)]


def test_every_source_is_asked_once_and_one_host_is_asked_in_turn(server: WebServer) -> None:
    urls = [server.says(f"/{n}", page(f"{n}", drip_s=0.01)) for n in range(12)]
    sources = {url: Known(url) for url in urls}
    sources["broken"] = Known("nonsense")
    sources["gone"] = Known(server.url("/gone"), gone=True)
    outcomes = dict(fetch_all(sources, QUICK, NOW))
    assert {url: body_of(outcomes[url]) for url in urls} == {
        url: str(n).encode() for n, url in enumerate(urls)
    }
    assert isinstance(outcomes["broken"], Failed) and isinstance(outcomes["gone"], Gone)
    assert server.paths() == [f"/{n}" for n in range(12)]


def test_whoever_stops_listening_leaves_the_rest_unasked(server: WebServer) -> None:
    urls = [server.says(f"/{n}", page("x" * 20, drip_s=0.005)) for n in range(20)]
    answers = fetch_all({url: Known(url) for url in urls}, QUICK, NOW)
    next(answers)
    answers.close()  # type: ignore[attr-defined]
    assert len(server.requests) < 5


def test_no_sources_give_no_outcomes() -> None:
    assert list(fetch_all({}, QUICK, NOW)) == []


# Settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timeout_s", 0),
        ("timeout_s", float("nan")),
        ("total_s", 3601),
        ("max_mb", 0),
        ("max_unpacked_mb", 2000),
        ("max_redirects", -1),
        ("at_once", 0),
        ("contact", "a\r\nb"),
        ("contact", "(x)"),
        ("contact", "é"),
        ("user_agent", ""),
        ("user_agent", "a\nb"),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"{name} has to "):
        FetchSettings(**{name: value})


def test_the_name_sent_without_a_contact_is_plain() -> None:
    assert FetchSettings().identity == "digest/0.1"


def test_the_http_client_is_loaded_only_when_something_is_fetched() -> None:
    code = "import sys, digest.collect.fetch; sys.exit('httpx2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
