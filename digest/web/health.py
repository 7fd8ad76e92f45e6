"""What watches the server asks: is it alive, and can it answer?"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from digest.errors import DigestError
from digest.web.desk import desk_of

NEVER = {"Cache-Control": "no-store"}


async def live(_request: Request) -> Response:
    """200 as long as requests are taken at all."""
    return PlainTextResponse("alive\n", headers=NEVER)


def ready(request: Request) -> Response:
    """200 when the store answers, else 503."""
    try:
        desk_of(request).store.archive.latest_at()
    except DigestError as error:
        return PlainTextResponse(f"{error}\n", 503, headers=NEVER)
    return PlainTextResponse("ready\n", headers=NEVER)


routes = [Route("/health/live", live), Route("/health/ready", ready)]
