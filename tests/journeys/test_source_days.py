"""A real web server plays a source day by day, with faults; editions follow it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from xml.sax.saxutils import escape

import pytest

from tests.support.installation import Installation, compact, here
from tests.support.shared import shared
from tests.support.webserver import HANG, WebServer, page, redirect, truncated, web_server

__all__ = ["here"]

ABSTRACT = "We study diffusion models for images in some depth and find that they work well."


def feed(*numbers: int, announced: str = "new", version: int = 1) -> str:
    items = "".join(
        f"<item><title>{escape(f'Diffusion number {n}')}</title>"
        f"<link>https://arxiv.org/abs/2605.{n:05}</link><description>{ABSTRACT} {n}.</description>"
        f'<guid isPermaLink="false">oai:arXiv.org:2605.{n:05}v{version}</guid>'
        f"<arxiv:announce_type>{announced}</arxiv:announce_type></item>"
        for n in numbers
    )
    return (
        '<rss xmlns:arxiv="http://arxiv.org/schemas/atom" version="2.0"><channel>'
        f"<title>Days</title><link>https://arxiv.org</link>{items}</channel></rss>"
    )


@pytest.fixture
def server() -> Iterator[WebServer]:
    with web_server() as running:
        yield running


@pytest.fixture
def asking(here: Installation, server: WebServer) -> Installation:
    sources = [
        {"name": "days", "url": server.url("/days"), "every_m": 1},
        {"name": "other", "url": server.url("/other"), "every_m": 1},
    ]
    fetch = {"allow_private": True, "timeout_s": 1.0, "total_s": 2.0}
    here.settings(sources=sources, fetch=fetch)
    server.says("/other", page(feed(90_001)))
    return here


def send(here: Installation, at: str) -> dict:  # type: ignore[type-arg]
    return here.digest("send", "--json", "--now", at).json  # type: ignore[no-any-return]


def state(here: Installation, at: str, name: str = "days") -> str:
    found = here.digest("sources", "--json", "--now", at).json["sources"]
    return next(one["state"] for one in found if one["source"] == name)


def test_a_source_is_polled_and_its_papers_are_sent(
    asking: Installation, server: WebServer
) -> None:
    server.says("/days", page(feed(1, 2, 3)))
    told = send(asking, "2026-05-18T09:00:00Z")
    brought = {one["source"]: (one["papers"], one["new"]) for one in told["poll"]["sources"]}
    assert brought == {"days": (3, 3), "other": (1, 1)} and told["deliver"]["sent"] == 1


def test_what_was_not_changed_is_not_sent_again(asking: Installation, server: WebServer) -> None:
    server.says("/days", page(feed(1), etag='W/"odd ""tag"'))
    first = asking.digest("poll", "days", "--json", "--now", "2026-05-18T09:00:00Z").json
    second = asking.digest("poll", "days", "--json", "--now", "2026-05-18T10:00:00Z").json
    assert [one["outcome"] for one in (*first["sources"], *second["sources"])] == [
        "fetched",
        "unchanged",
    ]
    assert server.requests[-1].header("If-None-Match") == b'W/"odd ""tag"'


def test_a_body_that_cannot_be_read_keeps_no_validators(
    asking: Installation, server: WebServer
) -> None:
    server.says("/days", page("<html>please sign in</html>", etag='"login"'), page(feed(1)))
    first = asking.digest("poll", "days", "--json", "--now", "2026-05-18T09:00:00Z")
    assert first.code == 1 and first.json["sources"][0]["outcome"] == "rejected"
    assert state(asking, "2026-05-18T09:01:00Z") == "broken"
    second = asking.digest("poll", "days", "--json", "--now", "2026-05-18T10:00:00Z").json
    assert second["new"] == 1 and server.requests[-1].header("If-None-Match") is None


@pytest.mark.parametrize(
    "fault",
    [
        page("oops", status=500),
        HANG,
        truncated(feed(1).encode()),
        redirect("/days"),
        redirect("ftp://example.org/x"),
        page(feed(1)[:300]),
    ],
    ids=["500", "timeout", "truncated", "redirect loop", "not http", "half a feed"],
)
def test_a_failing_source_holds_up_no_other_and_is_made_up_for(
    asking: Installation, server: WebServer, fault: object
) -> None:
    server.says("/days", fault, page(feed(1, 2)))  # type: ignore[arg-type]
    told = send(asking, "2026-05-18T09:00:00Z")
    outcomes = {one["source"]: one["new"] for one in told["poll"]["sources"]}
    assert outcomes["other"] == 1 and outcomes["days"] <= 1
    later = send(asking, "2026-05-19T09:00:00Z")
    outcomes = {one["source"]: one["new"] for one in later["poll"]["sources"]}
    assert outcomes["days"] >= 1


def test_private_addresses_are_refused_unless_allowed(
    asking: Installation, server: WebServer
) -> None:
    asking.settings(sources=[{"name": "inside", "url": server.url("/days")}])
    ran = asking.digest("poll", "--json")
    assert ran.code == 1 and ran.json["sources"][0]["outcome"] == "unreachable"
    assert server.requests == []


def test_a_replaced_version_updates_the_paper_and_is_no_news(
    asking: Installation, server: WebServer
) -> None:
    server.says(
        "/days",
        page(feed(1)),
        page(feed(1, announced="replace", version=2)),
        page(feed(5, announced="cross")),
    )
    polls = [
        asking.digest("poll", "days", "--json", "--now", f"2026-05-{day}T09:00:00Z").json["new"]
        for day in (18, 19, 20)
    ]
    assert polls == [1, 0, 0]


def test_other_announcements_are_news_when_they_are_asked_for(asking: Installation) -> None:
    for name, collect in (("default", {}), ("wanted", {"announce": ["new", "cross"]})):
        asking.settings(collect={"settle_s": 0, **collect})
        asking.drop(f"{name}.xml", feed(*((7,) if collect else (6,)), announced="cross"))
        brought = asking.digest("collect", "--json").json["new"]
        assert brought == (1 if collect else 0)


def test_a_late_source_holds_the_edition_back_and_then_is_named(
    asking: Installation, server: WebServer
) -> None:
    asking.settings(
        sources=[{"name": "days", "url": server.url("/days"), "every_m": 1}],
        fetch={"allow_private": True},
        schedule={"hold_h": 3},
    )
    mondays = ["2026-04-27", "2026-05-04", "2026-05-11"]
    for week, monday in enumerate(mondays):
        server.says("/days", page(feed(*range(week * 100, week * 100 + 40))))
        send(asking, f"{monday}T08:00:00Z")
    early = send(asking, "2026-05-18T08:00:00Z")
    assert (
        early["compose"]["held"] == ["me"] and "days shows nothing new" in early["compose"]["why"]
    )
    assert state(asking, "2026-05-18T08:00:00Z") == "stale"
    server.says("/days", page(feed(900, 901)))
    assert send(asking, "2026-05-18T09:00:00Z")["compose"]["held"] == ["me"]
    assert state(asking, "2026-05-18T09:00:00Z") == "partial"
    late = send(asking, "2026-05-18T10:00:00Z")["compose"]
    (mine,) = [one for one in late["editions"] if one["subscriber"] == "me"]
    assert "days has 2 new papers so far; 40 are usual on a Monday." in mine["note"]


def test_a_source_in_good_health_again_lets_the_edition_out_at_once(
    asking: Installation, server: WebServer
) -> None:
    server.says("/days", page("oops", status=500), page(feed(1)))
    held = send(asking, "2026-05-18T08:00:00Z")["compose"]
    assert held["held"] == ["me"]
    out = send(asking, "2026-05-18T08:20:00Z")["compose"]
    assert out["held"] == [] and "me" in [one["subscriber"] for one in out["editions"]]


def test_an_unknown_source_names_the_nearest(asking: Installation) -> None:
    ran = asking.digest("poll", "dayz")
    assert ran.code == 2 and "did you mean 'days'?" in ran.err


def test_the_table_of_sources_shows_a_sparkline(asking: Installation, server: WebServer) -> None:
    server.says("/days", page(feed(1, 2, 3)))
    send(asking, "2026-05-18T09:00:00Z")
    shown = asking.digest("sources", "--now", "2026-05-18T10:00:00Z").out
    assert "days" in shown and "█" in shown and "inbox" in shown


def answer(*papers: tuple[str, str]) -> str:
    """An answer of the arXiv API that holds these papers, each an id and a title."""
    entries = "".join(
        f"<entry><id>http://arxiv.org/abs/{number}v1</id><title>{escape(title)}</title>"
        f"<summary>{ABSTRACT}</summary><published>2026-05-17T10:00:00Z</published></entry>"
        for number, title in papers
    )
    return (
        '<feed xmlns="http://www.w3.org/2005/Atom" '
        'xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/"><title>arXiv</title>'
        f"<opensearch:totalResults>{len(papers)}</opensearch:totalResults>{entries}</feed>"
    )


class Endpoint:
    """arXiv's API on loopback: the same answer to every query."""

    def __init__(self, server: WebServer, *answers: object) -> None:
        self.url = server.url("/api/query")
        self._server, self._answers = server, answers
        server.answer = self._answer  # type: ignore[method-assign]
        self.asked: list[str] = []

    def _answer(self, asked: object) -> object:
        self.asked.append(asked.path)  # type: ignore[attr-defined]
        return self._answers[min(len(self.asked), len(self._answers)) - 1]


def test_an_arxiv_query_is_a_source_and_its_patience_is_kept(
    asking: Installation, server: WebServer
) -> None:
    busy = page("slow down", status=503).with_headers(Retry_After="3600")
    arxiv = Endpoint(server, busy, page(answer(("2605.00001", "Diffusion for one"))))
    source = {"name": "arXiv", "kind": "arxiv", "query": "all:diffusion", "url": arxiv.url}
    asking.settings(sources=[{**source, "every_m": 1}], fetch={"allow_private": True})
    first = asking.digest("poll", "--json", "--now", "2026-05-18T09:00:00Z").json["sources"]
    too_soon = asking.digest("poll", "--json", "--now", "2026-05-18T09:30:00Z").json["sources"]
    then = asking.digest("poll", "--json", "--now", "2026-05-18T10:01:00Z").json["sources"]
    assert [one["outcome"] for one in first] == ["unreachable"] and too_soon == []
    assert [one["new"] for one in then] == [1] and len(arxiv.asked) == 2


def test_titles_are_asked_about_once_and_only_when_that_is_wanted(
    asking: Installation, server: WebServer
) -> None:
    title = "About diffusion in one page"
    arxiv = Endpoint(server, page(answer(("2605.00007", title))))
    settings = {"settle_s": 0, "resolve": True, "resolve_url": arxiv.url}
    asking.settings(fetch={"allow_private": True})
    asking.drop("one.txt", compact((title, f"{ABSTRACT} " * 3 + "Fine."), ("Odd", "It is odd.")))
    send(asking, "2026-05-18T09:00:00Z")
    assert arxiv.asked == []
    asking.settings(fetch={"allow_private": True}, collect=settings)
    told = asking.digest("poll", "--json", "--now", "2026-05-18T09:30:00Z").json["sources"]
    assert [(one["source"], one["new"]) for one in told] == [("arXiv titles", 0)]
    asking.digest("poll", "--now", "2026-05-19T09:30:00Z")
    assert len(arxiv.asked) == 1
    links = {
        pick["title"]: pick["link"]
        for pick in asking.digest("preview", "me", "--date", "2026-05-18", "--json").json["picks"]
    }
    assert links[title] == "https://arxiv.org/abs/2605.00007"


def test_a_maildir_of_alerts_is_a_source_and_a_mail_without_papers_is_met_once(
    asking: Installation,
) -> None:
    for part in ("new", "cur", "tmp"):
        (asking.folder / "alerts" / part).mkdir(parents=True)
    new = asking.folder / "alerts" / "new"
    listing = (
        "\\\\\narXiv:2605.00009\nDate: Sun, 17 May 2026 10:00:00 GMT   (12kb)\n\n"
        "Title: Diffusion by mail\nAuthors: Ada Lovelace\nCategories: cs.LG\n\\\\\n"
        f"  {ABSTRACT}\n\\\\ ( https://arxiv.org/abs/2605.00009 ,  12kb)\n"
    )
    (new / "1.alert").write_text(f"Subject: cs daily\nFrom: a@example.org\n\n{listing}")
    (new / "2.other").write_text("Subject: Welcome\nFrom: a@example.org\n\nWelcome to the list.\n")
    asking.settings(
        sources=[{"name": "alerts", "kind": "maildir", "path": "../alerts", "every_m": 1}]
    )
    first = asking.digest("poll", "--json", "--now", "2026-05-18T09:00:00Z").json
    second = asking.digest("poll", "--json", "--now", "2026-05-18T10:00:00Z").json
    assert first["new"] == 1 and [one["outcome"] for one in first["sources"]] == [
        "fetched",
        "rejected",
    ]
    assert [one["outcome"] for one in second["sources"]] == ["unchanged"]
    assert sorted(path.name for path in (asking.folder / "alerts/cur").iterdir()) == [
        "1.alert:2,S",
        "2.other:2,S",
    ]


def test_an_opml_file_stands_for_its_feeds(asking: Installation, server: WebServer) -> None:
    server.says("/days", page(feed(1)))
    (asking.folder / "config/blogs.opml").write_text(
        f'<opml version="2.0"><body><outline text="Days" xmlUrl="{server.url("/days")}"/>'
        f'<outline text="Other" xmlUrl="{server.url("/other")}"/></body></opml>'
    )
    asking.settings(
        sources=[{"name": "blogs", "kind": "opml", "path": "blogs.opml"}],
        fetch={"allow_private": True},
    )
    told = asking.digest("poll", "--json").json
    assert {one["source"]: one["new"] for one in told["sources"]} == {"Days": 1, "Other": 1}


DAYS = [(1, 2, 3), (3, 4, 5), (5, 6), (6, 7, 8, 9)]


def archive(here: Installation) -> set[str]:
    shown = here.digest("feed", "--format", "json", "--now", "2026-05-30T09:00:00Z").json
    return {item["title"] for item in shown["items"]}


def test_days_shuffled_late_or_twice_give_the_same_archive_and_no_second_mail(
    here: Installation,
) -> None:
    order = [2, 0, 2, 3, 1, 0]
    for n, day in enumerate(order):
        here.drop(f"{n}.xml", feed(*DAYS[day]))
        here.digest("collect", "--now", f"2026-05-{18 + n}T09:00:00Z")
    got: list[str] = []
    for day in range(24, 28):
        send(here, f"2026-05-{day}T12:00:00Z")
        shown = here.digest("preview", "me", "--date", f"2026-05-{day}", "--json").json
        got += [pick["title"] for pick in shown["picks"]]
    assert sorted(got) == [f"Diffusion number {n}" for n in range(1, 10)]
    assert (
        here.digest(
            "collect", "--json", *map(str, (here.folder / "inbox/collected").glob("*"))
        ).json["new"]
        == 0
    )


def test_the_real_daily_feed_brings_each_day_exactly_what_was_new(here: Installation) -> None:
    days = shared("data/hf_daily_rss/days")
    expected = json.loads((days.parent / "expected_new.json").read_text())["days"]
    found = {
        path.stem: here.digest(
            "collect", "--json", "--now", f"{path.stem}T12:00:00Z", str(path)
        ).json["new"]
        for path in sorted(days.glob("*.xml"))
    }
    assert found == {day: len(counts["new"]) for day, counts in expected.items()}
