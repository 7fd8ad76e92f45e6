"""The site as files: pages, archive and feeds for a web space that runs no program."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import posixpath
import re
from collections.abc import Callable, Container, Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args
from urllib.parse import parse_qs, quote, unquote, urlsplit

from digest.editions import Edition
from digest.errors import ConfigError
from digest.progress import over
from digest.render import feed_forms, pages
from digest.render.feed_forms import Form
from digest.render.settings import is_web
from digest.render.templates import fill
from digest.store.archive import Known
from digest.web import assets, feeds
from digest.web.desk import Desk
from digest.web.editions import public_values
from digest.web.feed_sources import EDITIONS, Reading, of_reader, of_topic
from digest.web.home import home_values, postal
from digest.web.pages import frame_of
from digest.web.papers import paper_values, similar

if TYPE_CHECKING:
    from digest.app import App

LISTED = ".made-by-digest-feed"
"""The file that names what was written, so that what is no more can be removed, and only that."""

SLUG = 100
"""Characters of a file's name."""


@dataclasses.dataclass(frozen=True, slots=True)
class Published:
    """How many files were written, were as they should be, and were removed."""

    written: int
    unchanged: int
    removed: int


def publish(app: App, folder: Path) -> Published:
    """Write the site into ``folder``; a file is replaced whole, and only where it changed.

    Feeds name the addresses that ``mail.base_url`` says. Raises ConfigError where nothing can be
    written.
    """
    from digest.serving import desk

    base_url = app.settings.mail.base_url or _around(app.settings.mail.feed_url)
    there = dataclasses.replace(desk(app, base_url), base_url=base_url)
    try:
        return _write(folder, over(files(there), None, "writing pages and feeds"))
    except OSError as error:
        raise ConfigError(
            f"{error.filename or folder} cannot be written ({error.strerror}); "
            "name another folder with --all"
        ) from error


def files(desk: Desk) -> Iterator[tuple[str, str]]:
    """The name and the content of every file of the site, one after the other."""
    topics = feeds.topics(desk)
    names = [name for name, _ in topics]
    yield from _fixed(desk, topics)
    published: dict[int, Known] = {}
    for edition in _editions(desk):
        path = f"/edition/{edition.date}"
        yield file_of(path), _page(desk, path, "edition", **public_values(desk, edition))
        for pick in edition.picks:
            known = desk.store.archive.paper([pick.paper.key])
            if known:
                published.setdefault(known.number, known)
    for known in published.values():
        yield from _paper(desk, known, published, names)
    for reading in _readings(desk, names):
        yield from _feed(desk, reading)


def file_of(path: str) -> str:
    """The name of the file, with slashes between folders, that stands for a path of the site.

    Names have no mark that an address or a file system could take for something else.
    """
    parts = urlsplit(path)
    kind, _, rest = unquote(parts.path[1:]).partition("/")
    asked = parse_qs(parts.query)
    if kind == "paper":
        return f"paper/{_slug(rest)}.html"
    if kind == "feed":
        name, _, form = rest.rpartition(".")
        name += "-editions" if asked.get("per") else ""
        return f"feed/{'-'.join([name, *asked.get('archive', [])])}.{form}"
    if "." in kind:
        return kind
    return f"{kind}/{rest}.html" if rest else f"{kind or 'index'}.html"


def _fixed(desk: Desk, topics: list[tuple[str, int]]) -> Iterator[tuple[str, str]]:
    """What there is one of. There is no page of every paper: a day's is that of its edition."""
    months = pages.months(desk.store.editions.contents(desk.public), base="/edition/")
    archive: dict[str, Any] = {"months": months, "earlier": (), "month": None}
    yield "index.html", _page(desk, "/", "home", **home_values(desk))
    yield "archive.html", _page(desk, "/archive", "archive", **archive)
    yield "help.html", _page(desk, "/help", "help", postal=postal(desk))
    yield "feeds.html", _page(desk, "/feeds", "feeds", **feeds.feeds_values(topics))
    yield "feeds.opml", feeds.outlines(desk, [name for name, _ in topics], _to(desk))
    yield assets.style_path(desk)[1:], assets.style(desk.env, desk.mail.accent)
    yield assets.ICON[1:], assets.icon(desk.mail.accent)


def _editions(desk: Desk) -> Iterator[Edition]:
    """Every public edition, newest first, a few at a time."""
    for skip in itertools.count(0, EDITIONS):
        some = desk.store.editions.of(desk.public, most=EDITIONS, skip=skip)
        if not some:
            return
        yield from some


def _paper(
    desk: Desk, known: Known, published: Container[int], topics: Container[str]
) -> Iterator[tuple[str, str]]:
    """The page of a paper; what it leads to is there."""
    alike = [one for one in similar(desk, known) if one.number in published]
    values = paper_values(desk, known, alike)
    values["categories"] = [
        (name, path if name in topics else "") for name, path in values["categories"]
    ]
    path = pages.paper_path(known.paper)
    yield file_of(path), _page(desk, path, "paper", **values)


def _readings(desk: Desk, topics: Iterable[str]) -> Iterator[Reading]:
    to = _to(desk)
    yield of_reader(desk, desk.public, "public", whole=False, page="")
    page = to("/edition/{}") if desk.base_url else ""
    yield of_reader(desk, desk.public, "public", whole=True, page=page)
    for topic in topics:
        reading = of_topic(desk, topic, to("/feeds"))
        if reading:
            yield reading


def _feed(desk: Desk, reading: Reading) -> Iterator[tuple[str, str]]:
    """A feed in all its forms; of editions its past, too."""
    past = range(reading.size() // reading.each if reading.name == "public" else 0)
    blocks: list[int | None] = [None, *past]
    for form in get_args(Form):
        for block in blocks:
            text = feeds.document(desk, reading, form, block, _to(desk), len(past))
            path = feed_forms.path(reading.name, form, whole=reading.whole, block=block)
            yield file_of(path), text or ""


def _to(desk: Desk) -> Callable[[str], str]:
    """The whole address of a path; nothing where nobody said where the files will be."""

    def to(path: str) -> str:
        return f"{desk.base_url}/{quote(file_of(path), safe='/{}')}" if desk.base_url else ""

    return to


def _page(desk: Desk, path: str, name: str, /, **values: Any) -> str:
    """A page whose links lead to files beside it."""
    here = posixpath.dirname(file_of(path))

    def to(there: str) -> str:
        return quote(posixpath.relpath(file_of(there), here or "."), safe="/")

    site = frame_of(desk, path) | {
        "to": to,
        "style": to(assets.style_path(desk)),
        "icon": to(assets.ICON),
        "signup": False,
        "static": True,
    }
    site["feeds"] = [
        {"type": media, "title": f"{site['title']} ({form})", "href": to(feed)}
        for form, media, feed in feed_forms.autodiscovered("")
    ]
    return fill(desk.env, f"pages/{name}.html.j2", "page", site=site, **values)


def _slug(key: str) -> str:
    """A paper's key as the name of a file; all but arXiv's ids need a hash to stay apart."""
    plain = re.sub(r"[^a-z0-9.]+", "-", key.lower()).strip("-.")[:SLUG]
    if re.fullmatch(r"arxiv:\d{4}\.\d{4,5}", key, re.ASCII):
        return plain
    return f"{plain}-{sha256(key.encode('utf-8', 'replace')).hexdigest()[:8]}"


def _around(feed_url: str) -> str:
    """The address of the folder above that of the public feed; empty where none is known."""
    if not is_web(feed_url):
        return ""
    return urlsplit(feed_url)._replace(query="", fragment="").geturl().rpartition("/")[0]


# Files: effects ---------------------------------------------------------------------------------


def _write(folder: Path, wanted: Iterable[tuple[str, str]]) -> Published:
    """Write what changed, and remove what an earlier run wrote and this one did not."""
    before = _listed(folder)
    names: set[str] = set()
    written = 0
    for name, text in wanted:
        names.add(name)
        written += _replace(folder / name, text.encode())
    gone = before - names
    for name in sorted(gone):
        (folder / name).unlink(missing_ok=True)
    _replace(folder / LISTED, json.dumps(sorted(names), indent=0).encode())
    return Published(written, len(names) - written, len(gone))


def _replace(file: Path, data: bytes) -> bool:
    """Put a whole file in the place of one, unless it is the same; whether it was not.

    Whoever reads it meanwhile gets the old or the new one, also when the power fails.
    """
    if file.is_file() and file.read_bytes() == data:
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.new")
    with fresh.open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(file)
    return True


def _listed(folder: Path) -> set[str]:
    """The names that an earlier run wrote; those that lead out of the folder are not believed."""
    try:
        found = json.loads((folder / LISTED).read_bytes())
    except (FileNotFoundError, ValueError):
        return set()
    inside = folder.resolve()
    return {
        name
        for name in (found if isinstance(found, list) else ())
        if isinstance(name, str) and (inside / name).resolve().is_relative_to(inside)
    }
