"""What is old goes, and nothing that keeps a promise: no paper twice, no edition missed."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa

from digest.messages import Message
from digest.papers import Paper, Report
from digest.sources import Run
from digest.store.claims import Done
from digest.store.editions import Composed
from digest.store.pruning import MEMORY, Pruned, Size, forgotten_until, prune, size
from digest.store.retention import RetentionSettings
from digest.store.schema import editions, files, outbox, picks, reports, runs
from digest.store.shelves import Store
from tests.support.builders import a_paper, a_pick, a_subscriber, an_edition
from tests.support.databases import NOW, collect, composed, engine_of, numbers, opened

DAY = dt.timedelta(days=1)
LEASE = dt.timedelta(minutes=5)
SHORT = RetentionSettings(editions_days=20, mails_days=14, reports_days=20, runs_days=57)
LATER = NOW + 100 * DAY


def pruned(store: Store, now: dt.datetime = LATER, settings=SHORT, **known) -> dict[str, int]:
    """How many of each kind a whole run deleted."""
    found: dict[str, int] = {}
    for one in prune(store.engine, settings, now, **known):
        found[one.kind] = found.get(one.kind, 0) + one.number
    return found


def rows(store: Store, table: sa.Table) -> int:
    with engine_of(store).connect() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def end(store: Store, state: str, now: dt.datetime = NOW) -> None:
    """Have everything that waits end so."""
    for claim in store.outbox.claim(50, now, LEASE):
        store.outbox.step((), [claim], now, LEASE)
        store.outbox.step([Done(claim, state, "said", None, True)], (), now, LEASE)
    store.outbox.tidy()


def editions_of(store: Store, who: str = "ada") -> list[dt.date]:
    return [one.date for one in store.editions.of(a_subscriber(who))]


def some_days(store: Store, *days: int, who: str = "ada", state: str = "sent") -> None:
    """An edition for each of these days, with a paper of its own, whose mail ended so."""
    last = store.editions.last(who)
    date = last and last[0]
    for day in days:
        at = NOW + day * DAY
        title = f"A paper of {who} and day {day}"
        collect(store, title, at=at, file=f"{who} {day}")
        made = composed(store, who, title, date=at.date(), at=at, last=date)
        assert store.editions.add([made])
        date = at.date()
        end(store, state, at)


# What goes ---------------------------------------------------------------------------------------


def test_old_editions_and_mails_go_and_the_others_stay(store):
    some_days(store, 0, 1, 85, 99, 100)
    assert pruned(store) == {"mails": 3, "editions": 2}
    assert [date.day for date in editions_of(store)] == [28, 27, 13]
    assert rows(store, picks) == 3
    assert store.papers.count() == 5


def test_pruning_again_deletes_nothing(store):
    some_days(store, 0, 1, 85, 99, 100)
    pruned(store)
    assert pruned(store) == {}


def test_a_dry_run_counts_what_would_go_and_deletes_nothing(store):
    some_days(store, 0, 1, 2, 100)
    before = [rows(store, table) for table in (editions, picks, outbox, reports, runs)]
    would = pruned(store, dry=True)
    assert before == [rows(store, table) for table in (editions, picks, outbox, reports, runs)]
    assert would == pruned(store) == {"mails": 3, "editions": 3}


def test_zero_days_keep_for_ever(store):
    some_days(store, 0, 1, 100)
    store.sources.record(Run("a", NOW, "fetched", 1, 1))
    assert pruned(store, settings=RetentionSettings(0, 0, 0, 0)) == {}


def test_it_can_be_stopped_after_any_slice_and_goes_on_the_next_time(store):
    readers = [f"{n:02}" for n in range(25)]
    for at, last in ((NOW, None), (LATER, NOW.date())):
        store.editions.add(
            [composed(store, who, date=at.date(), at=at, last=last) for who in readers]
        )
        end(store, "sent", at)
    slices: list[Pruned] = []
    for _ in range(9):
        slices += prune(store.engine, SHORT, LATER, lambda: True)
    assert [one.number for one in slices if one.kind == "mails"] == [25]
    assert [one.number for one in slices if one.kind == "editions"] == [20, 5]
    assert rows(store, editions) == rows(store, outbox) == 25


def test_runs_of_sources_go_but_for_the_latest_of_each(store):
    for day in (0, 1, 90):
        store.sources.record(Run("often", NOW + day * DAY, "fetched", 1, 1))
    store.sources.record(Run("once", NOW, "fetched", 1, 1))
    assert pruned(store) == {"runs": 2}
    assert store.sources.latest() == {"often": NOW + 90 * DAY, "once": NOW}


def test_the_size_is_that_of_the_database_and_what_is_free_in_it(store):
    found = size(store.engine)
    assert isinstance(found, Size)
    assert found.total > 100_000 > 0 <= found.free < found.total


# What stays --------------------------------------------------------------------------------------


def test_the_latest_edition_of_everybody_stays(store):
    some_days(store, 0, who="gone")
    some_days(store, 100, who="ada")
    pruned(store)
    assert store.editions.last("gone") == (NOW.date(), NOW)


def test_a_clock_that_is_years_ahead_deletes_nothing_that_is_young_beside_the_latest_edition(store):
    some_days(store, 0, 1, 2)
    assert pruned(store, NOW + 9999 * DAY) == {}


@pytest.mark.parametrize("state", ["uncertain", "failed"])
def test_mails_that_may_still_matter_stay_with_their_editions(store, state):
    some_days(store, 0, state=state)
    some_days(store, 100)
    assert pruned(store) == {}
    assert store.outbox.counts() == {state: 1, "sent": 1}


def test_mails_that_wait_stay(store):
    collect(store, "A paper")
    store.editions.add([composed(store, "ada", "A paper")])
    some_days(store, 100, who="bob", state="uncertain")
    store.outbox.retry(["uncertain"], LATER)
    before = store.outbox.counts()
    pruned(store, LATER + 100 * DAY)
    assert store.outbox.counts() == before


def test_a_withdrawn_mail_goes_with_its_edition_and_never_alone(store):
    store.subscribers.add([a_subscriber("ada")], NOW)
    collect(store, "A paper")
    store.editions.add([composed(store, "ada", "A paper")])
    store.subscribers.pause("ada", NOW)
    some_days(store, 100, who="bob")
    assert pruned(store) == {}
    assert editions_of(store) == []
    store.subscribers.resume("ada")
    some_days(store, 101)
    assert pruned(store, NOW + 101 * DAY) == {"mails": 1}
    assert editions_of(store) == [(NOW + 101 * DAY).date()]
    assert rows(store, editions) == 2


def test_what_comes_back_of_a_mail_is_known_as_long_as_mails_are_kept(store):
    some_days(store, 0, 87, 100)
    known = [store.bounces.sent_on("ada", (NOW + day * DAY).date()) for day in (0, 87, 100)]
    assert all(known)
    pruned(store)
    found = [one and store.bounces.sent(one.message_id) for one in known]
    assert [bool(one) for one in found] == [False, True, True]


def test_an_edition_stays_while_a_paper_of_it_is_out_of_sight(store):
    """It may come into sight anew, and would be news to whoever had it."""
    some_days(store, 0, 100)
    number = numbers(store)["A paper of ada and day 0"]
    with engine_of(store).begin() as connection:
        connection.execute(sa.text(f"UPDATE papers SET first_seen_at = NULL WHERE id = {number}"))
    assert pruned(store) == {"mails": 1}


def test_the_first_report_of_a_paper_stays_and_those_that_repeat_it_go(store):
    for day in range(5):
        collect(store, "Often", "Also", at=NOW + day * DAY, file=f"day {day}")
    some_days(store, 100)
    assert pruned(store) == {"reports": 8}
    assert len(store.archive.mentions([numbers(store)["Often"]])[numbers(store)["Often"]]) == 1
    assert rows(store, files) == 6


def test_reports_of_papers_that_may_be_news_stay(store):
    replaced = Report(a_paper("Late"), "x", 1, announced="replace")
    for day in range(3):
        collect(store, replaced, at=NOW + day * DAY, file=f"{day}")
    collect(store, "Late", at=LATER)
    some_days(store, 100)
    assert pruned(store) == {}


def test_a_file_is_known_after_its_reports_are_gone(store):
    collect(store, "Often", file="first")
    collect(store, "Often", at=NOW + DAY, file="again")
    some_days(store, 100)
    assert pruned(store) == {"reports": 1}
    with engine_of(store).connect() as connection:
        names = list(connection.execute(sa.select(files.c.sha256)).scalars())
    assert all(store.papers.known_file(name) for name in names)


def test_a_paper_that_is_split_after_its_reports_went_stays_in_sight(store):
    """What says that it was announced is its first report, which stays."""
    both = a_paper("One title of several words here", abstract="")
    collect(store, both, replace(both, arxiv_id="2605.00001"), at=NOW)
    for day in range(1, 4):
        collect(
            store, both, replace(both, arxiv_id="2605.00001"), at=NOW + day * DAY, file=f"{day}"
        )
    some_days(store, 100)
    pruned(store)
    collect(store, replace(both, arxiv_id="2605.00002"), at=LATER, file="other")
    first = {one.paper.arxiv_id: one.first_seen_at for one in in_sight(store)}
    assert first["2605.00001"] == NOW


def in_sight(store: Store):
    return store.papers.candidates(NOW - DAY, LATER + DAY)


# What may have gone is remembered ----------------------------------------------------------------


def test_how_far_back_editions_are_gone_is_remembered(store):
    some_days(store, 0, 100)
    assert forgotten_until(store.engine) is None
    pruned(store)
    assert forgotten_until(store.engine) == LATER - 20 * DAY
    some_days(store, 101, 140)
    pruned(store, NOW + 140 * DAY, replace(SHORT, editions_days=90))
    assert forgotten_until(store.engine) == LATER - 20 * DAY


def test_a_window_made_longer_afterwards_begins_where_editions_are_still_there(store):
    some_days(store, 0, 100)
    pruned(store)
    since = max(LATER - 365 * DAY, forgotten_until(store.engine))
    found = [one.paper.title for one in store.papers.candidates(since, LATER)]
    assert found == ["A paper of ada and day 100"]


def test_what_is_remembered_is_no_source_that_anybody_asks(store):
    some_days(store, 0, 100)
    pruned(store)
    assert list(store.sources.known()) == [MEMORY]
    assert store.sources.latest() == {}


# Weeks in which anything may happen --------------------------------------------------------------

WINDOW = 3 * DAY
DAYS = 45
READERS = {"daily": 1, "weekly": 7, "other": 2}
BRIEF = RetentionSettings(editions_days=4, mails_days=14, reports_days=4, runs_days=57)


class Weeks:
    """Weeks of papers, editions and mails that are drawn by chance, the same for the same seed."""

    def __init__(self, store: Store, seed: int) -> None:
        self.store, self.chance = store, random.Random(seed)
        self.papers: list[Paper] = []
        self.got: list[tuple[str, dt.date, tuple[str, ...]]] = []
        store.subscribers.add([a_subscriber(who) for who in READERS], NOW)

    def run(self) -> Iterator[dt.datetime]:
        for day in range(DAYS):
            now = NOW + day * DAY
            self.collect(day, now)
            yield now
            for who, every in READERS.items():
                if day % every == 0:
                    self.compose(who, now + dt.timedelta(hours=1))
            yield now + dt.timedelta(hours=2)
            self.deliver(now + dt.timedelta(hours=3))
            self.come_and_go(now + dt.timedelta(hours=4))
            yield now + dt.timedelta(hours=5)

    def collect(self, day: int, now: dt.datetime) -> None:
        fresh = [self._paper(day, n) for n in range(4)]
        again = self.chance.sample(self.papers, min(6, len(self.papers)))
        named = [
            replace(one, arxiv_id=f"26{one.doi[-4:-2]}.{one.doi[-4:]:0>5}") for one in again[:2]
        ]
        reports_ = [Report(one, "a", n) for n, one in enumerate([*fresh, *again, *named], start=1)]
        quiet = self.chance.randrange(4)
        reports_[quiet] = replace(reports_[quiet], announced="replace")
        self.papers += fresh
        collect(self.store, *reports_, at=now, file=f"{day}")

    def _paper(self, day: int, n: int) -> Paper:
        words = [f"{word}{day:02}{n}" for word in ("Path", "Module", "Graph", "Tree")]
        return a_paper(" ".join(words), abstract="", doi=f"10.1000/{day:02}{n:02}")

    def compose(self, who: str, now: dt.datetime) -> None:
        """As ``pipeline.compose`` does, for a reader who wants everything."""
        store = self.store
        since = max(now - WINDOW, forgotten_until(store.engine) or now - WINDOW)
        waiting = store.editions.undelivered([who])
        never = waiting.get(who, [])
        seen = store.editions.seen([who], since, never)[who]
        fresh = [one for one in store.papers.candidates(since, now) if one.id not in seen]
        last = store.editions.last(who)
        edition = an_edition(
            *(a_pick(one.paper) for one in fresh),
            date=now.date(),
            composed_at=now,
            subscriber=a_subscriber(who),
        )
        edition = edition if fresh else replace(edition, picks=())
        mail = Message(f"<{edition.id}@x>", "d@example.org", f"{who}@example.org", b"Hi")
        ids = tuple(one.id for one in fresh)
        for stored in store.editions.add(
            [Composed(edition, ids, mail, last and last[0], tuple(never))]
        ):
            titles = tuple(pick.paper.title for pick in stored.picks)
            self.got.append((who, stored.date, titles))

    def deliver(self, now: dt.datetime) -> None:
        store = self.store
        for claim in store.outbox.claim(50, now, LEASE):
            store.outbox.step((), [claim], now, LEASE)
            state = self.chance.choice(["sent"] * 6 + ["failed", "deferred", "uncertain"])
            later = now + DAY if state == "deferred" else None
            store.outbox.step([Done(claim, state, "said", later, True)], (), now, LEASE)
        store.outbox.tidy()

    def come_and_go(self, now: dt.datetime) -> None:
        who = self.chance.choice(list(READERS))
        if self.chance.random() < 0.2:
            self.store.subscribers.pause(who, now)
        else:
            self.store.subscribers.resume(who)


def had(store: Store) -> dict[str, list[int]]:
    """The papers that every reader's editions hold, by reader."""
    with engine_of(store).connect() as connection:
        rows = connection.execute(sa.select(picks.c.subscriber, picks.c.paper)).all()
    return {who: sorted(row.paper for row in rows if row.subscriber == who) for who in READERS}


@pytest.mark.parametrize("seed", range(3))
def test_pruning_at_any_moment_changes_nothing_that_readers_get(
    store, seed, sqlite_template, tmp_path
):
    with opened(f"sqlite:///{tmp_path / 'kept.db'}") as untouched:
        kept, chance = Weeks(untouched, seed), random.Random(f"prune {seed}")
        tried = Weeks(store, seed)
        deleted = 0
        for now, _ in zip(tried.run(), kept.run(), strict=True):
            if chance.random() < 0.4:
                slices = chance.choice([1, 2, 5, 1_000])
                found = prune(store.engine, BRIEF, now)
                deleted += sum(one.number for one, _ in zip(found, range(slices), strict=False))
        assert tried.got == kept.got
        assert deleted > 100
        assert rows(store, editions) < rows(untouched, editions)
        assert all(store.editions.last(who) == untouched.editions.last(who) for who in READERS)
        everything = had(untouched)
        assert all(set(held) <= set(everything[who]) for who, held in had(store).items())
        assert len(tried.got) > DAYS
