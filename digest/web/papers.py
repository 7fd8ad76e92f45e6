"""The page of one paper: what it says, where it was seen, and what is like it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from digest.papers import keys_meant
from digest.render import charts, pages
from digest.render.escaping import web_address
from digest.render.feed_forms import path
from digest.store.archive import Known
from digest.web.desk import Desk, desk_of
from digest.web.pages import page
from digest.web.squeezed import SQUEEZED

ALIKE = 5
"""Similar papers on a page."""


def paper(request: Request) -> Response:
    """The paper of this key, id or address; one known by another name is at that one's page."""
    desk = desk_of(request)
    known = desk.store.archive.paper(keys_meant(request.path_params["key"]))
    if known is None:
        raise HTTPException(404)
    if known.paper.key != request.path_params["key"]:
        return RedirectResponse(desk.root + pages.paper_path(known.paper), 301)
    return page(request, "paper", **paper_values(desk, known, similar(desk, known)))


def similar(desk: Desk, known: Known) -> list[Known]:
    """What is like a paper, closest first."""
    return desk.store.archive.similar(known, ALIKE)


def paper_values(desk: Desk, known: Known, alike: Sequence[Known]) -> dict[str, Any]:
    """What the page of a paper shows."""
    found = desk.store.archive.mentions([known.number])[known.number]
    until = max((one.date for one in found), default=known.first_seen_at.date())
    return {
        "paper": pages.plainly(known.paper, "full"),
        "tldr": pages.plainly(known.paper).summary,
        "names": pages.names(known.paper),
        "categories": [(one, path(f"topic/{one}", "atom")) for one in known.paper.categories],
        "published": pages.when(known.paper.published) if known.paper.published else "",
        "ids": ids(known),
        "seen": charts.seen(found, until),
        "seen_words": charts.words(found) if found else "",
        "first_seen": pages.when(known.first_seen_at.date()),
        "reports": [
            {
                "source": charts.source_name(one.source),
                "date": pages.when(one.date),
                "place": f"{one.position} of {one.of}",
            }
            for one in found
        ],
        "similar": [pages.plainly(one.paper) for one in alike],
    }


def ids(known: Known) -> list[tuple[str, str]]:
    """Every place where the paper is to be read: what it is called there, and the address."""
    found = []
    if known.paper.arxiv_id:
        found.append(
            (f"arXiv:{known.paper.arxiv_id}", f"https://arxiv.org/abs/{known.paper.arxiv_id}")
        )
    if known.paper.doi:
        found.append((f"doi:{known.paper.doi}", f"https://doi.org/{known.paper.doi}"))
    return [(name, address) for name, link in found if (address := web_address(link))]


routes = [Route("/paper/{key:path}", paper, middleware=SQUEEZED)]
