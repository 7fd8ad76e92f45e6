"""A real web server plays a source day by day, with faults; editions follow it."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

import pytest

from tests.support.installation import Installation, here
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
