"""A WebSub hub is told of a new public edition, and may be down."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl

import pytest

from digest.errors import SourceError
from digest.hub import announce, topics

BASE = "https://papers.example.org"


class Hub(BaseHTTPRequestHandler):
    status = 204
    told: list[list[tuple[str, str]]]

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        assert self.headers["Content-Type"] == "application/x-www-form-urlencoded"
        self.told.append(parse_qsl(self.rfile.read(length).decode()))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(params=[204])
def hub(request: pytest.FixtureRequest) -> Iterator[tuple[str, list[list[tuple[str, str]]]]]:
    told: list[list[tuple[str, str]]] = []
    kind = type("Told", (Hub,), {"told": told, "status": request.param})
    server = HTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", told
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_hub_is_told_of_every_form_of_the_public_feed(
    hub: tuple[str, list[list[tuple[str, str]]]],
) -> None:
    address, told = hub
    announce(address, BASE)
    (said,) = told
    assert said[0] == ("hub.mode", "publish")
    assert [value for name, value in said if name == "hub.url"] == topics(BASE)
    assert f"{BASE}/feed/public.atom" in topics(BASE)
    assert f"{BASE}/feed/public.rss?per=edition" in topics(BASE)


@pytest.mark.parametrize("hub", [500, 302], indirect=True)
def test_a_hub_that_refuses_is_named(hub: tuple[str, list[list[tuple[str, str]]]]) -> None:
    with pytest.raises(SourceError, match=r"the hub answered \d+; check web\.hub"):
        announce(hub[0], BASE)


def test_a_hub_that_is_not_there_is_named() -> None:
    with pytest.raises(SourceError, match=r"cannot be told .* check web\.hub"):
        announce("http://127.0.0.1:1/", BASE, timeout_s=2)
