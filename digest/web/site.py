"""The site: every route, in one table, behind the same protection."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from digest.web import (
    admin,
    asking,
    confirming,
    leaving,
    metrics,
    mine,
    reading,
    scripts,
    subscribing,
    voting,
)
from digest.web.desk import Desk
from digest.web.pages import error_page
from digest.web.protection import Protection
from digest.web.unchanged import Printed
from digest.web.working import Work


def site(desk: Desk) -> Starlette:
    """The site of this installation, as an ASGI application."""
    routes: list[BaseRoute] = [
        *reading.routes,
        *subscribing.routes,
        *confirming.routes,
        *leaving.routes,
        *voting.routes,
        *asking.routes,
        *mine.routes,
        *scripts.routes,
        *admin.routes(),
        *metrics.routes,
    ]
    app = Starlette(
        routes=routes,
        middleware=[Middleware(Protection, settings=desk.settings)],
        exception_handlers={HTTPException: error_page},  # all others are seen to by Protection
    )
    app.router.redirect_slashes = False  # one click must not be redirected (RFC 8058 §3.1)
    app.state.desk = desk
    app.state.printed = Printed()
    app.state.figures = metrics.Kept()
    app.state.work = Work(desk.keys, desk.settings.work_bits)
    return app
