"""Confirming: a button, a subscriber, a consent; and links that scanners may follow."""

from __future__ import annotations

import pytest

from digest.bounces import Suppression
from digest.store.suppressions import erased
from digest.web.confirming import WORDING
from tests.support.builders import a_subscriber
from tests.support.visitors import shown


def asked(here, address: str = "new@example.org", **fields) -> str:
    assert here.subscribe(address, **fields).status_code == 200
    return here.path_in_mail(address, "confirm")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_at_the_link_confirms_nothing(here, method):
    path = asked(here)
    for _ in range(3):
        assert here.client.request(method, path).status_code == 200
    assert here.store.subscribers.find("new@example.org") is None


def test_the_button_makes_a_subscriber_and_records_the_consent(here):
    path = asked(here)
    page = here.post(path)
    assert page.status_code == 200
    assert "Welcome" in shown(page)
    entry = here.store.subscribers.find("new@example.org")
    assert (entry.state, entry.origin, entry.joined_at) == ("active", "store", here.now)
    (consent,) = here.store.signups.consents(entry.subscriber.id)
    assert (consent.at, consent.what, consent.wording) == (here.now, "subscribed", WORDING)
    assert consent.network == "testclient"


@pytest.mark.parametrize(
    ("fields", "when"),
    [
        # It is eight on a Wednesday morning in Berlin.
        ({"hour": "6"}, "within the hour"),
        ({"hour": "9"}, "today at about 09:00 (Europe/Berlin)"),
        ({"hour": "9", "weekdays": "thu"}, "tomorrow at about 09:00 (Europe/Berlin)"),
        ({"hour": "6", "weekdays": "mon"}, "on Monday, 25 May 2026 at about 06:00 (Europe/Berlin)"),
    ],
    ids=["due", "later today", "tomorrow", "next week"],
)
def test_the_first_page_says_what_comes_next_and_leads_to_my_digest(here, fields, when):
    page = here.post(asked(here, **fields))
    assert f"Your first edition comes {when}, to new@example.org" in shown(page)
    entry = here.store.subscribers.find("new@example.org")
    assert here.mine(entry.subscriber.id) in page.text


def test_confirming_twice_changes_nothing(here):
    path = asked(here)
    here.post(path)
    who = here.store.subscribers.find("new@example.org").subscriber.id
    again = here.post(path)
    assert again.status_code == 200
    assert "You are subscribed" in shown(again)
    assert len(here.store.signups.consents(who)) == 1


def test_an_old_link_does_not_bring_back_who_left(here):
    path = asked(here)
    here.post(path)
    who = here.store.subscribers.find("new@example.org").subscriber.id
    here.store.subscribers.leave(who, here.now)
    assert "You were subscribed" in shown(here.post(path))
    assert here.store.subscribers.find(who).state == "left"


def test_who_left_and_subscribes_again_is_the_same_reader(here):
    here.store.subscribers.add([a_subscriber("ada")], here.now)
    here.store.subscribers.leave("ada", here.now)
    here.post(asked(here, "ada@example.org"))
    entry = here.store.subscribers.find("ada@example.org")
    assert (entry.subscriber.id, entry.state) == ("ada", "active")
    assert entry.subscriber.interests[0].text == "modular training of mixtures"


@pytest.mark.parametrize("reason", ["left", "erased"])
def test_confirming_lifts_what_the_reader_did_themselves(here, reason):
    key = here.desk.keys[0].secret
    here.store.suppressions.add(
        [
            Suppression("new@example.org", reason, here.now),
            Suppression(erased("new@example.org", key), reason, here.now),
        ]
    )
    path = asked(here)
    assert here.store.suppressions.find("new@example.org") is not None
    here.post(path)
    assert here.store.suppressions.find("new@example.org", here.desk.secrets) is None
    assert here.store.subscribers.find("new@example.org").state == "active"


@pytest.mark.parametrize("reason", ["bounce", "complaint", "operator"])
def test_confirming_lifts_nothing_else(here, reason):
    path = asked(here)
    here.store.suppressions.add([Suppression("new@example.org", reason, here.now)])
    page = here.post(path)
    assert "mail does not reach you" in shown(page)
    assert here.store.subscribers.find("new@example.org").state == "suppressed"


def test_after_a_month_the_link_is_too_old_and_says_so(here):
    path = asked(here)
    here.later(days=31)
    here.store.signups.forget(here.now)
    for page in (here.get(path), here.post(path)):
        assert page.status_code == 404
        assert "This link is too old" in shown(page)


def test_a_reader_of_the_file_only_comes_back(here):
    here.store.subscribers.sync([here.desk.public, a_subscriber("ada")], here.now)
    here.store.subscribers.leave("ada", here.now)
    here.post(asked(here, "ada@example.org"))
    entry = here.store.subscribers.find("ada")
    assert (entry.state, entry.origin) == ("active", "file")
    assert entry.subscriber == a_subscriber("ada")


def test_a_token_of_another_purpose_confirms_nothing(here):
    token = asked(here).rpartition("/")[2]
    for page in ("leave", "mine", "edition"):
        assert here.get(f"/{page}/{token}").status_code == 404
    leaving = here.leave("ada").rpartition("/")[2]
    assert here.post(f"/confirm/{leaving}").status_code == 404
