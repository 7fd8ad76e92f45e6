"""The few scripts of pages, under addresses that change with what is in them."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

FOLDER = Path(__file__).parent / "static"

FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}


@cache
def scripts() -> dict[str, bytes]:
    """Every script, by its path."""
    found = {file.name: file.read_bytes() for file in sorted(FOLDER.glob("*.js"))}
    return {f"/script-{sha256(data).hexdigest()[:12]}/{name}": data for name, data in found.items()}


def script(name: str) -> str:
    """The path of a script."""
    return next(path for path in scripts() if path.endswith(f"/{name}"))


def _script(request: Request) -> Response:
    name, digest = request.path_params["name"], request.path_params["digest"]
    data = scripts().get(f"/script-{digest}/{name}")
    if data is None:
        raise HTTPException(404)
    return Response(data, media_type="text/javascript", headers=FOREVER)


routes = [Route("/script-{digest}/{name}", _script)]
