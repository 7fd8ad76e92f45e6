"""Forms that were sent: read within bounds, made plain, and known to come from our own pages."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from digest.links import Key
from digest.web.desk import desk_of

FIELDS, FILES = 300, 2
"""The most fields and files of one form: a dozen interests have some hundred fields."""

PART = 1_000_000
"""The most octets of one field; of a file only the whole body is bounded."""

File = tuple[bytes, str]
"""What a file holds, and its name where it came from."""


class Form:
    """What was sent. Text has no characters that a database refuses, and line ends of one kind."""

    def __init__(
        self, fields: Mapping[str, Sequence[str]], files: Mapping[str, File] | None = None
    ) -> None:
        self._fields = {name: [_clean(one) for one in many] for name, many in fields.items()}
        self._files = files or {}

    def one(self, name: str) -> str:
        """The field's text without space around it; empty where there is no such field."""
        return next(iter(self._fields.get(name, ())), "").strip()

    def many(self, name: str) -> list[str]:
        """Every value of a field that may be there several times."""
        return list(self._fields.get(name, ()))

    def file(self, name: str) -> File | None:
        """The file that was chosen in this field, if one was."""
        found = self._files.get(name)
        return found if found and found[0] else None

    @property
    def typed(self) -> dict[str, str]:
        """Every field by its name, to be shown again."""
        return {name: self.one(name) for name in self._fields}


Handler = Callable[[Request, Form], Response]


def posted(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that reads a form from a page of ours and has ``handler`` act, in a thread."""

    async def endpoint(request: Request) -> Response:
        if not from_here(request):
            raise HTTPException(403)
        form = await read(request)
        return await run_in_threadpool(handler, request, form)

    return endpoint


async def read(request: Request) -> Form:
    """The form in a request. Raises HTTPException 400 for one that is none."""
    try:
        async with request.form(max_files=FILES, max_fields=FIELDS, max_part_size=PART) as data:
            return await _form(data)
    except (ValueError, LookupError) as error:  # broken multipart, a charset that is none
        raise HTTPException(400) from error


async def _form(data: FormData) -> Form:
    fields: dict[str, list[str]] = {}
    files: dict[str, File] = {}
    for name, value in data.multi_items():
        if isinstance(value, UploadFile):
            files.setdefault(_clean(name), (await value.read(), _clean(value.filename or "")))
        else:
            fields.setdefault(_clean(name), []).append(value)
    return Form(fields, files)


def from_here(request: Request) -> bool:
    """Whether a form was sent from a page of this site, or by a program that is no browser.

    Browsers say so themselves: newer ones in Sec-Fetch-Site, all in Origin.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    if origin is None:
        return True
    hosts = (request.headers.get("host", ""), urlsplit(desk_of(request).base_url).netloc)
    return origin.partition("://")[2] in filter(None, hosts)


def mark(keys: Sequence[Key], token: str) -> str:
    """What a form on the page of ``token`` has to bring back, so that no other page can send it."""
    return _mark(keys[0], token)


def marked(keys: Sequence[Key], token: str, given: str) -> bool:
    """Whether a form brought back the mark of its page; also one of a key that signs no more."""
    said = given.encode()
    return any(hmac.compare_digest(_mark(key, token).encode(), said) for key in keys)


def _mark(key: Key, token: str) -> str:
    said = b"digest web form 1\0" + token.encode("utf-8", "replace")
    return hmac.digest(key.secret, said, "sha256")[:16].hex()


def _clean(text: str) -> str:
    """``text`` without halves of characters and zeros, which cannot be stored; "\\n" ends lines."""
    whole = text.encode("utf-8", "replace").decode().replace("\0", "")
    return whole.replace("\r\n", "\n").replace("\r", "\n")
