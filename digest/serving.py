"""The web server: an installation's site on a socket, until it is stopped."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from digest import teaching
from digest.app import App
from digest.keys import LINK_KEYS, link_keys
from digest.web.desk import Desk
from digest.web.site import site

if TYPE_CHECKING:
    import uvicorn

log = logging.getLogger("digest")

STOPPING_S = 10
"""How long requests under way may take once the server shall stop."""


def desk(app: App, base_url: str) -> Desk:
    """What the pages of this installation work with."""
    return Desk(
        store=app.store,
        settings=app.settings.web,
        mail=app.settings.mail,
        env=app.env,
        keys=link_keys(app.settings.file.parent / LINK_KEYS),
        base_url=app.settings.mail.base_url or base_url,
        clock=app.clock,
        preview=lambda reader: app.preview(reader, None)[0],
        confirmation=lambda *said: app.signed(app.press.confirmation(*said)),
        notice=lambda *said: app.signed(app.press.notice(*said)),
        imported=lambda data, name: teaching.examples(data, name, app.clock().date()),
        cast=lambda reader, paper, value: teaching.cast(app, reader, paper, value, "web"),
        public=app.public(),
        healths=app.healths,
    )


def server(app: App, host: str | None = None, port: int | None = None) -> uvicorn.Server:
    """A server for the site, not yet running."""
    import uvicorn

    settings = app.settings.web
    host, port = host or settings.host, settings.port if port is None else port
    config = uvicorn.Config(
        site(desk(app, f"http://{host}:{port}")),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # digest/web/protection.py reads them, from trusted proxies alone
        timeout_graceful_shutdown=STOPPING_S,
        timeout_keep_alive=20,
        h11_max_incomplete_event_size=64 * 1024,
        limit_concurrency=1000,
        http="httptools",
    )
    return uvicorn.Server(config)


def serve(app: App, host: str | None, port: int | None) -> None:
    """Serve the pages until SIGTERM or SIGINT; requests under way are answered first."""
    running = server(app, host, port)
    say(running)
    running.run()


def say(running: uvicorn.Server) -> None:
    """Log where the pages are served."""
    host, port = running.config.host, running.config.port
    said = {"event": "serving", "host": host, "port": port}
    log.info("serving http://%s:%s", host, port, extra=said)
