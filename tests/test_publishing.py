"""The site as files: whole, linked, replaced safely, and left alone where nothing changed."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

import feedparser
import pytest

from digest import publishing
from digest.cli import main
from digest.errors import ConfigError
from digest.publishing import LISTED, file_of, publish
from digest.web import feed_sources
from tests.support.builders import a_paper
from tests.support.crawling import crawled
from tests.support.databases import collect, sqlite_template
from tests.support.feed_rules import broken
from tests.support.visitors import BASE, MORNING, TITLES, here
from tests.web.test_reading import HOSTILE, edition

__all__ = ["here", "sqlite_template"]


@pytest.fixture
def full(here):
    collect(here.store, HOSTILE, at=MORNING, file="evil.txt")
    collect(here.store, a_paper("Sparse attention, shorter", categories=("cs.CL",)), file="b.txt")
    edition(here, here.desk.public, TITLES[1], "Sparse attention, shorter")
    tomorrow = MORNING.date() + dt.timedelta(days=1)
    edition(here, here.desk.public, TITLES[0], HOSTILE.title, date=tomorrow)
    return here


def contents(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


def fetch(folder: Path):
    """What a browser gets that opens files of the folder."""

    def get(address: str) -> str | None:
        file = folder / unquote(urlsplit(address).path).lstrip("/")
        if not file.is_file():
            return None
        return file.read_text(encoding="utf-8") if file.suffix == ".html" else ""

    return get


def test_no_link_of_the_static_site_is_dead(full, tmp_path):
    publish(full.app, tmp_path / "out")
    pages = list(crawled("http://files/index.html", fetch(tmp_path / "out")))
    assert [(parent, address) for parent, address, text in pages if text is None] == []
    reached = {unquote(urlsplit(address).path)[1:] for _, address, _ in pages}
    there = set(contents(tmp_path / "out")) - {LISTED}
    assert {name for name in there if name.endswith(".html")} <= reached


def test_static_pages_have_relative_links_and_offer_nothing_that_needs_a_program(full, tmp_path):
    publish(full.app, tmp_path / "out")
    for name, data in contents(tmp_path / "out").items():
        if name.endswith(".html"):
            text = data.decode()
            assert 'href="/' not in text, name
            assert "<form" not in text, name
            assert "subscribe" not in text.lower().replace("subscriber", ""), name
            assert "/search" not in text.replace("arxiv.org/search", ""), name
            assert "onerror=alert(1)>" not in text


def test_static_feeds_are_valid_and_name_the_addresses_of_the_files(full, tmp_path):
    publish(full.app, tmp_path / "out")
    feeds = [name for name in contents(tmp_path / "out") if name.startswith("feed/")]
    assert {"feed/public.rss", "feed/public-editions.atom", "feed/topic/cs.CL.json"} <= set(feeds)
    for name in feeds:
        text = (tmp_path / "out" / name).read_text(encoding="utf-8")
        if name.endswith(".json"):
            assert json.loads(text)["feed_url"] == f"{BASE}/{name}"
        else:
            assert broken(text, f"{BASE}/{name}") == []
    editions = feedparser.parse(str(tmp_path / "out" / "feed/public-editions.rss")).entries
    assert [one.link for one in editions] == [
        f"{BASE}/edition/2026-05-21.html",
        f"{BASE}/edition/2026-05-20.html",
    ]


def test_the_past_of_a_static_feed_is_in_files_too(full, tmp_path, monkeypatch):
    monkeypatch.setattr(feed_sources, "EDITIONS", 1)
    monkeypatch.setattr(publishing, "EDITIONS", 1)
    publish(full.app, tmp_path / "out")
    feed = feedparser.parse(str(tmp_path / "out" / "feed/public.atom")).feed
    rels = {link.rel: link.href for link in feed.links}
    assert rels["prev-archive"] == f"{BASE}/feed/public-1.atom"
    oldest = tmp_path / "out" / "feed/public-0.atom"
    assert "<fh:archive/>" in oldest.read_text(encoding="utf-8")


def test_what_has_not_changed_is_not_touched(full, tmp_path):
    out = tmp_path / "out"
    first = publish(full.app, out)
    assert (first.written, first.unchanged) == (len(contents(out)) - 1, 0)
    before = {file: file.stat().st_mtime_ns for file in out.rglob("*")}
    assert publish(full.app, out) == publishing.Published(0, first.written, 0)
    assert {file: file.stat().st_mtime_ns for file in out.rglob("*")} == before
    day = MORNING.date() + dt.timedelta(days=2)
    edition(full, full.desk.public, TITLES[2], date=day)
    again = publish(full.app, out)
    assert 0 < again.written < again.unchanged + again.written
    assert (out / f"edition/{day}.html").is_file()


def test_what_is_no_more_is_removed_and_files_of_others_stay(full, tmp_path):
    out = tmp_path / "out"
    publish(full.app, out)
    (out / "CNAME").write_text("papers.example.org")
    listed = json.loads((out / LISTED).read_text())
    (out / "old.html").write_text("old")
    outside = tmp_path / "outside.txt"
    outside.write_text("not yours")
    (out / LISTED).write_text(json.dumps([*listed, "old.html", "../outside.txt", 7]))
    assert publish(full.app, out).removed == 1
    assert not (out / "old.html").exists()
    assert (out / "CNAME").exists()
    assert outside.exists()


def test_a_power_cut_leaves_whole_files_and_the_next_run_ends_the_work(full, tmp_path, monkeypatch):
    out = tmp_path / "out"
    publish(full.app, out)
    before = contents(out)
    edition(full, full.desk.public, TITLES[2], date=MORNING.date() + dt.timedelta(days=2))
    left = 4
    replace = Path.replace

    def cut(self, target):
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", cut)
        with pytest.raises(KeyboardInterrupt):
            publish(full.app, out)
    half = contents(out)
    publish(full.app, out)
    after = contents(out)
    for name, data in half.items():
        assert name.endswith(".new") or data in (before.get(name), after.get(name)), name
    publish(full.app, tmp_path / "fresh")
    assert {n: d for n, d in after.items() if not n.endswith(".new")} == contents(
        tmp_path / "fresh"
    )


def test_without_an_address_feeds_are_there_and_claim_none(full, tmp_path):
    mail = dataclasses.replace(full.app.settings.mail, base_url="")
    app = dataclasses.replace(full.app, settings=dataclasses.replace(full.app.settings, mail=mail))
    publish(app, tmp_path / "out")
    read = feedparser.parse(str(tmp_path / "out" / "feed/public.rss"))
    assert not read.bozo
    assert len(read.entries) == 4
    assert [link for link in read.feed.links if link.rel == "self"] == []
    app.close()


def test_an_installation_without_editions_has_a_site_too(here, tmp_path):
    publish(here.app, tmp_path / "out")
    pages = list(crawled("http://files/index.html", fetch(tmp_path / "out")))
    assert [address for _, address, text in pages if text is None] == []


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_named(full, tmp_path):
    (tmp_path / "out").mkdir(mode=0o500)
    with pytest.raises(ConfigError, match=r"cannot be written .* name another"):
        publish(full.app, tmp_path / "out")


def test_a_file_in_the_place_of_the_folder_is_named(full, tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(ConfigError, match=r"cannot be written .* name another"):
        publish(full.app, tmp_path / "out")


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("/", "index.html"),
        ("/archive", "archive.html"),
        ("/edition/2026-05-20", "edition/2026-05-20.html"),
        ("/paper/arxiv:2605.00001", "paper/arxiv-2605.00001.html"),
        ("/feed/public.atom?per=edition&archive=3", "feed/public-editions-3.atom"),
        ("/feed/topic/cs.CL.rss", "feed/topic/cs.CL.rss"),
        ("/feeds.opml", "feeds.opml"),
    ],
)
def test_every_path_has_a_file(path, file):
    assert file_of(path) == file


def test_papers_with_like_keys_have_files_of_their_own():
    names = {file_of(f"/paper/doi:10.1/{rest}") for rest in ("a-b", "a/b", "a.b", "a_b", "../../b")}
    assert len(names) == 5
    assert not any(".." in name.split("/") or ":" in name for name in names)


def test_the_command_says_what_it_wrote(full, tmp_path, capsys):
    config = str(full.app.settings.file)
    for _ in range(2):
        with pytest.raises(SystemExit) as stopped:
            main(["feed", "--all", str(tmp_path / "out"), "--config", config, "--json"])
        assert stopped.value.code == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["written"], second["written"]) == (second["unchanged"], 0)
    with pytest.raises(SystemExit) as stopped:
        main(["feed", "me", "--all", str(tmp_path / "out"), "--config", config])
    assert stopped.value.code == 2
