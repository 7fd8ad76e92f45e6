"""What stands before every page: limits, headers of security, and who a request is from."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import time
from collections import OrderedDict
from contextlib import suppress
from threading import Lock
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from digest.web.pages import error_page
from digest.web.settings import WebSettings

log = logging.getLogger("digest")

BODY = 1_000_000
"""The most octets of a request's body: a library of some thousand papers."""

ANSWER_S = 30.0
"""The longest that a page may take, reading the request's body included."""

REMEMBERED = 50_000
"""Addresses whose requests are counted at once; the one seen longest ago is forgotten first."""

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; manifest-src 'self'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Addresses of pages hold signed links. With "no-referrer", which says no more to others,
    # browsers would not tell us either that a form is from a page of ours.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
SECURE = {"Strict-Transport-Security": "max-age=31536000"}
"""Only where the reader's connection is encrypted."""


class Protection:
    """The middleware before all routes. ``scope["client"]`` behind it is the reader's address."""

    def __init__(self, app: ASGIApp, settings: WebSettings) -> None:
        self._app = app
        self._proxies = [ipaddress.ip_network(network) for network in settings.proxies]
        self._requests = Limit(settings.requests_per_minute)
        self._forms = Limit(settings.forms_per_minute)
        self._all_forms = Limit(1000 * settings.forms_per_minute)
        self._glances = Limit(2 * settings.forms_per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        scope = self._seen_through(scope, headers)
        sending = _with_headers(send, secure=scope["scheme"] == "https")
        if not self._within_limits(scope):
            await PlainTextResponse(
                "Too many requests; please wait a minute.\n", 429, {"Retry-After": "60"}
            )(scope, receive, sending)
            return
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdecimal() and int(length) <= BODY):
            await error_page(Request(scope), HTTPException(413))(scope, receive, sending)
            return
        await self._answered(scope, _bounded(receive), sending)

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have the page answered, or say that it failed or takes too long.

        What takes too long is left alone, for a thread cannot be ended; nobody hears of it.
        """
        answer = _Answer(send)
        task = asyncio.ensure_future(self._app(scope, receive, answer))
        try:
            await asyncio.wait({task}, timeout=ANSWER_S)
        finally:
            if not task.done():
                task.cancel()
                task.add_done_callback(_heard)
        error = task.exception() if task.done() else TimeoutError(f"it took {ANSWER_S:g} s")
        if error is None:
            return
        answer.over = True
        method, path = scope["method"], scope["path"]
        said = {"event": "request_failed", "method": method, "path": path}
        log.error("%s %s failed", method, path, exc_info=error, extra=said)
        if not answer.begun:
            shown = error if isinstance(error, Exception) else HTTPException(500)
            await error_page(Request(scope), shown)(scope, receive, send)

    def _seen_through(self, scope: Scope, headers: Headers) -> Scope:
        """The scope with the reader's address and scheme, as far as trusted proxies say them.

        X-Forwarded-For is read from its end, where the nearest proxy wrote: what a reader put in
        front of it is not believed.
        """
        host = (scope.get("client") or ("", 0))[0]
        trusted = self._is_proxy(host)
        found: dict[str, Any] = {"digest.proxied": trusted}
        if trusted:
            hops = [hop.strip() for hop in headers.get("x-forwarded-for", "").split(",")]
            strangers = [hop for hop in reversed(hops) if hop and not self._is_proxy(hop)]
            found["client"] = (strangers[0] if strangers else host, 0)
            if headers.get("x-forwarded-proto") in ("http", "https"):
                found["scheme"] = headers["x-forwarded-proto"]
        return {**scope, **found}

    def _is_proxy(self, host: str) -> bool:
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        return any(address in network for network in self._proxies)

    def _within_limits(self, scope: Scope) -> bool:
        """Whether this request may be answered. Which page it is for makes no difference.

        But for two that give nobody anything: mail providers leave for many readers from a few
        addresses (RFC 8058), which takes a token; and a glance at an edition, sent as a form for
        its length, is as much as any page, and has a limit of its own.
        """
        host = network_of((scope.get("client") or ("", 0))[0])
        now = time.monotonic()
        if not self._requests.allows(host, now):
            return False
        if scope["method"] in ("GET", "HEAD", "OPTIONS") or "/leave/" in scope["path"]:
            return True
        if scope["path"].endswith("/preview"):
            return self._glances.allows(host, now)
        return self._forms.allows(host, now) and self._all_forms.allows("", now)


def network_of(host: str) -> str:
    """What one reader may be told by: the address, of IPv6 the /64 that a household has."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return host


class Limit:
    """A token bucket for each key: ``most`` at once, and as many again in so many minutes."""

    def __init__(self, most: int, minutes: float = 1) -> None:
        self._most, self._per_s = float(most), most / (60 * minutes)
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def allows(self, key: str, now_s: float) -> bool:
        """Whether one more is within the limit, which then is counted."""
        with self._lock:
            left, at = self._left.pop(key, (self._most, now_s))
            left = min(self._most, left + (now_s - at) * self._per_s)
            allowed = left >= 1
            self._left[key] = (left - allowed, now_s)
            if len(self._left) > REMEMBERED:
                self._left.popitem(last=False)
        return allowed


class _Answer:
    """What a page sends, until it is ``over``."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = self.over = False

    async def __call__(self, message: Message) -> None:
        if not self.over:
            self.begun = True
            await self._send(message)


def _heard(task: asyncio.Future[None]) -> None:
    """Take what became of a page that nobody waits for any more."""
    with suppress(asyncio.CancelledError):
        task.exception()


def _bounded(receive: Receive) -> Receive:
    size = 0

    async def bounded() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > BODY:
            raise HTTPException(413)  # a body without a length
        return message

    return bounded


def _with_headers(send: Send, *, secure: bool) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in {**HEADERS, **(SECURE if secure else {})}.items():
                headers.setdefault(name, value)
        await send(message)

    return sending
