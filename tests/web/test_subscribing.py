"""Subscribing: the form, the preview before it, the mail, and what keeps it from being abused."""

from __future__ import annotations

import re

import pytest

from digest.bounces import Suppression
from digest.store.suppressions import erased
from digest.subscribers import Interest
from digest.web.working import MANY, QUICK
from tests.support.builders import a_subscriber
from tests.support.visitors import TITLES, WISHES, opened_site, shown, solved

BIBTEX = b"""@article{a, title={Sparse Attention for Long Documents}, author={Doe, Jane}, year={2026}}
@article{b, title={Paths}, eprint={2401.00001}, archiveprefix={arXiv}, author={Roe, Ann}}"""


def test_the_form_asks_for_interests_schedule_and_address(here):
    page = here.get("/subscribe").text
    for name in ("text-0", "text-1", "keywords-0", "examples-0", "library", "hour", "timezone"):
        assert f'name="{name}"' in page
    for name in ("weekdays", "size", "abstract", "quiet", "address", "name", "website"):
        assert f'name="{name}"' in page
    assert "Europe/Berlin" in page


def test_the_page_has_no_script_of_its_own_and_its_scripts_are_there(here):
    page = here.get("/subscribe").text
    assert re.findall(r"<script(?! src=)", page) == []
    for path in (
        re.search(r'script src="([^"]+)', page)[1],
        re.search(r'worker="([^"]+)', page)[1],
    ):
        found = here.get(path)
        assert found.status_code == 200
        assert found.headers["content-type"].startswith("text/javascript")
    assert here.get("/script-000000000000/asking.js").status_code == 404


def test_show_me_shows_todays_edition_before_the_address_is_given(here):
    page = here.post("/subscribe/preview", WISHES)
    assert page.status_code == 200
    assert "Today you would get" in shown(page)
    assert TITLES[0] in shown(page)
    assert "modular training of mixtures" in page.text  # what was typed stands there still
    assert here.queued() == []


def test_a_script_gets_the_preview_alone(here):
    part = here.post("/subscribe/preview", {**WISHES, "fragment": "1"})
    assert TITLES[0] in part.text
    assert "<html" not in part.text
    assert part.headers["cache-control"] == "no-store"


def test_a_preview_of_nothing_says_what_is_missing(here):
    part = here.post("/subscribe/preview", {"fragment": "1", "weekdays": "mon"})
    assert "at least one thing that interests you" in shown(part)


def test_a_preview_stores_nothing(here):
    before = [entry.subscriber.id for entry in here.store.subscribers.all()]
    here.post("/subscribe/preview", WISHES)
    assert [entry.subscriber.id for entry in here.store.subscribers.all()] == before


def test_a_subscriber_gets_one_mail_and_nothing_is_stored_as_theirs_yet(here):
    page = here.subscribe("new@example.org")
    assert page.status_code == 200
    assert "Look into your inbox" in shown(page)
    assert here.queued() == [("confirmation", "new@example.org")]
    assert here.store.subscribers.find("new@example.org") is None


def test_what_was_said_is_what_the_reader_becomes(here):
    reader = here.subscribed(
        "new@example.org",
        name="Nell",
        **{"keywords-1": "protein folding", "examples-0": "2605.00001"},
    )
    assert reader.name == "Nell"
    assert reader.schedule.timezone == "Europe/Berlin"
    assert (reader.schedule.hour, reader.size, reader.abstract) == (6, 5, "tldr")
    assert reader.schedule.weekdays == ("mon", "tue", "wed", "thu", "fri")
    first, second = reader.interests
    assert first.text == "modular training of mixtures"
    assert first.keywords == ("sparse attention", "diffusion")
    assert first.examples == ("2605.00001",)
    assert second == Interest("protein folding", keywords=("protein folding",))


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("address", "", "Where shall we write to"),
        ("address", "nobody", "This is no mail address"),
        ("address", "a@b\r\nBcc: c@d", "This is no mail address"),
        ("hour", "24", "from 0 to 23"),
        ("hour", "²", "from 0 to 23"),
        ("size", "-1", "from 1 to 100"),
        ("timezone", "Middle/Earth", "Choose a time zone"),
        ("timezone", "../../etc/passwd", "Choose a time zone"),
        ("weekdays", ["someday"], "at least one day"),
        ("abstract", "most", "Choose one of these"),
        ("keywords-0", "a | ", "empty alternative"),
        ("text-0", "x" * 6000, "at most 5,000 characters"),
        ("keywords-0", ",".join(f"k{n}" for n in range(300)), "at most 200"),
    ],
    ids=lambda value: str(value)[:20].encode("ascii", "replace").decode(),
)
def test_an_error_stands_beside_its_field_and_nothing_typed_is_lost(here, name, value, sentence):
    page = here.subscribe("new@example.org", **{"name": "Nell & Co", **{name: value}})
    assert page.status_code == 422
    problem = re.search(rf'id="{name}-problem">([^<]+)<', page.text)
    assert sentence in problem[1]
    assert "modular training" in page.text or name == "text-0"
    assert "Nell &amp; Co" in page.text
    assert here.queued() == []


def test_a_form_without_any_interest_is_told_so(here):
    empty = {"text-0": "", "keywords-0": " , "}
    page = here.subscribe("new@example.org", **empty)
    assert "Say at least one thing" in shown(page)


def test_a_library_becomes_examples(here):
    data = {**WISHES, **here.worked("new@example.org")}
    page = here.client.post("/subscribe", data=data, files={"library": ("my.bib", BIBTEX)})
    assert page.status_code == 200
    here.post(here.path_in_mail("new@example.org", "confirm"))
    (one,) = here.store.subscribers.find("new@example.org").subscriber.interests
    assert one.examples == ("Sparse Attention for Long Documents", "arxiv:2401.00001")


@pytest.mark.parametrize(
    "data", [b"\0\1\2" * 100, b"%PDF-1.7 x", b"<!DOCTYPE x [<!ENTITY a 'b'>]><opml/>"]
)
def test_a_file_that_is_no_library_is_told_beside_its_field(here, data):
    sent = {**WISHES, **here.worked("new@example.org")}
    page = here.client.post("/subscribe", data=sent, files={"library": ("my.bib", data)})
    assert page.status_code == 422
    assert 'id="library-problem"' in page.text


def test_the_honeypot_is_thanked_and_ignored(here):
    good = here.subscribe("new@example.org")
    trapped = here.subscribe("bot@example.org", website="http://spam.example")
    assert trapped.text.replace("bot@", "new@") == good.text
    assert here.queued() == [("confirmation", "new@example.org")]


# Who asks how often, and for whom ---------------------------------------------------------------


def test_many_posts_for_one_address_bring_one_mail(here):
    """F34."""
    fields = {**WISHES, **here.worked("new@example.org")}
    answers = {here.post("/subscribe", fields).text for _ in range(300)}
    assert len(answers) == 1
    assert here.queued() == [("confirmation", "new@example.org")]
    for spelling in ("NEW@example.org", "new@EXAMPLE.org", " new@example.org "):
        here.subscribe(spelling.strip())
    assert len(here.queued()) == 1


def test_a_day_later_the_address_gets_another(here):
    here.subscribe("new@example.org")
    here.later(hours=23)
    here.subscribe("new@example.org")
    assert len(here.queued()) == 1
    here.later(hours=2)
    here.subscribe("new@example.org")
    assert len(here.queued()) == 2


def test_many_addresses_from_one_network_address_are_limited(tmp_path, sqlite_template):
    """F34."""
    here = opened_site(tmp_path, sqlite_template, forms_per_minute=10)
    work = here.worked("0@example.org")
    codes = []
    for n in range(200):
        fields = {**WISHES, **work, "address": f"{n}@example.org"}
        fields["answer"] = solved(fields["challenge"], fields["address"])
        codes.append(here.post("/subscribe", fields).status_code)
    assert codes.count(200) <= 11
    assert set(codes) == {200, 429}
    assert len(here.queued()) == codes.count(200)
    here.app.close()


def test_everybody_gets_the_same_answer(here):
    here.store.subscribers.add(
        [a_subscriber(who) for who in ("active", "paused", "left")], here.now
    )
    here.store.subscribers.pause("paused", here.now)
    here.store.subscribers.leave("left", here.now)
    key = here.desk.keys[0].secret
    here.store.suppressions.add(
        [
            Suppression("bounced@example.org", "bounce", here.now),
            Suppression(erased("erased@example.org", key), "erased", here.now),
        ]
    )
    names = ("new", "active", "paused", "left", "bounced", "erased")
    answers = set()
    for name in names:
        page = here.subscribe(f"{name}@example.org")
        answers.add((page.status_code, page.text.replace(f"{name}@", "who@")))
    assert len(answers) == 1
    assert here.queued() == [
        ("confirmation", "new@example.org"),
        ("notice", "active@example.org"),
        ("notice", "paused@example.org"),
        ("confirmation", "left@example.org"),
        ("confirmation", "erased@example.org"),
    ]


def test_a_known_reader_is_sent_the_link_to_their_own_page(here):
    here.store.subscribers.add([a_subscriber("ada")], here.now)
    here.subscribe("ada@example.org")
    page = here.get(here.path_in_mail("ada@example.org", "mine"))
    assert page.status_code == 200
    assert "My digest" in shown(page)


def test_where_nobody_may_subscribe_there_is_no_page(tmp_path, sqlite_template):
    here = opened_site(tmp_path, sqlite_template, signup=False)
    assert here.get("/subscribe").status_code == 404
    assert here.post("/subscribe", WISHES).status_code == 404
    assert here.post("/subscribe/preview", WISHES).status_code == 404
    here.app.close()


# Work ------------------------------------------------------------------------------------------


def without_work(here, address: str = "new@example.org", **fields):
    """What a browser without JavaScript sends: the page's challenge, and no answer."""
    work = here.worked(address) | {"answer": ""}
    return {**WISHES, **work, **fields}


def test_without_javascript_a_form_has_to_be_open_for_a_moment(here):
    fields = without_work(here)
    early = here.post("/subscribe", fields)
    assert early.status_code == 422
    assert "That was quick" in shown(early)
    assert fields["challenge"] in early.text  # so that the time goes on
    here.later(seconds=11)
    assert here.post("/subscribe", fields).status_code == 200
    assert len(here.queued()) == 1


def test_without_javascript_only_few_from_one_network_are_taken(here):
    fields = [without_work(here, f"{n}@example.org") for n in range(10)]
    here.later(seconds=20)
    pages = [here.post("/subscribe", one) for one in fields]
    assert [page.status_code for page in pages] == [200] * 3 + [422] * 7
    assert MANY in shown(pages[-1])


def test_work_for_one_address_is_none_for_another(here):
    fields = {**WISHES, **here.worked("new@example.org"), "address": "victim@example.org"}
    while here.post("/subscribe", fields).status_code == 200:  # one in sixteen is, by chance
        fields["address"] = f"x{fields['address']}"
    assert QUICK.partition(".")[0] in shown(here.post("/subscribe", fields))


@pytest.mark.parametrize(
    "challenge",
    ["", "x", "0.0000000000000000." + "0" * 32, "ffffffffffff.0000000000000000." + "0" * 32],
)
def test_a_challenge_that_we_did_not_make_is_refused(here, challenge):
    page = here.subscribe("new@example.org", challenge=challenge, answer="1")
    assert page.status_code == 422
    assert "open for very long" in shown(page)


def test_a_challenge_does_not_last_for_ever(here):
    fields = {**WISHES, **here.worked("new@example.org")}
    here.later(hours=13)
    page = here.post("/subscribe", fields)
    assert page.status_code == 422
    assert fields["challenge"] not in page.text
