"""Who has signed in to the admin pages: by password and cookie, or by a proxy's header.

A session is nothing but a token in a cookie, signed with a key of links.key: when it ends, a
number used once, and a mark of the password's hash. So another password, or a key that is there no
more, ends all sessions; signing out ends the one in this browser.
"""

from __future__ import annotations

import datetime as dt
import secrets
import threading
import time
from dataclasses import dataclass
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response

from digest.links import open_token, seal
from digest.web.desk import Desk, desk_of
from digest.web.forms import mark, marked
from digest.web.passwords import matches
from digest.web.protection import Limit, network_of

PATH = "/admin"
COOKIE = "digest-admin"
LASTS = dt.timedelta(hours=12)

ATTEMPTS, ALL_ATTEMPTS = 5, 30
"""Passwords that one network, and all together, may try in a minute: each takes memory and time."""

_TIME, _NONCE, _MARK = 6, 12, 8


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who may see the admin pages.

    ``name`` is what a proxy says, empty for whoever knew the password; ``token`` is theirs alone.
    """

    name: str
    token: str


class Doorkeeper:
    """Lets in whoever knows the password, and counts those who try."""

    def __init__(self) -> None:
        self._attempts = Limit(ATTEMPTS)
        self._all_attempts = Limit(ALL_ATTEMPTS)
        self._one_at_a_time = threading.Lock()  # thirty at once would take a gigabyte

    def may_try(self, request: Request) -> bool:
        """Whether another password may be tried from there now; it is counted."""
        host = request.client.host if request.client else ""
        now = time.monotonic()
        return self._attempts.allows(network_of(host), now) and self._all_attempts.allows("", now)

    def knows(self, desk: Desk, password: str) -> bool:
        """Whether this is the password of the admin pages. It takes a tenth of a second or more."""
        with self._one_at_a_time:
            return matches(password, desk.settings.admin_password)


def is_open(desk: Desk) -> bool:
    """Whether there are admin pages at all."""
    return bool(desk.settings.admin_password or desk.settings.admin_header)


def visitor_of(request: Request) -> Visitor | None:
    """Who asks, if it is somebody who has signed in, here or at a proxy that is believed."""
    desk = desk_of(request)
    header = desk.settings.admin_header
    if header and request.scope.get("digest.proxied") is True:
        name = request.headers.get(header, "").strip()
        if name:
            return Visitor(name, f"proxy {name}")
    token = request.cookies.get(_name(request), "")
    return Visitor("", token) if desk.settings.admin_password and _is_good(desk, token) else None


def sign_in(request: Request, response: Response) -> None:
    """Give the browser a session of its own, for these pages alone."""
    desk = desk_of(request)
    ends = int((desk.clock() + LASTS).timestamp())
    said = ends.to_bytes(_TIME) + secrets.token_bytes(_NONCE) + _mark_of(desk)
    response.set_cookie(
        _name(request),
        seal(said, "session", desk.keys[0]),
        max_age=int(LASTS.total_seconds()),
        path=desk.root + PATH,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


def sign_out(request: Request, response: Response) -> None:
    """Take the session away from the browser."""
    response.delete_cookie(
        _name(request),
        path=desk_of(request).root + PATH,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


def form_mark(desk: Desk, visitor: Visitor) -> str:
    """What a form on this visitor's pages has to bring back."""
    return mark(desk.keys, visitor.token)


def is_marked(desk: Desk, visitor: Visitor, given: str) -> bool:
    """Whether a form brought it back: else another page made the visitor's browser send it."""
    return marked(desk.keys, visitor.token, given)


def _is_good(desk: Desk, token: str) -> bool:
    said = open_token(token, "session", desk.keys)
    if said is None or len(said) != _TIME + _NONCE + _MARK:
        return False
    ends = int.from_bytes(said[:_TIME])
    now = desk.clock().timestamp()
    # One that ends later than any made now was made by a clock that was wrong.
    return now < ends <= now + LASTS.total_seconds() and said.endswith(_mark_of(desk))


def _mark_of(desk: Desk) -> bytes:
    return sha256(b"digest session 1\0" + desk.settings.admin_password.encode()).digest()[:_MARK]


def _name(request: Request) -> str:
    """A browser takes a cookie of the longer name only where the connection is encrypted."""
    return f"__Secure-{COOKIE}" if request.url.scheme == "https" else COOKIE
