"""`digest suppress`: the list of addresses that get nothing, by hand and as a file."""

from __future__ import annotations

import pytest

from digest.bounces import Suppression
from digest.keys import link_keys
from digest.store.suppressions import erased
from tests.support.databases import NOW, opened
from tests.support.installation import Installation, here

__all__ = ["here"]

DAY = "2026-05-20T12:00:00+00:00"


def listed(here: Installation) -> list[tuple[str, str, str, str]]:
    ran = here.digest("--json", "suppress", "list")
    return [
        (one["address"], one["reason"], one["date"][:10], one["detail"])
        for one in ran.json["suppressions"]
    ]


def state(here: Installation, who: str = "me") -> str:
    return here.digest("--json", "subscribers", "show", who).json["state"]


def test_an_address_is_put_on_the_list_and_its_reader_gets_nothing(here):
    ran = here.digest("suppress", "add", "Me@example.org", "--detail", "asked me", "--now", DAY)
    assert (ran.code, ran.out) == (0, "Nothing more goes to Me@example.org.\n")
    assert listed(here) == [("me@example.org", "operator", "2026-05-20", "asked me")]
    assert state(here) == "suppressed"
    assert here.digest("suppress", "list").out == (
        "2026-05-20  operator   me@example.org: asked me\n"
    )


def test_one_that_is_on_the_list_stays_as_it_was(here):
    here.digest("suppress", "add", "me@example.org", "--now", DAY)
    ran = here.digest("suppress", "add", "me@example.org", "--reason", "complaint")
    assert ran.out == "me@example.org was on the list already; nothing changes.\n"
    assert listed(here) == [("me@example.org", "operator", "2026-05-20", "")]


def test_what_is_no_address_is_refused(here):
    ran = here.digest("suppress", "add", "nobody")
    assert ran.code == 2
    assert "'nobody' is not a mail address" in ran.err


def test_an_address_is_taken_off_the_list(here):
    here.digest("suppress", "add", "me@example.org")
    assert here.digest("suppress", "remove", "ME@example.org").code == 0
    assert listed(here) == []
    assert state(here) == "active"
    assert here.digest("suppress", "list").out == "No address is suppressed.\n"


def test_taking_off_one_that_is_not_there_is_told(here):
    ran = here.digest("suppress", "remove", "me@example.org")
    assert ran.code == 2
    assert "'me@example.org' is not on the suppression list" in ran.err


def test_the_list_goes_out_as_csv_and_comes_back_the_same(here):
    here.digest("suppress", "add", "a@example.org", "--detail", 'said "no", twice', "--now", DAY)
    here.digest("suppress", "add", "b@example.org", "--reason", "complaint", "--now", DAY)
    before = listed(here)
    file = here.folder / "list.csv"
    assert here.digest("suppress", "export", "--output", str(file)).code == 0
    assert file.read_text().splitlines()[0] == "address,reason,date,detail"
    assert here.digest("suppress", "export").out == file.read_text()
    for address in ("a@example.org", "b@example.org"):
        here.digest("suppress", "remove", address)
    ran = here.digest("suppress", "import", str(file))
    assert ran.out == "Suppressed 2 addresses; 0 were on the list already.\n"
    assert listed(here) == before


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a@example.org\nb@example.org\n\n", ["operator", "operator"]),
        ("\ufeffEmail,Status\na@example.org,hard bounce\nb@example.org,\n", ["operator"] * 2),
        ("address,reason\na@example.org,left\nb@example.org,Bounce\n", ["left", "bounce"]),
    ],
    ids=["plain", "another program's", "ours in part"],
)
def test_files_of_other_forms_are_read_too(here, text, expected):
    file = here.folder / "list.csv"
    file.write_text(text, encoding="utf-8")
    assert here.digest("suppress", "import", str(file)).code == 0
    assert [(address, reason) for address, reason, *_ in listed(here)] == [
        ("a@example.org", expected[0]),
        ("b@example.org", expected[1]),
    ]


@pytest.mark.parametrize(
    ("row", "why"),
    [("nobody", "row 3: 'nobody' is not a mail"), ("b@x.org,left,today", "row 3: 'today' is no")],
)
def test_a_file_with_a_fault_is_refused_whole_with_the_row(here, row, why):
    file = here.folder / "list.csv"
    file.write_text(f"address,reason,date\na@example.org,left,2026-05-20\n{row}\n")
    ran = here.digest("suppress", "import", str(file))
    assert ran.code == 2
    assert why in ran.err
    assert listed(here) == []


def test_a_file_that_is_not_there_is_told(here):
    ran = here.digest("suppress", "import", "none.csv")
    assert ran.code == 2
    assert "none.csv cannot be read" in ran.err


def test_adding_a_subscriber_who_is_on_the_list_warns_and_changes_nothing_of_it(here):
    here.digest("suppress", "add", "eve@example.org", "--now", DAY)
    ran = here.digest("subscribers", "add", "eve@example.org", "--interest", "proteins")
    assert ran.code == 0
    assert ran.err == (
        "digest: eve@example.org is on the suppression list (operator, 2026-05-20) and gets "
        "nothing; `digest suppress remove eve@example.org` takes it off, if its reader asks for "
        "that\n"
    )
    assert state(here, "eve") == "suppressed"


def test_importing_subscribers_who_are_on_the_list_warns_too(here):
    here.digest("suppress", "add", "eve@example.org")
    file = here.folder / "more.yaml"
    file.write_text(
        "subscribers:\n- {id: eve, address: eve@example.org, interests: [{text: proteins}]}\n"
    )
    ran = here.digest("subscribers", "import", str(file))
    assert ran.out == "Took in 1 subscriber.\n"
    assert "eve@example.org is on the suppression list" in ran.err
    assert state(here, "eve") == "suppressed"


def test_a_suppressed_reader_is_not_added_again_under_another_name(here):
    here.digest("suppress", "add", "me@example.org")
    ran = here.digest("subscribers", "add", "me@example.org", "--id", "other", "--interest", "x")
    assert ran.code == 2
    assert "'me@example.org' is a subscriber already (suppressed)" in ran.err


@pytest.mark.parametrize("way", ["file", "command"])
def test_who_had_everything_erased_gets_nothing_when_somebody_brings_them_back(here, way):
    (key,) = link_keys(here.folder / "config" / "links.key")
    hashed = Suppression(erased("eve@example.org", key.secret), "erased", NOW)
    with opened(f"sqlite:///{here.folder / 'config' / 'digest.db'}") as store:
        store.suppressions.add([hashed])
    if way == "file":
        interests = [{"text": "proteins"}]
        here.subscribers({"id": "eve", "address": "Eve@example.org", "interests": interests})
    else:
        ran = here.digest("subscribers", "add", "Eve@example.org", "--interest", "proteins")
        assert "Eve@example.org is on the suppression list (erased," in ran.err
    who = "eve" if way == "file" else "Eve"
    assert state(here, who) == "suppressed"
