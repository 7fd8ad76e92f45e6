"""Leaving: one click from a mail provider, a button for people, and a way back."""

from __future__ import annotations

import pytest

from tests.support.builders import a_subscriber
from tests.support.visitors import TITLES, shown

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def here(here):
    here.store.subscribers.add([a_subscriber("ada"), a_subscriber("bob")], here.now)
    return here


def state(here, who: str = "ada") -> str:
    return here.store.subscribers.find(who).state


BODIES = {
    "urlencoded": {"data": ONE_CLICK},
    "multipart": {"files": {"List-Unsubscribe": (None, "One-Click")}},
    "nothing": {},
    "something else": {"content": b"\0\xff", "headers": {"content-type": "image/png"}},
    "broken multipart": {
        "content": b"--x\r\nnonsense",
        "headers": {"content-type": "multipart/form-data; boundary=y"},
    },
    "from a browser elsewhere": {
        "data": ONE_CLICK,
        "headers": {"origin": "https://mail.example.net", "sec-fetch-site": "cross-site"},
    },
    "with a cookie": {"data": ONE_CLICK, "headers": {"cookie": "session=1"}},
}


@pytest.mark.parametrize("body", BODIES)
def test_one_click_leaves_whatever_the_body_is(here, body):
    """F33; RFC 8058 §3.1."""
    page = here.client.post(here.leave("ada"), **BODIES[body])
    assert page.status_code == 200
    assert "set-cookie" not in page.headers
    assert "location" not in page.headers
    assert (state(here), state(here, "bob")) == ("left", "active")


def test_a_second_click_is_as_good_as_the_first(here):
    path = here.leave("ada")
    answers = [here.post(path, ONE_CLICK) for _ in range(3)]
    assert [page.status_code for page in answers] == [200] * 3
    assert state(here) == "left"


def test_a_click_for_somebody_erased_meanwhile_is_answered_too(here):
    path = here.leave("ada")
    here.store.subscribers.erase("ada", here.desk.keys[0].secret, here.now)
    assert here.post(path, ONE_CLICK).status_code == 200
    assert "nothing is known about you" in shown(here.get(path))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_at_the_link_changes_nothing(here, method):
    for _ in range(3):
        assert here.client.request(method, here.leave("ada")).status_code == 200
    assert state(here) == "active"
    assert "Leave Daily Papers?" in shown(here.get(here.leave("ada")))


def test_the_page_does_not_tell_the_address_to_whom_a_mail_was_forwarded(here):
    page = here.get(here.leave("ada"))
    assert "a…@example.org" in shown(page)
    assert "ada@example.org" not in page.text


@pytest.mark.parametrize("spoil", ["cut", "longer", "another letter", "another purpose", "other"])
def test_a_token_that_is_not_ours_is_refused_and_changes_nothing(here, spoil):
    """F33."""
    path = here.leave("ada")
    page, token = path.rsplit("/", 1)
    wrong = {
        "cut": token[:-2],
        "longer": token + "AA",
        "another letter": token[:5] + ("A" if token[5] != "A" else "B") + token[6:],
        "another purpose": here.mine("ada").rpartition("/")[2],
        "other": "x",
    }[spoil]
    assert here.post(f"{page}/{wrong}", ONE_CLICK).status_code == 404
    assert here.get(f"{page}/{wrong}").status_code == 404
    assert state(here) == "active"


def test_a_huge_body_is_refused(here):
    """F33."""
    page = here.client.post(here.leave("ada"), content=b"x" * 2_000_000)
    assert page.status_code == 413


def test_leaving_withdraws_what_is_queued(here):
    """F28, H16."""
    here.edition(here.store.subscribers.find("ada").subscriber, TITLES[0])
    here.edition(here.store.subscribers.find("bob").subscriber, TITLES[0])
    here.post(here.leave("ada"), ONE_CLICK)
    assert here.store.outbox.counts() == {"withdrawn": 1, "queued": 1}


def test_many_readers_can_leave_through_one_provider(tmp_path, sqlite_template):
    from tests.support.visitors import opened_site

    here = opened_site(tmp_path, sqlite_template, forms_per_minute=2)
    readers = [a_subscriber(f"r{n}") for n in range(20)]
    here.store.subscribers.add(readers, here.now)
    assert {here.post(here.leave(one.id), ONE_CLICK).status_code for one in readers} == {200}
    here.app.close()


def test_a_slip_is_undone_with_the_same_link(here):
    path = here.leave("ada")
    assert "I did not mean to" in shown(here.post(path, ONE_CLICK))
    assert "Welcome back" in shown(here.post(f"{path}/back"))
    assert state(here) == "active"
    (consent,) = here.store.signups.consents("ada")
    assert (consent.what, consent.at) == ("came back", here.now)


def test_a_link_in_an_old_mail_brings_nobody_back(here):
    path = here.leave("ada")
    here.post(path, ONE_CLICK)
    here.later(days=8)
    assert "That was a while ago" in shown(here.post(f"{path}/back"))
    assert state(here) == "left"


def test_coming_back_without_having_left_changes_nothing(here):
    assert "You have not left" in shown(here.post(f"{here.leave('ada')}/back"))
    assert here.store.signups.consents("ada") == []


def test_they_may_say_why(here):
    path = here.leave("ada")
    here.post(path, ONE_CLICK)
    page = here.post(f"{path}/why", {"reason": "many", "words": "Every\nday!"})
    assert "Thank you for telling us" in shown(page)
    (said,) = here.store.signups.leavings()
    assert (said.subscriber, said.reason, said.words) == ("ada", "many", "Every day!")


def test_a_reason_counts_of_those_who_left_only(here):
    here.post(f"{here.leave('ada')}/why", {"reason": "many"})
    assert here.store.signups.leavings() == []


def test_a_form_from_elsewhere_brings_nobody_back(here):
    path = here.leave("ada")
    here.post(path, ONE_CLICK)
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        assert here.client.post(f"{path}/back", headers=headers).status_code == 403
    assert state(here) == "left"
