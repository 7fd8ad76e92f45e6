"""One conversation over HTTP: guarded at connect, bounded in time and bytes, hop by hop.

Imports the HTTP client at the top and is itself imported late, by ``fetch``.
"""

from __future__ import annotations

import logging
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpcore2
import httpx2

from digest.collect.addresses import Refuse, Resolve, resolved, shown
from digest.collect.stopping import LATER, Stopped
from digest.collect.unpacking import unpacked

# It logs every address at INFO, and an address may hold a token.
logging.getLogger("httpx2").setLevel(logging.WARNING)

Headers = list[tuple[str, str]]

ACCEPTED = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/json;q=0.9, "
    "application/xml;q=0.9, text/xml;q=0.9, text/*;q=0.8, */*;q=0.5"
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one conversation may take, all hops together; ``timeout_s`` is for each wait."""

    timeout_s: float
    total_s: float
    wire_bytes: int
    unpacked_bytes: int
    redirects: int


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer at the end of the redirects. ``body`` is unpacked, empty but for 200 and 203."""

    status: int
    url: str
    permanent: bool
    headers: dict[str, str]
    """By lower-case name, one character a byte; the first of each name."""
    body: bytes = b""


class _Budget:
    """What is left of one conversation's seconds and bytes."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.until = time.monotonic() + limits.total_s
        self.left = limits.wire_bytes

    def over(self) -> bool:
        return time.monotonic() >= self.until

    def seconds(self) -> float:
        """How long the next wait may take, above 0. Raises: Stopped."""
        if self.over():
            raise self.too_slow()
        return min(self.limits.timeout_s, max(self.until - time.monotonic(), 0.001))

    def spend(self, count: int) -> None:
        """Raises: Stopped."""
        self.left -= count
        if self.left < 0:
            raise self.too_large()

    def too_slow(self) -> Stopped:
        return Stopped(f"took longer than {self.limits.total_s:g} s in all; {LATER}")

    def too_large(self) -> Stopped:
        most = self.limits.wire_bytes / 1_000_000
        return Stopped(f"sends more than {most:g} MB; raise max_mb if that is meant")


class _Stream(httpcore2.NetworkStream):
    """A connection whose every byte and second is taken from the budget.

    A client's own time limit is per read, so one byte a second would last for ever.
    """

    def __init__(self, inner: httpcore2.NetworkStream, budget: _Budget) -> None:
        self._inner, self._budget = inner, budget

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        data = self._inner.read(max_bytes, self._budget.seconds())
        self._budget.spend(len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._inner.write(buffer, self._budget.seconds())

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore2.NetworkStream:
        # The name, not the checked address, is sent as SNI and verified in the certificate.
        try:
            seconds = self._budget.seconds()
        except Stopped:
            self.close()
            raise
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, seconds), self._budget)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Guard(httpcore2.NetworkBackend):
    """Connects only to addresses that were checked: one look-up, then the number, not the name.

    A second look-up could give another address (DNS rebinding). One refused address among many
    refuses the host: nobody honest mixes them.
    """

    def __init__(self, budget: _Budget, resolve: Resolve, refuse: Refuse) -> None:
        self._budget, self._resolve, self._refuse = budget, resolve, refuse

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        trouble: Exception | None = None
        for address in self._checked(host, port):
            try:
                inner = httpcore2.SyncBackend().connect_tcp(
                    address, port, self._budget.seconds(), local_address, socket_options
                )
                return _Stream(inner, self._budget)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                trouble = trouble or error
        raise trouble or httpcore2.ConnectError()

    def _checked(self, host: str, port: int) -> Sequence[str]:
        try:
            addresses = resolved(self._resolve, host, port, self._budget.seconds())
        except TimeoutError as error:
            raise Stopped(f"cannot be looked up in time; {LATER}") from error
        for address in addresses:
            if why := self._refuse(address):
                raise Stopped(
                    f"is at {address}, {why}, and is not asked; "
                    "correct the address, or set allow_private in a network of your own"
                )
        return addresses


class _Body(httpx2.SyncByteStream):
    """A body that ends its connection when it is closed."""

    def __init__(self, stream: Iterable[bytes], connection: httpcore2.HTTPConnection) -> None:
        self._stream, self._connection = stream, connection

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    def close(self) -> None:
        self._connection.close()


class _Transport(httpx2.BaseTransport):
    """A connection a request, never pooled: a pool would share what was checked for another."""

    def __init__(self, context: ssl.SSLContext, resolve: Resolve, refuse: Refuse) -> None:
        self._context, self._resolve, self._refuse = context, resolve, refuse

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        url = httpcore2.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        guard = _Guard(request.extensions["budget"], self._resolve, self._refuse)
        connection = httpcore2.HTTPConnection(
            url.origin, ssl_context=self._context, network_backend=guard
        )
        try:
            answer = connection.handle_request(
                httpcore2.Request(request.method, url, headers=request.headers.raw)
            )
        except BaseException:
            connection.close()
            raise
        assert isinstance(answer.stream, Iterable)  # noqa: S101  # for the type checker
        body = _Body(answer.stream, connection)
        return httpx2.Response(answer.status, headers=answer.headers, stream=body)


class Client:
    """The one HTTP client of a run; threads may share it. No cookies, no proxies, no netrc.

    A proxy would do the look-up itself, and the guard would check the proxy's address only.
    """

    def __init__(
        self,
        limits: Limits,
        user_agent: str,
        context: ssl.SSLContext,
        resolve: Resolve,
        refuse: Refuse,
    ) -> None:
        self.limits = limits
        self._client = httpx2.Client(
            transport=_Transport(context, resolve, refuse),
            headers={
                "User-Agent": user_agent,
                "Accept": ACCEPTED,
                "Accept-Encoding": "gzip, deflate",  # all that is unpacked here
                "Connection": "close",
            },
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            trust_env=False,
            follow_redirects=False,
        )

    def close(self) -> None:
        self._client.close()

    def get(self, address: str, conditions: Callable[[str], Headers]) -> Reply:
        """What ``address`` answers; ``conditions`` gives the extra headers for each hop's URL.

        Raises: Stopped, with a whole sentence.
        """
        budget, url, permanent, seen = _Budget(self.limits), address, True, {address}
        for _ in range(self.limits.redirects + 1):
            try:
                reply = self._hop(url, permanent, conditions, budget)
                where = _redirect(reply)
            except _TROUBLE as error:
                raise Stopped(f"{_subject(address, url)} {_why(error, budget)}") from error
            if where is None:
                return reply
            # A way from https to http is followed but never remembered.
            safe = not (url.startswith("https:") and where.startswith("http:"))
            permanent = permanent and safe and reply.status in (301, 308)
            if where in seen:
                raise Stopped(f"{shown(address)} redirects in a circle; correct the address")
            seen.add(where)
            url = where
        raise Stopped(
            f"{shown(address)} redirects more than {self.limits.redirects} times; "
            "correct the address"
        )

    def _hop(
        self, url: str, permanent: bool, conditions: Callable[[str], Headers], budget: _Budget
    ) -> Reply:
        target = _checked(url)
        extra = [(name.encode(), value.encode("latin-1")) for name, value in conditions(url)]
        request = self._client.build_request("GET", target, extensions={"budget": budget})
        request.headers = httpx2.Headers([*request.headers.raw, *extra])
        response = self._client.send(request, stream=True)
        try:
            headers = _first_of_each(response)
            if response.status_code not in (200, 203):
                return Reply(response.status_code, url, permanent, headers)
            if int(_digits(headers.get("content-length"))) > self.limits.wire_bytes:
                raise budget.too_large()
            raw = b"".join(response.iter_raw())
        finally:
            response.close()
        body = unpacked(raw, headers.get("content-encoding", ""), self.limits.unpacked_bytes)
        return Reply(response.status_code, url, permanent, headers, body)


def _checked(url: str) -> httpx2.URL:
    """``url`` when it may be asked at all. Raises: Stopped, InvalidURL."""
    target = httpx2.URL(url)
    if target.scheme not in ("http", "https"):
        raise Stopped("is neither http nor https, and nothing else is fetched; correct the address")
    if not target.host:
        raise Stopped("names no host; correct the address")
    if (target.port or 0) > 65_535:  # some resolvers would wrap it round
        raise Stopped("names no port that exists; correct the address")
    if target.userinfo:
        raise Stopped("holds a user name or password, which is never sent; remove it")
    return target


def _redirect(reply: Reply) -> str | None:
    """Where ``reply`` sends us, absolute and without fragment (RFC 9110 §10.2.2, §15.4)."""
    where = reply.headers.get("location", "")
    if reply.status not in (301, 302, 303, 307, 308) or not where:
        return None
    with suppress(UnicodeDecodeError):  # beyond ASCII is not allowed, and UTF-8 where it occurs
        where = where.encode("latin-1").decode()
    return str(httpx2.URL(reply.url).join(where).copy_with(fragment=None))


def _first_of_each(response: httpx2.Response) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in response.headers.raw:
        found.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
    return found


def _digits(value: str | None) -> str:
    return value if value and value.isascii() and value.isdecimal() and len(value) < 20 else "0"


def _subject(address: str, url: str) -> str:
    if url == address:
        return shown(address)
    return f"{shown(address)} redirects to {shown(url)}, which"


_TROUBLE = (
    Stopped,
    httpx2.HTTPError,
    httpx2.InvalidURL,
    httpcore2.TimeoutException,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.UnsupportedProtocol,
    OSError,
    ValueError,  # UnicodeError of odd host names among them
)


def _why(error: Exception, budget: _Budget) -> str:
    """The end of a sentence for anything in ``_TROUBLE``."""
    if isinstance(error, Stopped):
        return str(error)
    if isinstance(error, httpcore2.TimeoutException):
        if budget.over():
            return str(budget.too_slow())
        return f"did not answer within {budget.limits.timeout_s:g} s; {LATER}"
    if isinstance(error, httpcore2.RemoteProtocolError):
        return f"broke off or does not speak HTTP ({_plain(error)}); {LATER}"
    cause = _cause(error)
    if isinstance(cause, OSError):
        return _network_trouble(cause)
    return f"cannot be asked ({_plain(error)}); correct the address"


def _network_trouble(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"has a certificate that cannot be trusted ({_plain(error.verify_message)}); "
            "check the address, or name its authority in ca_file"
        )
    if isinstance(error, ssl.SSLError):
        return f"cannot be spoken to in TLS ({_plain(error.reason or error)}); check the address"
    if isinstance(error, socket.gaierror):
        return f"cannot be found ({error.strerror}); check the address and the network"
    return f"cannot be reached ({_plain(error.strerror or error)}); {LATER}"


def _cause(error: BaseException) -> BaseException:
    """The first error of the system behind a library's."""
    here: BaseException | None = error
    while here is not None and not isinstance(here, OSError):
        here = here.__cause__
    return here or error


def _plain(said: object) -> str:
    text = "".join(char if char.isprintable() else " " for char in str(said))
    return text[:120].strip() or type(said).__name__
