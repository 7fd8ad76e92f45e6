"""A real HTTP/1.1 server on loopback for tests: it answers, drips, hangs and breaks off as told.

``web_server()`` listens on a free port, in a thread, and always stops. What it says is scripted
per path and per visit, down to the byte; what it was asked is kept in ``requests``.
"""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from tests.support.mailserver import _listening

RSS = "application/rss+xml"


@dataclass(frozen=True)
class Said:
    """One answer. ``length`` is the Content-Length claimed, -1 for none; ``raw`` replaces it all.

    ``drip_s`` is the pause after each byte of the body, or of everything with ``drip_head``.
    """

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    length: int | None = None
    drip_s: float = 0.0
    drip_head: bool = False
    hang: bool = False
    etag: str | None = None
    last_modified: str | None = None
    raw: bytes | None = None

    def with_headers(self, **headers: str) -> Said:
        """``Retry_After="5"`` is the header Retry-After."""
        more = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        return replace(self, headers=self.headers + more)


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: tuple[tuple[str, bytes], ...]

    def header(self, name: str) -> bytes | None:
        """The value as sent, None when the header is not there."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


def page(body: bytes | str = b"<rss/>", content_type: str = RSS, **said: Any) -> Said:
    data = body.encode() if isinstance(body, str) else body
    return Said(body=data, headers=(("Content-Type", content_type),), **said)


def packed(body: bytes, **said: Any) -> Said:
    return page(gzip.compress(body), **said).with_headers(Content_Encoding="gzip")


def truncated(body: bytes, missing: int = 10) -> Said:
    """A body that ends before its Content-Length."""
    return page(body, length=len(body) + missing)


def redirect(to: str, status: int = 302) -> Said:
    return Said(status=status, headers=(("Location", to),))


HANG = Said(hang=True)


@dataclass
class WebServer:
    """What a test sees and sets."""

    host: str = "127.0.0.1"
    port: int = 0
    scheme: str = "http"
    requests: list[Asked] = field(default_factory=list)
    connections: int = 0
    _says: dict[str, tuple[Said, ...]] = field(default_factory=dict)
    _visits: Counter[str] = field(default_factory=Counter)

    def says(self, path: str, *answers: Said) -> str:
        """Answer ``path`` so, one answer a visit, the last for ever; its URL."""
        self._says[path] = answers
        self._visits[path] = 0
        return self.url(path)

    def url(self, path: str = "/", host: str | None = None) -> str:
        return f"{self.scheme}://{host or self.host}:{self.port}{path}"

    def paths(self) -> list[str]:
        return [asked.path for asked in self.requests]

    def answer(self, asked: Asked) -> Said:
        """What is said to ``asked``; 304 when a validator it sends is still the right one."""
        answers = self._says.get(asked.path, (Said(status=404),))
        said = answers[min(self._visits[asked.path], len(answers) - 1)]
        self._visits[asked.path] += 1
        current = {"If-None-Match": said.etag, "If-Modified-Since": said.last_modified}
        same = (v and asked.header(k) == v.encode("latin-1") for k, v in current.items())
        return replace(said, status=304, body=b"", length=-1) if any(same) else said


def _bytes(said: Said) -> tuple[bytes, bytes]:
    """Head and body on the wire."""
    if said.raw is not None:
        return b"", said.raw
    headers = list(said.headers)
    if said.length != -1:
        headers.append(("Content-Length", str(said.length or len(said.body))))
    pairs = (("ETag", said.etag), ("Last-Modified", said.last_modified), ("Connection", "close"))
    headers += [(name, value) for name, value in pairs if value is not None]
    lines = [f"HTTP/1.1 {said.status} As Told", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1"), said.body


class _Http(asyncio.Protocol):
    """One connection, one request, one answer."""

    def __init__(self, server: WebServer) -> None:
        self.server, self.heard = server, b""
        self.task: asyncio.Task[None] | None = None

    def connection_made(self, transport: Any) -> None:
        self.server.connections += 1
        self.transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        if self.task:
            self.task.cancel()

    def data_received(self, data: bytes) -> None:
        self.heard += data
        if b"\r\n\r\n" in self.heard and self.task is None:
            self.task = asyncio.ensure_future(self._talk())

    async def _talk(self) -> None:
        lines = self.heard.partition(b"\r\n\r\n")[0].split(b"\r\n")
        method, path, _ = lines[0].decode().split(" ")
        pairs = (line.partition(b": ") for line in lines[1:])
        asked = Asked(method, path, tuple((name.decode(), value) for name, _, value in pairs))
        self.server.requests.append(asked)
        said = self.server.answer(asked)
        if said.hang:
            await asyncio.sleep(3600)  # cancelled once the connection is gone
        head, body = _bytes(said)
        slow = (head + body if said.drip_head else body) if said.drip_s else b""
        self.transport.write((head + body).removesuffix(slow))
        for i in range(len(slow)):
            self.transport.write(slow[i : i + 1])
            await asyncio.sleep(said.drip_s)
        self.transport.close()


@contextmanager
def web_server(tls: ssl.SSLContext | None = None) -> Iterator[WebServer]:
    """A running server; ``tls`` encrypts from the first byte."""
    server = WebServer(scheme="https" if tls else "http")
    with _listening(lambda loop: _Http(server), tls) as server.port:
        yield server
