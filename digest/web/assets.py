"""What pages are made with: the stylesheet, the icon, and what robots are told."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256

from jinja2 import Environment
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from digest.render.colours import DARK, DARK_CONTRAST, readable
from digest.render.templates import fill
from digest.web.desk import Desk, desk_of

ICON = "/favicon.svg"

GROUND = "#f2f2ee"
"""The darkest of the light grounds that the accent stands on."""

FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
"""For what has its content's hash in its name."""

DAILY = {"Cache-Control": "public, max-age=86400"}


def style_path(desk: Desk) -> str:
    """The path of the stylesheet, with a hash of what is in it."""
    digest = sha256(style(desk.env, desk.mail.accent).encode()).hexdigest()
    return f"/style-{digest[:12]}.css"


@lru_cache(maxsize=8)
def style(env: Environment, accent: str) -> str:
    """The stylesheet in the owner's colour."""
    return fill(
        env,
        "pages/style.css.j2",
        "stylesheet",
        accent=readable(accent, GROUND),
        accent_dark=readable(accent, DARK, DARK_CONTRAST),
    )


def icon(accent: str) -> str:
    """Lines of text on a sheet in the owner's colour, as SVG."""
    ground = readable(accent, "#ffffff")
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
        f'<rect width="32" height="32" rx="6" fill="{ground}"/>'
        '<path d="M8 9h16M8 16h16M8 23h9" stroke="#fff" stroke-width="3" '
        'stroke-linecap="round"/></svg>'
    )


def robots(desk: Desk) -> str:
    """What crawlers may not have: pages that signed links lead to, and endless searches.

    The pages themselves say so too (X-Robots-Tag), for a link to one may stand anywhere.
    """
    private = ("leave", "vote", "confirm", "mine", "admin", "search")
    lines = [f"Disallow: {desk.root}/{name}" for name in private]
    return "\n".join(["User-agent: *", *lines, ""])


def _style(request: Request) -> Response:
    desk = desk_of(request)
    if request.url.path != style_path(desk):
        raise HTTPException(404)  # of a version before; its page is fetched again
    return Response(style(desk.env, desk.mail.accent), media_type="text/css", headers=FOREVER)


def _icon(request: Request) -> Response:
    return Response(icon(desk_of(request).mail.accent), media_type="image/svg+xml", headers=DAILY)


def _robots(request: Request) -> Response:
    return PlainTextResponse(robots(desk_of(request)), headers=DAILY)


routes = [
    Route("/style-{digest}.css", _style),
    Route(ICON, _icon),
    Route("/robots.txt", _robots),
]
