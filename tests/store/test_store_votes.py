"""Votes are kept as they were cast, and opinions are worked out from them."""

from __future__ import annotations

import datetime as dt
from itertools import permutations

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.store.votes import Votes
from digest.votes import VALUES, Opinion, Vote
from tests.support.builders import a_paper
from tests.support.databases import NOW, collect, composed, engine_of, numbers

HOUR = dt.timedelta(hours=1)
PAPERS = ("Paths", "Modules", "Routing")
KEYS = tuple(a_paper(title).key for title in PAPERS)


def a_vote(value="more", paper="Paths", hours=0, who="ada", **known) -> Vote:
    return Vote(who, a_paper(paper).key, value, NOW + hours * HOUR, **known)


def naive(history) -> list[tuple[str, bool, bool, dt.datetime, str | None]]:
    """Opinions by paper, folded over a history vote by vote."""
    found: dict[str, tuple] = {}
    for vote in history:
        _, saved, _, interest = found.pop(vote.paper, (False, False, None, None))
        if vote.value != "clear":
            saved = saved or vote.value == "save"
            liked = vote.value in ("more", "save")
            found[vote.paper] = (liked, saved, vote.at, vote.interest or interest)
    return sorted((paper, *rest) for paper, rest in found.items())


def by_key(store, who="ada"):
    names = {number: a_paper(title).key for title, number in numbers(store).items()}
    return sorted(
        (names[each.paper], each.liked, each.saved, each.at, each.interest)
        for each in store.votes.opinions([who])
    )


def test_a_vote_comes_back_as_it_was_cast(store):
    collect(store, a_paper("Paths", arxiv_id="2403.10616"))
    cast = Vote("ada", "arxiv:2403.10616", "save", NOW, "Vision ☕", "import")
    assert store.votes.add([cast]) == 1
    assert store.votes.history("ada") == [cast]
    assert store.votes.history("bob") == []


def test_a_paper_may_be_named_by_any_of_its_keys(store):
    collect(store, a_paper("Paths", arxiv_id="2403.10616"))
    store.votes.add([a_vote()])
    assert [vote.paper for vote in store.votes.history("ada")] == ["arxiv:2403.10616"]


def test_a_vote_on_a_paper_that_nobody_reported_is_not_stored(store):
    collect(store, "Paths")
    assert store.votes.add([a_vote(), a_vote(paper="Unknown")]) == 1
    assert len(store.votes.history("ada")) == 1


def test_votes_of_one_instant_count_in_the_order_in_which_they_were_cast(store):
    collect(store, "Paths")
    store.votes.add([a_vote("more")])
    store.votes.add([a_vote("less")])
    assert [each.liked for each in store.votes.opinions(["ada"])] == [False]
    assert [vote.value for vote in store.votes.history("ada")] == ["more", "less"]
    assert store.votes.latest("ada", KEYS[0]).value == "less"


@pytest.mark.parametrize("order", list(permutations(range(4))), ids=str)
def test_votes_may_be_stored_in_any_order(store, order):
    collect(store, "Paths")
    cast = [a_vote(value, hours=n) for n, value in enumerate(["save", "clear", "more", "less"])]
    for n in order:
        store.votes.add([cast[n]])
    assert store.votes.history("ada") == cast
    assert store.votes.latest("ada", KEYS[0]) == cast[-1]
    (formed,) = store.votes.opinions(["ada"])
    assert (formed.liked, formed.saved, formed.at) == (False, False, NOW + 3 * HOUR)


CAST = st.lists(
    st.builds(
        a_vote,
        st.sampled_from(VALUES),
        st.sampled_from(PAPERS),
        st.integers(0, 3),
        st.sampled_from(["ada", "bob"]),
        interest=st.sampled_from([None, "Vision", "Agents"]),
    ),
    max_size=12,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cast=CAST)
def test_opinions_are_the_history_folded_vote_by_vote(store, cast):
    if not store.papers.count():
        collect(store, *PAPERS)
    with engine_of(store).begin() as connection:
        connection.execute(sa.text("DELETE FROM votes"))
    assert store.votes.add(cast) == len(cast)
    for who in ("ada", "bob"):
        mine = [vote for vote in cast if vote.subscriber == who]
        history = store.votes.history(who)
        assert history == sorted(mine, key=lambda vote: vote.at)
        assert by_key(store, who) == naive(history)
    together = store.votes.opinions(["bob", "ada"])
    assert together == [*store.votes.opinions(["ada"]), *store.votes.opinions(["bob"])]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_the_order_in_which_votes_of_different_instants_arrive_changes_nothing(store, data):
    if not store.papers.count():
        collect(store, *PAPERS)
    values = data.draw(st.lists(st.tuples(st.sampled_from(VALUES), st.sampled_from(PAPERS))))
    cast = [a_vote(value, paper, n) for n, (value, paper) in enumerate(values)]
    seen = []
    for order in (cast, data.draw(st.permutations(cast))):
        with engine_of(store).begin() as connection:
            connection.execute(sa.text("DELETE FROM votes"))
        for vote in order:
            store.votes.add([vote])
        seen.append((store.votes.history("ada"), store.votes.opinions(["ada"])))
    assert seen[0] == seen[1]


def test_opinions_of_a_batch_are_one_question(store):
    collect(store, *PAPERS)
    readers = [f"reader{n}" for n in range(30)]
    store.votes.add([a_vote(who=who, paper=paper) for who in readers for paper in PAPERS])
    asked: list[str] = []
    sa.event.listen(engine_of(store), "before_cursor_execute", lambda *told: asked.append(told[2]))
    found = store.votes.opinions(readers)
    assert len(found) == 90
    assert len([question for question in asked if question.startswith("SELECT")]) == 1


def test_votes_follow_papers_that_turn_out_to_be_one(store):
    collect(store, a_paper("Paths", arxiv_id="2403.10616"), a_paper("Other", doi="10.1234/x"))
    store.votes.add([a_vote("more"), a_vote("less", "Other", hours=1, interest="Vision")])
    assert len(store.votes.opinions(["ada"])) == 2
    both = a_paper("Paths", arxiv_id="2403.10616", doi="10.1234/x")
    collect(store, both, file="tuesday.txt")
    (number,) = numbers(store).values()
    assert store.votes.opinions(["ada"]) == [
        Opinion("ada", number, False, False, NOW + HOUR, "Vision")
    ]
    assert {vote.paper for vote in store.votes.history("ada")} == {"arxiv:2403.10616"}
    assert store.votes.latest("ada", "doi:10.1234/x").value == "less"


def test_who_leaves_keeps_what_they_said(store):
    from tests.support.builders import a_subscriber

    collect(store, "Paths")
    store.subscribers.add([a_subscriber("ada")], NOW)
    store.votes.add([a_vote()])
    store.subscribers.leave("ada", NOW)
    assert len(store.votes.history("ada")) == len(store.votes.opinions(["ada"])) == 1


def test_a_library_taken_in_again_adds_nothing_whatever_was_said_since(store):
    collect(store, *PAPERS)
    library = [a_vote(paper=paper, origin="import") for paper in ("Paths", "Modules", "Paths")]
    assert store.votes.take_in(library) == 2
    store.votes.add([a_vote("clear", hours=1)])
    later = [Vote(v.subscriber, v.paper, v.value, v.at + 2 * HOUR, None, "import") for v in library]
    assert store.votes.take_in([*later, a_vote(paper="Routing", origin="import")]) == 1
    assert [number for number, *_ in by_key(store)] == sorted(KEYS[1:])


def test_the_library_of_one_reader_is_not_that_of_another(store):
    collect(store, "Paths")
    for who in ("ada", "bob"):
        assert store.votes.take_in([a_vote(who=who, origin="import")]) == 1


def test_a_vote_by_hand_does_not_keep_a_library_out(store):
    collect(store, "Paths")
    store.votes.add([a_vote("less")])
    assert store.votes.take_in([a_vote("more", hours=-9, origin="import")]) == 1
    assert [each.liked for each in store.votes.opinions(["ada"])] == [False]


def test_the_interest_that_a_paper_was_picked_for_is_known(store):
    collect(store, *PAPERS)
    store.editions.add([composed(store, "ada", "Paths")])
    assert store.votes.picked_for("ada", KEYS[0]) == "Distributed training"
    assert store.votes.picked_for("ada", KEYS[1]) is None
    assert store.votes.picked_for("bob", KEYS[0]) is None
    assert store.votes.picked_for("ada", "title:unknown") is None


def test_nothing_is_known_of_a_paper_that_nobody_reported(store):
    assert store.votes.latest("ada", "title:unknown") is None
    assert isinstance(store.votes, Votes) and store.votes.opinions([]) == []
