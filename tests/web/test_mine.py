"""My digest: what a reader can see, change, take along and erase."""

from __future__ import annotations

import json
import re

import pytest

from digest.app import App
from digest.bounces import Bounce
from digest.links import open_feed
from digest.subscribers import Interest, Schedule
from tests.support.builders import a_subscriber
from tests.support.databases import engine_of
from tests.support.visitors import TITLES, WISHES, opened_site, shown, with_papers

ADA = a_subscriber(
    "ada",
    schedule=Schedule("Europe/Paris", 7, ("mon", "fri")),
    size=7,
    interests=(
        Interest(
            "Distributed training",
            text="modular training",
            keywords=("a | b", "c"),
            authors=("LeCun, Yann",),
            examples=("2605.00001",),
            required=("model",),
            dislikes=("Some title, with a comma",),
            categories=("cs.LG",),
            weight=2.5,
        ),
        Interest("Proteins", keywords=("protein",)),
    ),
    muted=("blockchain", "category:cs.CR"),
    preferred=("source:arxiv",),
    abstract="full",
    quiet="none",
)


@pytest.fixture
def here(here):
    here.store.subscribers.add([ADA, a_subscriber("bob")], here.now)
    here.edition(ADA, *TITLES[:2])
    return here


def fields(page: str) -> dict:
    """What the form of a page sends when nothing is changed."""
    from html import unescape

    form = re.search(r"(?s)<form[^>]*data-preview.*?</form>", page)[0]
    found: dict = {"weekdays": []}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = (re.search(rf'{what}="([^"]*)"', tag) for what in ("name", "value"))
        if 'type="checkbox"' in tag:
            found["weekdays"] += [value[1]] if "checked" in tag else []
        elif 'type="file"' not in tag:
            found[name[1]] = unescape(value[1])
    for name, text in re.findall(
        r'(?s)<textarea[^>]*name="([^"]*)"[^>]*>\n?(.*?)</textarea>', form
    ):
        found[name] = unescape(text)
    for name, options in re.findall(r'(?s)<select[^>]*name="([^"]*)".*?>(.*?)</select>', form):
        chosen = re.search(r'<option(?: value="([^"]*)")? selected>([^<]*)<', options)
        found[name] = chosen[2] if chosen[1] is None else chosen[1]
    return found


def reader(here, who: str = "ada"):
    return here.store.subscribers.find(who).subscriber


def test_the_page_shows_everything(here):
    here.post(here.vote("ada", "save", "arxiv:2605.00000"))
    page = shown(here.get(here.mine("ada")))
    assert "Your next edition comes on Friday, 22 May 2026 at about 07:00 (Europe/Paris)" in page
    assert "Wednesday, 20 May 2026" in page  # a past edition
    assert f"{TITLES[0]} Saved" in page
    assert "/feed/" in page


def test_saving_what_is_shown_changes_nothing(here):
    path = here.mine("ada")
    page = here.post(path, fields(here.get(path).text))
    assert page.status_code == 200
    assert "Saved." in shown(page)
    assert reader(here) == ADA


def test_what_is_changed_is_stored(here):
    form = fields(here.get(here.mine("ada")).text)
    form |= {"size": "3", "muted": "crypto", "text-2": "graphs", "keywords-1": "", "name-1": ""}
    here.post(here.mine("ada"), form)
    now = reader(here)
    assert (now.size, now.muted) == (3, ("crypto",))
    assert [one.name for one in now.interests] == ["Distributed training", "graphs"]
    assert here.store.subscribers.find("ada").origin == "store"


def test_a_mistake_is_told_and_nothing_is_stored_or_lost(here):
    form = fields(here.get(here.mine("ada")).text)
    page = here.post(here.mine("ada"), form | {"muted": "categorie:cs.CL", "size": "4"})
    assert page.status_code == 422
    assert "unknown prefix" in re.search(r'id="muted-problem">([^<]+)', page.text)[1]
    assert "categorie:cs.CL" in page.text
    assert reader(here) == ADA


def test_the_preview_stores_nothing(here):
    form = fields(here.get(here.mine("ada")).text)
    form |= {"text-0": "diffusion models", "required-0": "", "fragment": "1"}
    part = here.post(f"{here.mine('ada')}/preview", form)
    assert TITLES[2] in shown(part)
    assert TITLES[0] not in shown(part)  # they had it
    assert reader(here) == ADA


def test_pause_and_resume(here):
    assert "Paused." in shown(here.act("ada", "/pause"))
    assert here.store.subscribers.find("ada").state == "paused"
    assert here.store.outbox.counts() == {"withdrawn": 1}
    assert "Welcome back" in shown(here.act("ada", "/resume"))
    assert here.store.subscribers.find("ada").state == "active"


def test_leave_and_come_back(here):
    here.act("ada", "/leave")
    assert here.store.subscribers.find("ada").state == "left"
    here.act("ada", "/pause")  # of no effect
    here.act("ada", "/resume")
    assert here.store.subscribers.find("ada").state == "active"
    assert [one.what for one in here.store.signups.consents("ada")] == ["came back"]


def test_a_vote_is_taken_back(here):
    here.post(here.vote("ada", "less", "arxiv:2605.00001"))
    page = here.get(here.mine("ada"))
    assert "Less like this" in shown(page)
    here.act("ada", "/vote", paper="arxiv:2605.00001", value="clear")
    assert here.store.votes.opinions(["ada"]) == []


@pytest.mark.parametrize(
    ("paper", "value"),
    [("arxiv:2605.00003", "more"), ("arxiv:2605.00000", "adore"), ("", ""), ("x", "more")],
)
def test_only_papers_of_ones_own_can_be_voted_on(here, paper, value):
    assert here.act("ada", "/vote", paper=paper, value=value).status_code == 400
    assert here.store.votes.history("ada") == []


def test_a_new_feed_address_revokes_the_old_one(here):
    def token() -> str:
        return re.search(r"<code>[^<]*/feed/([\w-]+)\.atom", here.get(here.mine("ada")).text)[1]

    before = token()
    assert open_feed(before, here.desk.keys) == ("ada", 0)
    assert here.get(f"/feed/{before}.atom").status_code == 200
    here.act("ada", "/feed")
    assert open_feed(token(), here.desk.keys) == ("ada", 1)
    assert here.get(f"/feed/{before}.atom").status_code == 404
    assert here.get(f"/feed/{token()}.atom").status_code == 200


def test_the_export_has_everything_that_is_stored(here):
    new = here.subscribed("new@example.org")
    here.edition(new, *TITLES[1:3])
    here.post(here.vote(new.id, "more", "arxiv:2605.00001"))
    here.store.bounces.record(
        Bounce(
            "r", "<m@x>", new.id, "new@example.org", here.now.date(), "soft", here.now, words="full"
        ),
        lambda _: None,
    )
    answer = here.get(f"{here.mine(new.id)}/export")
    assert answer.headers["content-disposition"].startswith("attachment")
    found = json.loads(answer.text)
    assert found["subscriber"]["address"] == "new@example.org"
    assert found["subscriber"]["interests"][0]["text"] == WISHES["text-0"]
    assert [one["what"] for one in found["consents"]] == ["subscribed"]
    assert [paper["title"] for paper in found["editions"][0]["papers"]] == list(TITLES[1:3])
    assert [(one["title"], one["value"]) for one in found["votes"]] == [(TITLES[1], "more")]
    assert [(one["kind"], one["words"]) for one in found["bounces"]] == [("soft", "full")]


def test_erasing_leaves_a_hash_and_nothing_else(here):
    who = here.subscribed("new@example.org").id
    here.edition(reader(here, who), TITLES[0])
    here.post(here.vote(who, "more", "arxiv:2605.00000"))
    page = here.mine(who)
    assert "Everything is erased" in shown(here.act(who, "/erase", sure="yes"))
    assert here.get(page).status_code == 404
    (one,) = here.store.suppressions.all()
    assert (one.address[:5], one.reason) == ("hmac:", "erased")
    text = "\n".join(engine_of(here.store).raw_connection().driver_connection.iterdump())
    assert "new@example.org" not in text
    assert who not in text


def test_erasing_takes_a_tick(here):
    page = here.act("ada", "/erase")
    assert page.status_code == 422
    assert "Tick the box first" in shown(page)
    assert reader(here) == ADA


def test_who_was_erased_can_subscribe_again(here):
    here.act("ada", "/erase", sure="yes")
    new = here.subscribed("ada@example.org")
    assert new.id != "ada"
    assert here.store.subscribers.find(new.id).state == "active"
    assert here.store.suppressions.all() == []


CHANGES = ("", "/preview", "/pause", "/resume", "/leave", "/vote", "/feed", "/erase")


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize("mark", ["", "0" * 32, "é", "of another page"])
def test_a_form_without_the_mark_of_its_page_is_refused(here, path, mark):
    if mark == "of another page":
        mark = re.search(r'name="mark" value="([^"]+)"', here.get(here.mine("bob")).text)[1]
    answer = here.post(f"{here.mine('ada')}{path}", {"mark": mark, "sure": "yes", **WISHES})
    assert answer.status_code == 403
    assert here.store.subscribers.find("ada").state == "active"
    assert reader(here) == ADA


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
    ids=str,
)
def test_a_form_from_another_site_is_refused(here, headers):
    path = here.mine("ada")
    mark = re.search(r'name="mark" value="([^"]+)"', here.get(path).text)[1]
    answer = here.post(f"{path}/pause", {"mark": mark}, headers=headers)
    assert answer.status_code == 403
    assert here.store.subscribers.find("ada").state == "active"


def test_looking_changes_nothing(here):
    for path in CHANGES[2:]:
        assert here.get(f"{here.mine('ada')}{path}").status_code == 405
    assert here.store.subscribers.find("ada").state == "active"


def test_nobody_keeps_a_copy_of_the_page(here):
    for path in ("", "/export"):
        assert here.get(here.mine("ada") + path).headers["cache-control"] == "no-store"


def test_the_page_of_the_public_edition_is_nobodys(here):
    assert here.get(here.mine("public")).status_code == 404


# Readers of the file ---------------------------------------------------------------------------

LISTED = {"id": "eve", "address": "eve@example.org", "interests": [{"text": "sparse attention"}]}


@pytest.fixture
def listed(tmp_path_factory, sqlite_template):
    found = opened_site(tmp_path_factory.mktemp("listed"), sqlite_template, [LISTED])
    with_papers(found)
    yield found
    found.app.close()


def test_interests_of_the_file_are_shown_and_belong_to_it(listed):
    page = listed.get(listed.mine("eve"))
    assert "written in a file" in shown(page)
    assert "sparse attention" in shown(page)
    assert 'name="text-0"' not in page.text
    before = reader(listed, "eve")
    assert listed.act("eve", "", **WISHES).status_code == 403
    assert reader(listed, "eve") == before


def test_readers_of_the_file_pause_vote_and_erase_as_others_do(listed):
    listed.act("eve", "/pause")
    assert listed.store.subscribers.find("eve").state == "paused"
    listed.act("eve", "/resume")
    assert "also stands in a file" in shown(listed.act("eve", "/erase", sure="yes"))
    again = App(listed.app.settings, listed.app.clock)
    assert again.store.subscribers.find("eve").state == "suppressed"
    again.close()


# The page that asks for the link ---------------------------------------------------------------


def asks(here, address: str):
    return here.post("/mine", here.worked(address, "/mine"))


def test_a_reader_is_sent_the_link(here):
    assert asks(here, "ada@example.org").status_code == 200
    (mail,) = here.mails("ada@example.org")[1:]
    assert mail["Subject"] == "Your link to Daily Papers"
    assert 'href="http://papers.example.org/mine/' in mail.get_body(("html",)).get_content()
    assert here.get(here.path_in_mail("ada@example.org", "mine")).status_code == 200


def test_strangers_get_the_same_answer_and_no_mail(here):
    known, unknown = asks(here, "ada@example.org"), asks(here, "new@example.org")
    assert known.text.replace("ada@", "new@") == unknown.text
    assert here.mails("new@example.org") == []


def test_the_link_comes_once_a_day_and_shares_the_day_with_confirmations(here):
    for _ in range(20):
        asks(here, "ada@example.org")
    here.subscribe("ada@example.org")
    assert len(here.mails("ada@example.org")) == 2  # an edition and a link
    here.later(days=1, minutes=1)
    asks(here, "ada@example.org")
    assert len(here.mails("ada@example.org")) == 3


def test_no_address_is_told_beside_the_field(here):
    page = here.post("/mine", {"address": "nobody"})
    assert page.status_code == 422
    assert 'id="address-problem"' in page.text
