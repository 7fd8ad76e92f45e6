"""A page from its template; and the short pages that say what went wrong."""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from digest.errors import DigestError
from digest.links import mailto
from digest.render.feed_forms import autodiscovered
from digest.render.plain import plain
from digest.render.settings import mailbox
from digest.render.templates import fill
from digest.web.assets import ICON, style_path
from digest.web.desk import Desk, desk_of

PRIVATE = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}
"""For pages that a signed link leads to: they are one reader's."""

SHORTLY = {"Cache-Control": "public, max-age=60"}
"""For pages that are the same to everybody."""

_SENTENCES = {
    400: "The form could not be read. Please go back and send it again.",
    403: "This is not for you, or you are signed in no longer.",
    404: "There is no such page. The link may be old, or cut off at its end.",
    405: "This page cannot be used like that.",
    413: "That is more than this page takes.",
    429: "That was a lot at once. Please wait a minute and try again.",
    500: "Something went wrong here. It has been written down; please try again later.",
    503: "This takes too long at the moment. Please try again in a minute.",
}


def page(
    request: Request, name: str, /, *, status: int = 200, private: bool = False, **values: Any
) -> Response:
    """``templates/pages/<name>.html.j2`` filled in; it also knows ``site`` (see ``frame``)."""
    text = fill(
        desk_of(request).env, f"pages/{name}.html.j2", "page", site=frame(request), **values
    )
    return HTMLResponse(text, status, headers=PRIVATE if private else SHORTLY)


def frame(request: Request) -> dict[str, Any]:
    """What every page's frame shows."""
    return frame_of(desk_of(request), request.url.path)


def frame_of(desk: Desk, path: str) -> dict[str, Any]:
    """What the frame of the page at ``path`` shows.

    ``root`` stands before each path, which ``to`` puts there; ``base_url`` before those that leave
    the site. ``feeds`` are found by feed readers; ``static`` is a copy in files.
    """
    owner = mailbox(desk.mail.owner or desk.mail.reply_to or desk.mail.sender)[1]
    return {
        "title": plain(desk.mail.title),
        "root": desk.root,
        "base_url": desk.base_url,
        "accent": desk.mail.accent,
        "owner": owner,
        "owner_url": mailto(owner),
        "signup": desk.settings.signup,
        "path": path,
        "to": lambda to: desk.root + to,
        "style": desk.root + style_path(desk),
        "icon": desk.root + ICON,
        "feeds": [
            {"type": media, "title": f"{plain(desk.mail.title)} ({name})", "href": href}
            for name, media, href in autodiscovered(desk.root)
        ],
        "static": False,
    }


def error_page(request: Request, error: Exception) -> Response:
    """One sentence for an error, and the status that fits it."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    sentence = _SENTENCES.get(status, _SENTENCES[400 if status < 500 else 500])
    if isinstance(error, (DigestError, TimeoutError)):
        status, sentence = 503, _SENTENCES[503]
    try:
        response = page(request, "error", status=status, private=True, sentence=sentence)
    except DigestError:  # the owner's templates cannot even say that something went wrong
        response = PlainTextResponse(f"{sentence}\n", status, PRIVATE)
    if isinstance(error, HTTPException) and error.headers:
        response.headers.update(error.headers)
    return response
