"""Pages and feeds under tools nobody here wrote: chromium with axe, html-validate, feedsmith."""

from __future__ import annotations

import json
from html import unescape
from pathlib import Path

import feedparser
import pytest

from digest.publishing import publish
from tests.e2e.test_mail_tools import CHROMIUM, HERE, TOOLS, node
from tests.support.databases import sqlite_template
from tests.support.visitors import Site, here
from tests.test_publishing import full
from tests.web.test_reading import HOSTILE, TITLES, TODAY, edition

__all__ = ["full", "here", "sqlite_template"]

SERVED = {
    "day": "/archive/2026-05-19",
    "archive": "/archive",
    "search": "/search?q=a",
    "found": "/search?q=attention&by=date",
    "paper": f"/paper/{HOSTILE.key}",
    "subscribe": "/subscribe",
    "missing": "/nothing",
}


@pytest.fixture
def out(full: Site, tmp_path: Path) -> Path:
    """The static site, and beside it pages that only a server has."""
    folder = tmp_path / "out"
    publish(full.app, folder)
    own = full.desk.links
    ada = full.subscribed("ada@example.org")
    edition(full, ada, TITLES[1], TITLES[2])
    more = {"own": own.edition_url(ada.id, TODAY), "mine": own.mine_url(ada.id, TODAY)}
    for name, path in (SERVED | more).items():
        text = full.get(str(path)).text
        # Its stylesheet is looked for beside it, for a browser opens the file.
        (folder / f"served-{name}.html").write_text(
            text.replace('href="/style-', 'href="style-'), encoding="utf-8"
        )
    return folder


def pages(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.html"))


def test_html_validate_finds_no_error_in_any_page(out: Path) -> None:
    program = TOOLS / "html-validate" / "bin" / "html-validate.mjs"
    config = HERE / ".htmlvalidate-pages.json"
    node(program, "--config", config, "--max-warnings", "0", *pages(out))


def test_axe_finds_nothing_to_complain_of_in_any_page(out: Path) -> None:
    if not Path(CHROMIUM).exists():
        pytest.skip(f"needs chromium: {CHROMIUM} is absent")
    found = json.loads(node("axe.mjs", *pages(out)))
    assert [(one["file"], one["rules"]) for one in found if one["rules"]] == []
    assert all("color-contrast" in one["passed"] for one in found)
    assert [one for one in found if one["wide"] > one["width"]] == []


def test_another_reader_finds_the_same_in_every_feed(out: Path) -> None:
    files = sorted((out / "feed").rglob("*.rss")) + sorted((out / "feed").rglob("*.atom"))
    files += sorted((out / "feed").rglob("*.json"))
    read = {one["file"]: one for one in json.loads(node("feeds.mjs", *files))}
    for file in files:
        one = read[str(file)]
        assert one["format"] == file.suffix[1:], file
        mine = feedparser.parse(file.with_suffix(".atom").read_bytes(), sanitize_html=False)
        assert one["title"] == mine.feed.title
        assert [item["id"] for item in one["items"]] == [entry.id for entry in mine.entries]
        for item, entry in zip(one["items"], mine.entries, strict=True):
            assert item["href"] == entry.link
            assert item["at"][:19] == entry.published[:19]
            assert item["categories"] == [tag.term for tag in entry.get("tags", [])]
            if entry.get("authors") and item["authors"]:
                assert item["authors"] == [author.name for author in entry.authors]
            content = entry.content[0].value if entry.get("content") else ""
            assert unescape(item["content"] or "").strip() == unescape(content).strip()
