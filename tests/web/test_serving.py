"""The site on a socket: a real server, real connections, and what they may not do to it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpx2
import pytest

from digest import serving
from digest.web import protection
from tests.support.builders import a_subscriber
from tests.support.visitors import Site


@contextmanager
def served(here: Site) -> Iterator[int]:
    """The port of a server with this site."""
    running = serving.server(here.app, "127.0.0.1", 0)
    thread = threading.Thread(target=running.run)
    thread.start()
    try:
        until = time.monotonic() + 20
        while not running.started and time.monotonic() < until:
            time.sleep(0.01)
        yield running.servers[0].sockets[0].getsockname()[1]
    finally:
        running.should_exit = True
        thread.join(20)


@pytest.fixture
def port(here) -> Iterator[int]:
    here.store.subscribers.add([a_subscriber("ada")], here.now)
    with served(here) as found:
        yield found


def said(port: int, data: bytes, wait_s: float = 20) -> bytes:
    """What the server answers to these bytes, up to where it closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=wait_s) as connection:
        connection.sendall(data)
        answer = b""
        while piece := connection.recv(65_536):
            answer += piece
        return answer


def test_one_click_over_a_socket_leaves(here, port):
    answer = httpx2.post(
        f"http://127.0.0.1:{port}{here.leave('ada')}", data={"List-Unsubscribe": "One-Click"}
    )
    assert (answer.status_code, answer.history) == (200, [])
    assert "server" not in answer.headers
    assert here.store.subscribers.find("ada").state == "left"


def test_a_form_of_the_page_itself_is_taken_by_whatever_name_the_server_goes(here, port):
    """Without a base_url of its own in sight, the Host header says where a page is."""
    path = f"http://127.0.0.1:{port}{here.leave('ada')}"
    httpx2.post(path)
    own = {"origin": f"http://127.0.0.1:{port}"}
    assert httpx2.post(f"{path}/back", headers=own).status_code == 200
    other = {"origin": f"http://127.0.0.1:{port + 1}"}
    assert httpx2.post(f"{path}/back", headers=other).status_code == 403


def test_a_forged_proxy_header_changes_nothing(here, port):
    """The limits are those of the connection: nobody is told that there is a proxy."""
    for n in range(3):
        answer = httpx2.get(
            f"http://127.0.0.1:{port}/robots.txt",
            headers={"x-forwarded-for": f"203.0.113.{n}", "x-forwarded-proto": "https"},
        )
        assert "strict-transport-security" not in answer.headers


def test_a_body_that_never_ends_is_cut_off(here, port, monkeypatch):
    monkeypatch.setattr(protection, "ANSWER_S", 0.5)
    head = b"POST /subscribe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    kind = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 900\r\n\r\ntext"
    answer = said(port, head + kind)
    assert answer.startswith(b"HTTP/1.1 503")


def test_a_chunked_body_that_is_too_large_is_refused(here, port):
    head = b"POST /subscribe HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
    kind = b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    chunk = b"%x\r\n%b\r\n" % (600_000, b"x" * 600_000)
    try:
        answer = said(port, head + kind + chunk + chunk)
    except ConnectionError:  # the server closed while we were still sending
        return
    assert answer.startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    "request_",
    [b"nonsense\r\n\r\n", b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/9\r\n\r\n"],
)
def test_what_is_no_request_does_not_stop_the_server(here, port, request_):
    with suppress(TimeoutError, ConnectionError):
        said(port, request_, wait_s=2)
    assert httpx2.get(f"http://127.0.0.1:{port}/robots.txt").status_code == 200
