"""Telling a WebSub hub that the public feeds have something new (W3C WebSub §6)."""

from __future__ import annotations

from typing import get_args
from urllib.parse import urlencode

from digest.errors import SourceError
from digest.render.feed_forms import Form, path

TIMEOUT_S = 20.0
"""How long the hub may take; composing does not wait for it, the next step does."""


def topics(base_url: str) -> list[str]:
    """The addresses of the public edition's feeds, which are what a hub calls topics."""
    return [
        base_url + path("public", form, whole=whole)
        for whole in (False, True)
        for form in get_args(Form)
    ]


def announce(hub: str, base_url: str, timeout_s: float = TIMEOUT_S) -> None:
    """Tell the hub of a new public edition. Raises SourceError when it does not take it.

    Nothing is lost then: readers come for the feed anyway, later.
    """
    import httpx2

    said = [("hub.mode", "publish"), *(("hub.url", topic) for topic in topics(base_url))]
    try:
        answer = httpx2.post(
            hub,
            content=urlencode(said),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            timeout=timeout_s,
            follow_redirects=False,
        )
    except httpx2.HTTPError as error:
        raise SourceError(hub, f"the hub cannot be told ({error}); check web.hub") from error
    if not 200 <= answer.status_code < 300:
        raise SourceError(hub, f"the hub answered {answer.status_code}; check web.hub")
