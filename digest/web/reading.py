"""Pages that anybody may read: home, archive, search, editions, papers, feeds."""

from __future__ import annotations

from starlette.routing import BaseRoute

from digest.web import archive, assets, editions, feeds, health, home, papers

routes: list[BaseRoute] = [
    *home.routes,
    *archive.routes,
    *papers.routes,
    *editions.routes,
    *feeds.routes,
    *assets.routes,
    *health.routes,
]
