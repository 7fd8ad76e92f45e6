"""The admin pages: closed to strangers, true to the store, and safe against other pages."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

import pytest

from digest.bounces import Bounce, Suppression
from digest.sources import Run
from digest.store.listings import ROWS
from digest.votes import Vote
from digest.web.passwords import hashed
from tests.support.builders import a_subscriber
from tests.support.databases import collect, composed, mail
from tests.support.installation import MORNING, Installation, here
from tests.support.sites import BASE, STRANGER, Pages, pages_of

__all__ = ["here"]

NOW = dt.datetime.fromisoformat(MORNING)
PASSWORD = "correct horse battery"
HASH = hashed(PASSWORD, cost=4)
PAGES = (
    *("", "/runs", "/sources", "/outbox", "/bounces", "/suppressions", "/subscribers"),
    *("/votes", "/preview", "/preview?who=me", "/preview/edition?who=me"),
)


@pytest.fixture
def pages(here: Installation) -> Iterator[Pages]:
    with pages_of(here, admin_password=HASH) as found:
        yield found


def signed_in(pages: Pages):
    browser = pages.browser()
    assert browser.post("/admin/sign-in", data={"password": PASSWORD}).status_code == 303
    return browser


def mark_in(text: str) -> str:
    return re.search(r'name="mark" value="([0-9a-f]+)"', text)[1]


# Who gets in --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
def test_without_a_password_or_a_proxys_header_there_is_no_admin_page(here, path):
    with pages_of(here) as pages:
        assert pages.client.get(f"/admin{path}").status_code == 404
        assert pages.client.post("/admin/sign-in", data={"password": ""}).status_code == 404
        assert pages.client.post("/admin/outbox/retry").status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_is_asked_to_sign_in_and_sees_nothing(pages, path):
    answer = pages.client.get(f"/admin{path}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/admin/sign-in")
    assert answer.content == b""


@pytest.mark.parametrize("path", PAGES)
def test_whoever_knows_the_password_sees_every_page(pages, path):
    answer = signed_in(pages).get(f"/admin{path}")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"


def test_a_wrong_password_gets_no_session(pages):
    answer = pages.client.post("/admin/sign-in", data={"password": "wrong"})
    assert answer.status_code == 403
    assert "That is not the password" in answer.text
    assert "set-cookie" not in answer.headers


def test_the_session_is_a_cookie_for_these_pages_alone(pages):
    answer = pages.client.post("/admin/sign-in", data={"password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Secure-digest-admin=")
    said = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "secure", "samesite=lax", "path=/admin", "max-age=43200"} <= said


def test_below_a_path_the_session_is_for_that_path(here):
    with pages_of(here, base_url=f"{BASE}/papers", admin_password=HASH) as pages:
        answer = pages.browser().post("/papers/admin/sign-in", data={"password": PASSWORD})
        if answer.status_code == 404:  # the proxy before us takes the path away
            answer = pages.browser().post("/admin/sign-in", data={"password": PASSWORD})
        assert answer.headers["location"] == "/papers/admin"
        assert "Path=/papers/admin;" in answer.headers["set-cookie"]


def test_where_nothing_is_encrypted_the_cookie_does_not_claim_so(here):
    with pages_of(here, base_url="http://127.0.0.1:8000", admin_password=HASH) as pages:
        answer = pages.client.post("/admin/sign-in", data={"password": PASSWORD})
        assert answer.headers["set-cookie"].startswith("digest-admin=")
        assert "secure" not in answer.headers["set-cookie"].lower()


@pytest.mark.parametrize(("later", "inside"), [(719, True), (721, False)], ids=("in", "over"))
def test_a_session_lasts_twelve_hours(here, later, inside):
    with pages_of(here, admin_password=HASH) as pages:
        cookies = signed_in(pages).cookies
    with pages_of(here, NOW + dt.timedelta(minutes=later), admin_password=HASH) as pages:
        browser = pages.browser()
        browser.cookies = cookies
        assert (browser.get("/admin").status_code == 200) is inside


def test_another_password_ends_all_sessions(here):
    with pages_of(here, admin_password=HASH) as pages:
        cookies = signed_in(pages).cookies
    with pages_of(here, admin_password=hashed(PASSWORD, cost=4)) as pages:
        browser = pages.browser()
        browser.cookies = cookies
        assert browser.get("/admin").status_code == 303


@pytest.mark.parametrize("purpose", ["mine", "unsubscribe", "confirm"])
def test_no_other_token_of_ours_is_a_session(pages, purpose):
    from digest.links import seal

    said = int((NOW + dt.timedelta(hours=1)).timestamp()).to_bytes(6) + bytes(20)
    browser = pages.browser()
    browser.cookies.set("__Secure-digest-admin", seal(said, purpose, pages.desk.keys[0]))
    assert browser.get("/admin").status_code == 303


def test_signing_out_takes_the_session_away(pages):
    browser = signed_in(pages)
    mark = mark_in(browser.get("/admin").text)
    answer = browser.post("/admin/sign-out", data={"mark": mark})
    assert answer.headers["location"] == "/admin/sign-in"
    assert browser.get("/admin").status_code == 303


def test_passwords_are_tried_a_few_times_a_minute_and_no_more(pages):
    answers = [
        pages.client.post("/admin/sign-in", data={"password": "x"}).status_code for _ in range(7)
    ]
    assert answers == [403] * 5 + [429] * 2
    elsewhere = pages.browser("198.51.100.9")
    assert elsewhere.post("/admin/sign-in", data={"password": PASSWORD}).status_code == 303


# A proxy's header ---------------------------------------------------------------------------------


def test_a_header_is_believed_from_a_proxy_that_is_named(here):
    with pages_of(here, admin_header="X-User", proxies=["10.0.0.0/8"]) as pages:
        answer = pages.browser("10.1.2.3").get(
            "/admin", headers={"X-User": "ada", "X-Forwarded-For": STRANGER}
        )
        assert answer.status_code == 200
        assert "ada" in answer.text


@pytest.mark.parametrize("header", ["X-User", "x-user"])
def test_a_header_that_a_reader_sends_is_not_believed(here, header):
    with pages_of(here, admin_header="X-User", proxies=["10.0.0.0/8"]) as pages:
        forged = {header: "ada", "X-Forwarded-For": "10.1.2.3"}
        assert pages.client.get("/admin", headers=forged).status_code == 403


def test_an_empty_header_is_nobody(here):
    with pages_of(here, admin_header="X-User", proxies=["10.0.0.0/8"]) as pages:
        assert pages.browser("10.1.2.3").get("/admin", headers={"X-User": " "}).status_code == 403


# Forms --------------------------------------------------------------------------------------------


def failed(pages: Pages, *readers: str) -> None:
    """A mail to each of these readers that the server refused for good."""
    import sqlalchemy as sa

    from digest.store.schema import outbox

    pages.app.store.subscribers.add([a_subscriber(who) for who in readers], NOW)
    mail(pages.app.store, readers, NOW)
    with pages.app.store.engine.begin() as connection:
        connection.execute(sa.update(outbox).values(state="failed", reply="550 no"))


def test_the_retry_button_queues_failed_mails_again(pages):
    failed(pages, "ada", "bob")
    browser = signed_in(pages)
    shown = browser.get("/admin/outbox?state=failed").text
    assert "Send 2 failed again" in shown
    answer = browser.post("/admin/outbox/retry", data={"state": "failed", "mark": mark_in(shown)})
    assert answer.headers["location"] == "/admin/outbox?again=2"
    assert pages.app.store.outbox.counts() == {"queued": 2}
    assert "2 mails are queued again" in browser.get(answer.headers["location"]).text


@pytest.mark.parametrize("mark", ["", "0" * 32, "é"])
def test_a_form_without_the_sessions_mark_changes_nothing(pages, mark):
    failed(pages, "ada")
    answer = signed_in(pages).post("/admin/outbox/retry", data={"state": "failed", "mark": mark})
    assert answer.status_code == 403
    assert pages.app.store.outbox.counts() == {"failed": 1}


def test_the_mark_of_one_session_is_none_in_another(pages):
    failed(pages, "ada")
    mark = mark_in(signed_in(pages).get("/admin/outbox").text)
    answer = signed_in(pages).post("/admin/outbox/retry", data={"state": "failed", "mark": mark})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "header",
    [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}],
    ids=("origin", "sec-fetch-site"),
)
def test_a_form_from_another_site_changes_nothing_whatever_it_holds(pages, header):
    failed(pages, "ada")
    browser = signed_in(pages)
    data = {"state": "failed", "mark": mark_in(browser.get("/admin/outbox").text)}
    assert browser.post("/admin/outbox/retry", data=data, headers=header).status_code == 403
    assert pages.app.store.outbox.counts() == {"failed": 1}


def test_mails_that_were_sent_cannot_be_sent_again(pages):
    browser = signed_in(pages)
    mark = mark_in(browser.get("/admin/outbox").text)
    answer = browser.post("/admin/outbox/retry", data={"state": "sent", "mark": mark})
    assert answer.status_code == 400


# What they show -----------------------------------------------------------------------------------


def test_the_overview_names_trouble_first(pages):
    failed(pages, "ada")
    text = signed_in(pages).get("/admin").text
    assert text.index("Look at this") < text.index("1 mail failed") < text.index("Due now")


def test_the_overview_of_a_good_day_says_so(pages):
    assert "Nothing needs looking at" in signed_in(pages).get("/admin").text


def test_the_overview_counts_todays_editions_by_what_became_of_them(pages):
    store = pages.app.store
    today = NOW.date()
    store.editions.add([composed(store, who, date=today, at=NOW) for who in ("ada", "bob")])
    text = signed_in(pages).get("/admin").text
    assert "<dt>Composed</dt><dd>2</dd>" in text
    assert "<dt>Waiting</dt><dd>2</dd>" in text
    assert f'<a href="/admin/outbox?date={today}">' in text


def test_a_sources_name_from_outside_is_escaped_on_every_page(pages):
    name = "<script>alert(1)</script>"
    pages.app.store.sources.record(Run(name, NOW, "rejected", why="<b>broken</b>"))
    browser = signed_in(pages)
    for path in ("", "/runs", "/sources", "/runs?source=%3Cscript%3Ealert(1)%3C/script%3E"):
        text = browser.get(f"/admin{path}").text
        assert "<script>alert" not in text
        assert "<b>broken" not in text
    assert "&lt;b&gt;broken" in browser.get("/admin/runs").text


def test_the_outbox_is_shown_by_state_and_by_day(pages):
    failed(pages, "ada", "bob")
    browser = signed_in(pages)
    day = pages.app.store.listings.outbox().rows[0].date
    assert browser.get(f"/admin/outbox?state=failed&date={day}").text.count("550 no") == 2
    assert "There is no such mail" in browser.get("/admin/outbox?state=sent").text
    assert "There is no such mail" in browser.get("/admin/outbox?date=2001-01-01").text


def test_a_long_list_has_pages_that_keep_what_was_asked_for(pages):
    for n in range(ROWS + 1):
        pages.app.store.sources.record(Run("a & b", NOW, "fetched", n, n))
    browser = signed_in(pages)
    text = browser.get("/admin/runs?source=a+%26+b").text
    assert 'href="?source=a+%26+b&amp;page=2" rel="next"' in text
    text = browser.get("/admin/runs?source=a+%26+b&page=2").text
    assert text.count("<td>fetched</td>") == 1
    assert 'rel="prev"' in text


@pytest.mark.parametrize(
    "query",
    ["page=0", "page=-1", "page=2001", "page=x", "page=٣", "state=lost", "date=monday", "date=0"],
)
def test_a_page_that_cannot_be_is_not_found(pages, query):
    assert signed_in(pages).get(f"/admin/outbox?{query}").status_code == 404


def test_what_came_back_is_shown_and_an_erased_address_is_not(pages):
    store = pages.app.store
    store.subscribers.add([a_subscriber("ada")], NOW)
    bounce = Bounce(
        "1", "<1@x>", "ada", "ada@example.org", NOW.date(), "hard", NOW, "5.1.1", "nobody"
    )
    store.bounces.record(bounce, lambda _: None)
    store.suppressions.add([Suppression("hmac:abc", "erased", NOW)])
    browser = signed_in(pages)
    assert "5.1.1 nobody" in browser.get("/admin/bounces").text
    assert "hmac:" not in browser.get("/admin/suppressions").text
    assert "(erased)" in browser.get("/admin/suppressions").text


def test_subscribers_and_votes_are_counted_and_drawn(pages):
    store = pages.app.store
    collect(store, "On <Bees>", at=NOW)
    (paper,) = (one.paper.key for one in store.papers.candidates(NOW - dt.timedelta(1), NOW))
    store.votes.add([Vote("me", paper, "more", NOW)])
    browser = signed_in(pages)
    shown = browser.get("/admin/votes").text
    assert "1 more, 0 less, 0 saved" in shown
    assert "On &lt;Bees&gt;" in shown
    assert '<rect class="on"' in shown
    shown = browser.get("/admin/subscribers").text
    assert "1 joined, 0 left" in shown
    assert "me@example.org" in shown


# Preview ------------------------------------------------------------------------------------------


def test_a_preview_stands_in_a_frame_that_can_do_nothing(pages):
    collect(pages.app.store, "Diffusion of bees", at=NOW)
    browser = signed_in(pages)
    shown = browser.get("/admin/preview?who=me@example.org")
    assert '<iframe class="frame" sandbox' in shown.text
    assert "frame-src 'self'" in shown.headers["content-security-policy"]
    inside = browser.get("/admin/preview/edition?who=me")
    policy = inside.headers["content-security-policy"]
    assert "sandbox" in policy
    assert "default-src 'none'" in policy
    assert inside.headers["x-frame-options"] == "SAMEORIGIN"
    assert "Diffusion of bees" in inside.text


def test_a_preview_leads_to_nothing_in_the_readers_name(pages):
    collect(pages.app.store, "Diffusion of bees", at=NOW)
    text = signed_in(pages).get("/admin/preview/edition?who=me").text
    for page in ("leave", "vote", "mine", "edition", "confirm"):
        assert f"{BASE}/{page}/" not in text


def test_a_preview_of_nobody_says_so(pages):
    browser = signed_in(pages)
    assert "There is no subscriber “&lt;x&gt;”" in browser.get("/admin/preview?who=<x>").text
    assert browser.get("/admin/preview/edition?who=x").status_code == 404


def test_no_page_shows_a_secret(here):
    with pages_of(here, admin_password=HASH, metrics_token="tell-nobody") as pages:
        browser = signed_in(pages)
        key = pages.desk.keys[0].secret.hex()
        for path in PAGES:
            text = browser.get(f"/admin{path}").text
            assert not any(secret in text for secret in (HASH, "tell-nobody", key))
