"""Votes from mails: a link shows, a button votes, another takes it back."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from tests.support.builders import a_subscriber
from tests.support.visitors import TITLES, shown


@pytest.fixture
def here(here):
    here.store.subscribers.add([a_subscriber("ada"), a_subscriber("bob")], here.now)
    here.edition(a_subscriber("ada"), *TITLES[:2])
    return here


def said(here, who: str = "ada") -> list[tuple[str, str]]:
    return [(vote.paper, vote.value) for vote in here.store.votes.history(who)]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("value", ["more", "less", "save"])
def test_following_the_link_votes_nothing(here, method, value):
    page = here.client.request(method, here.vote("ada", value, "arxiv:2605.00000"))
    assert page.status_code == 200
    assert said(here) == []


def test_the_page_shows_the_paper_and_a_button(here):
    page = here.get(here.vote("ada", "more", "arxiv:2605.00000"))
    assert TITLES[0] in shown(page)
    assert "We study modular training" in shown(page)
    assert "More like this" in shown(page)


@pytest.mark.parametrize("value", ["more", "less", "save"])
def test_the_button_votes_says_so_and_offers_undo(here, value):
    path = here.vote("ada", value, "arxiv:2605.00001")
    page = here.post(path)
    assert page.status_code == 200
    assert TITLES[1] in shown(page)
    assert said(here) == [("arxiv:2605.00001", value)]
    (vote,) = here.store.votes.history("ada")
    assert (vote.origin, vote.interest) == ("web", "Distributed training")
    undo = re.search(r'<form method="post" action="([^"]+/clear/[^"]+)"', page.text)[1]
    assert "no longer counts" in shown(here.post(undo))
    assert here.store.votes.opinions(["ada"]) == []


def test_voting_twice_is_one_vote(here):
    path = here.vote("ada", "more", "arxiv:2605.00000")
    here.post(path)
    assert "You had said so before" in shown(here.post(path))
    assert len(said(here)) == 1


@pytest.mark.parametrize(
    ("who", "value", "paper", "days"),
    [
        ("ada", "more", "arxiv:2605.00003", 0),  # in the archive, not in the edition
        ("ada", "more", "arxiv:2605.99999", 0),
        ("ada", "more", "title:", 0),
        ("ada", "adore", "arxiv:2605.00000", 0),
        ("ada", "more", "arxiv:2605.00000", 1),  # of another day
        ("bob", "more", "arxiv:2605.00000", 0),  # of another reader
        ("eve", "more", "arxiv:2605.00000", 0),
    ],
)
def test_a_link_is_good_for_the_papers_of_its_edition_only(here, who, value, paper, days):
    path = here.vote(who, value, paper, here.now.date() - dt.timedelta(days=days))
    assert here.post(path).status_code == 404
    assert here.get(path).status_code == 404
    assert said(here) == said(here, "bob") == []


def test_a_paper_whose_name_has_slashes_can_be_voted_on(here):
    from tests.support.builders import a_paper
    from tests.support.databases import collect

    collect(here.store, a_paper("Slashed", doi="10.1000/a/b?c"), at=here.now, file="b")
    here.edition(a_subscriber("bob"), "Slashed")
    assert here.post(here.vote("bob", "more", "doi:10.1000/a/b?c")).status_code == 200
    assert said(here, "bob") == [("doi:10.1000/a/b?c", "more")]


def test_the_other_pages_links_cannot_vote(here):
    token = here.leave("ada").rpartition("/")[2]
    assert here.post(f"/vote/{token}/more/arxiv:2605.00000").status_code == 404
