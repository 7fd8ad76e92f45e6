"""Replaying days: what is told of them, what is left alone, and that broken promises are noticed."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from digest.app import App
from digest.editions import Edition
from digest.messages import Message
from digest.replay import shards
from digest.replay.arrivals import arrivals
from digest.replay.books import repeats
from digest.replay.oracle import owed
from digest.replay.sink import Sink, links, named, taken
from digest.subscribers import WEEKDAYS, Schedule, instant
from tests.support.installation import Installation, compact, here
from tests.support.past import ANYWHERE, TOPICS
from tests.support.shared import shared

__all__ = ["here"]

FIRST = dt.date(2026, 3, 2)
DAYS = 5


def some_papers(day: int, count: int = 6) -> list[tuple[str, str]]:
    chance = random.Random(day)
    made = []
    for n in range(count):
        own = TOPICS[sorted(TOPICS)[n % 2]].split()
        title = " ".join([*chance.sample(own, 4), *chance.sample(ANYWHERE, 2), f"{day}{n}"])
        text = " ".join([*chance.sample(own, 12), *chance.sample(ANYWHERE, 8)])
        made.append((title.capitalize(), f"{text.capitalize()}."))
    return made


READERS: list[dict[str, Any]] = [
    {
        "id": "ada",
        "address": "ada@example.org",
        "timezone": "America/New_York",
        "interests": [{"keywords": ["owl", "feather", "nest", "wing"]}],
    },
    {
        "id": "lin",
        "address": "lin@example.org",
        "size": 3,
        "weekdays": ["mon", "wed", "fri"],
        "interests": [{"keywords": ["yeast", "dough", "flour", "crumb"]}],
    },
    {
        "id": "sam",
        "address": "sam@example.org",
        "quiet": "none",
        "interests": [{"keywords": ["rye", "loaf", "crust", "oven"]}],
    },
]


@pytest.fixture
def lived(here: Installation) -> Installation:
    """An installation with a digest file for each of the days but two, and a mail a day."""
    here.subscribers(*READERS)
    for n in range(DAYS):
        if n != 3:
            here.drop(f"papers-{FIRST + dt.timedelta(days=n)}.txt", compact(*some_papers(n)))
    return here


def replayed(here: Installation, *more: str, paths: str = "inbox", days: int = DAYS) -> Any:
    where = [str(here.folder / paths)] if paths else []
    ran = here.digest(
        *("replay", "--json", "--from", str(FIRST), "--days", str(days), *more, *where)
    )
    assert ran.code in (0, 1), ran.err
    answer = ran.json
    assert ran.code == (1 if answer["wrong"] or answer["totals"]["duplicates"] else 0)
    return answer


def row(answer: Any, who: str) -> dict[str, Any]:
    return next(one for one in answer["subscribers"] if one["subscriber"] == who)


# What is told ----------------------------------------------------------------------------------


def test_every_reader_gets_their_editions_and_nothing_twice(lived: Installation) -> None:
    answer = replayed(lived)
    assert answer["totals"]["duplicates"] == answer["totals"]["missed"] == 0
    assert answer["wrong"] == []
    assert row(answer, "ada")["mails"] == row(answer, "ada")["editions"] == DAYS
    assert row(answer, "lin")["mails"] == 3  # Monday, Wednesday, Friday
    assert row(answer, "ada")["papers"] >= DAYS
    assert row(answer, "ada")["bytes_per_mail"] > 5_000
    assert row(answer, "public")["mails"] == 0 < row(answer, "public")["papers"]
    assert row(answer, "sam")["editions"] == DAYS > row(answer, "sam")["mails"]  # quiet: none


def test_a_seed_has_the_same_outcome_whether_one_process_replays_it_or_several(
    lived: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = replayed(lived, "--faults", "7")
    monkeypatch.setattr(shards, "WORTH", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    together = replayed(lived, "--faults", "7")
    assert (alone["processes"], together["processes"]) == (1, 3)
    for name in ("subscribers", "totals", "files", "wrong"):
        assert alone[name] == together[name]


def test_a_person_is_shown_a_table_and_a_sentence(lived: Installation) -> None:
    ran = lived.digest(
        *("replay", "--from", str(FIRST), "--days", "5", str(lived.folder / "inbox"))
    )
    assert ran.code == 0 and "No papers came twice, and no editions were missed." in ran.out
    assert "4 files, dated: 4 by a date in the name." in ran.out


def test_days_without_files_to_replay_are_refused(lived: Installation) -> None:
    ran = lived.digest(
        *("replay", "--from", "2020-01-01", "--days", "3", str(lived.folder / "inbox"))
    )
    assert ran.code == 2 and "none of the 4 files came in the 3 days" in ran.err


def test_a_path_that_is_not_there_is_refused(lived: Installation) -> None:
    ran = lived.digest("replay", "--from", str(FIRST), "--days", "3", "nowhere")
    assert ran.code == 2 and "nowhere is not there" in ran.err


def test_other_subscribers_can_be_named(lived: Installation) -> None:
    other = lived.folder / "other.yaml"
    other.write_text(yaml.safe_dump({"subscribers": [READERS[0] | {"id": "eve"}]}))
    answer = replayed(lived, "--subscribers", str(other))
    assert [one["subscriber"] for one in answer["subscribers"]] == ["eve", "public"]


# What is left alone, and read ------------------------------------------------------------------


def everything(folder: Path) -> dict[str, tuple[str, int]]:
    return {
        str(path.relative_to(folder)): (
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
            path.stat().st_mtime_ns,
        )
        for path in sorted(folder.rglob("*"))
    }


def a_past(here: Installation) -> None:
    """What was collected lies in collected/, and the store knows when it came."""
    files = sorted((here.folder / "inbox").glob("*.txt"))
    held = [path.rename(here.folder / f"{path.stem}.held") for path in files]
    for path in held:
        path.rename(here.folder / "inbox" / f"{path.stem[-2:]}.txt")
        at = f"{path.stem.removeprefix('papers-')}T03:21:00Z"
        assert here.digest("collect", "--now", at).code == 0


@pytest.mark.parametrize("seed", [None, 1], ids=["no faults", "faults"])
def test_nothing_of_the_installation_is_touched(lived: Installation, seed: int | None) -> None:
    a_past(lived)
    before = everything(lived.folder)
    answer = replayed(lived, *([] if seed is None else ["--faults", str(seed)]), paths="")
    assert answer["files"]["dated_by"] == {"store": 4} and answer["totals"]["mails"]
    assert everything(lived.folder) == before


def test_votes_are_cast_when_they_were_cast(lived: Installation) -> None:
    a_past(lived)
    title = some_papers(2)[0][0]
    for value, day in (("more", 2), ("save", 4)):
        at = f"{FIRST + dt.timedelta(days=day)}T09:00:00Z"
        assert lived.digest("vote", "ada", title, value, "--now", at).code == 0
    assert replayed(lived, paths="", days=3)["votes"] == {"cast": 1, "of": 2}


def test_who_paused_is_not_replayed(lived: Installation) -> None:
    a_past(lived)
    assert lived.digest("subscribers", "pause", "ada").code == 0
    found = [one["subscriber"] for one in replayed(lived, paths="")["subscribers"]]
    assert found == ["lin", "public", "sam"]


def test_a_file_comes_on_the_day_the_store_knows_or_its_name_or_content_or_age(
    tmp_path: Path,
) -> None:
    texts = {
        "known 2026-01-01.txt": "known",
        "papers_20260304.txt": "named",
        "dated.json": json.dumps(
            [{"title": "A title", "summary": "A text.", "list_date": "2026-03-05"}]
        ),
        "plain.txt": compact(*some_papers(0)),
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    old = dt.datetime(2026, 3, 6, 11, tzinfo=dt.UTC)
    os.utime(tmp_path / "plain.txt", (old.timestamp(), old.timestamp()))
    at = dt.datetime(2026, 3, 3, 2, tzinfo=dt.UTC)
    known = {hashlib.sha256(b"known").hexdigest(): at}
    found = arrivals(sorted(tmp_path.iterdir()), known)
    assert [(one.path.name, one.witness, one.at.date().day) for one in found] == [
        ("known 2026-01-01.txt", "store", 3),
        ("papers_20260304.txt", "name", 4),
        ("dated.json", "content", 5),
        ("plain.txt", "age", 6),
    ]


# With faults -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seed", "damaged", "killed"),
    [(1, "flipped, rejected", 0), (4, "", 1), (7, "truncated, rejected", 1)],
    ids=["copies and flipped bits", "late, again and killed", "cut off and killed"],
)
def test_no_fault_loses_or_repeats_anything(
    lived: Installation, seed: int, damaged: str, killed: int
) -> None:
    answer = replayed(lived, "--faults", str(seed))
    assert answer["wrong"] == [] and answer["totals"]["duplicates"] == 0
    faults = answer["faults"]
    assert faults["files"].get("whole", 0) + faults["files"].get("late", 0) == 4
    assert list(faults["damaged"]) == ([damaged] if damaged else [])
    assert sum(faults["kills"].values()) >= killed and answer["files"]["rejected"] == []


# That it would be noticed ----------------------------------------------------------------------


def test_a_mail_that_comes_twice_is_noticed(
    lived: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = Sink._take

    def twice(sink: Sink, message: Message) -> None:
        once(sink, message)
        if "03-03" in message.message_id:
            once(sink, message)

    monkeypatch.setattr(Sink, "_take", twice)
    answer = replayed(lived)
    assert row(answer, "ada")["duplicates"] >= 1 and row(answer, "lin")["duplicates"] == 0


def test_a_paper_in_two_mails_is_noticed(
    lived: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mails show yesterday's picks, too, though the editions do not hold them."""
    real, before = App.printed, dict[str, Edition]()

    def printed(app: App, edition: Edition, waiting: Message) -> Message:
        last = before.get(edition.subscriber.id, edition)
        before[edition.subscriber.id] = edition
        shown = {pick.paper.key: pick for pick in (*edition.picks, *last.picks)}
        more = Edition(
            *(edition.subscriber, edition.date, edition.composed_at, tuple(shown.values())),
            considered=edition.considered,
        )
        return real(app, more, waiting)

    monkeypatch.setattr(App, "printed", printed)
    answer = replayed(lived)
    assert row(answer, "ada")["duplicates"] >= DAYS - 3
    assert any("other papers" in why for why in answer["wrong"])


def test_editions_that_come_the_day_after_or_not_at_all_are_noticed(
    lived: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = App.compose

    def compose(app: App) -> Iterator[Any]:
        if app.clock().date() != FIRST + dt.timedelta(days=3):
            yield from real(app)

    monkeypatch.setattr(App, "compose", compose)
    answer = replayed(lived)
    assert row(answer, "ada")["missed"] == 1
    assert "public was due on 2026-03-05 and has no edition" in answer["wrong"]
    assert any(why.startswith("ada was due on 2026-03-05 and got") for why in answer["wrong"])


def test_an_edition_that_cannot_be_composed_is_told(
    lived: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compose(_app: App) -> Iterator[Exception]:
        yield ValueError("no ink")

    monkeypatch.setattr(App, "compose", compose)
    assert "2026-03-02 00:00: no ink" in replayed(lived)["wrong"]


def test_a_mail_that_is_lost_is_noticed(
    lived: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sink, "_take", lambda _sink, _message: None)
    answer = replayed(lived)
    assert row(answer, "ada")["missed"] == DAYS
    assert any("got no mail; the outbox says sent" in why for why in answer["wrong"])


def test_a_file_that_disappears_is_noticed(
    lived: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = App.collect

    def collect(app: App) -> Iterator[Any]:
        for path in app.inbox.glob("*05.txt"):
            path.unlink()
        yield from real(app)

    monkeypatch.setattr(App, "collect", collect)
    lived.drop("papers-2026-03-05.txt", compact(*some_papers(20)))
    assert "papers-2026-03-05.txt came on 2026-03-05 and is lost" in replayed(lived)["wrong"]


# The pieces ------------------------------------------------------------------------------------


def at(hour: int) -> dt.datetime:
    return dt.datetime(2026, 3, 2, tzinfo=dt.UTC) + dt.timedelta(hours=hour)


def test_papers_shown_again_are_those_known_to_be_one_by_then() -> None:
    shown = [(at(1), "a", [1, 2]), (at(5), "b", [3]), (at(9), "c", [2])]
    assert repeats(shown, []) == ({("c", 2)}, set())
    assert repeats(shown, [(at(4), {3: 1})]) == ({("b", 1), ("c", 2)}, set())
    assert repeats(shown[:2], [(at(6), {3: 1})]) == (set(), {("b", 1)})


@given(
    st.lists(st.lists(st.integers(1, 8), min_size=1, max_size=4, unique=True), max_size=6),
    st.lists(st.dictionaries(st.integers(5, 8), st.integers(1, 4), max_size=2), max_size=3),
)
def test_nothing_that_is_one_at_last_is_shown_twice_unnoticed(
    shown: list[list[int]], merged: list[dict[int, int]]
) -> None:
    merges: list[tuple[dt.datetime, Mapping[int, int]]] = []
    into: dict[int, int] = {}
    for n, each in enumerate(merged):
        fresh = {one: into.get(to, to) for one, to in each.items() if one not in into}
        into |= fresh
        merges.append((at(2 * n), fresh))
    places = [(at(2 * n + 1), f"{n}", numbers) for n, numbers in enumerate(shown)]
    again, later = repeats(places, merges)
    at_last = [into.get(one, one) for numbers in shown for one in set(numbers)]
    alike = {one for one in at_last if at_last.count(one) > 1}
    within = [{into.get(one, one) for one in numbers} for numbers in shown]
    between = {one for one in alike if sum(one in each for each in within) > 1}
    assert between <= {into.get(one, one) for _, one in again | later} <= alike


ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")


@given(
    st.sampled_from(ZONES),
    st.integers(0, 23),
    st.sets(st.sampled_from(WEEKDAYS), min_size=1),
    st.dates(dt.date(2025, 1, 1), dt.date(2026, 12, 1)),
)
@example("Europe/Berlin", 2, set(WEEKDAYS), dt.date(2026, 3, 28))
@example("America/New_York", 1, set(WEEKDAYS), dt.date(2026, 10, 31))
def test_the_oracle_and_the_schedule_agree_to_the_minute(
    timezone: str, hour: int, weekdays: set[str], first: dt.date
) -> None:
    schedule = Schedule(timezone, hour, tuple(day for day in WEEKDAYS if day in weekdays))
    start = dt.datetime.combine(first, dt.time(), dt.UTC)
    found = list(owed(schedule, start, start + dt.timedelta(days=7)))
    for date, when in found:
        assert WEEKDAYS[date.weekday()] in weekdays and when == instant(schedule, date)
        assert when.astimezone(ZoneInfo(timezone)).date() == date
    assert len(found) == len(weekdays)


def test_a_mail_tells_which_papers_it_shows(tmp_path: Path) -> None:
    body = (
        b"Content-Type: text/html; charset=utf-8\r\n\r\n"
        b'<a href=3D"https://example.org/vote">x</a><h3 class=3Dk><a class=3D"k" href=3D"https:=\r\n'
        b'//arxiv.org/abs/2401.00001">One</a></h3>\r\n--=_x--'
    )
    assert links(body) == ["https://arxiv.org/abs/2401.00001"]
    assert named(links(body)[0]) == "arxiv:2401.00001"
    assert named("https://arxiv.org/search/?searchtype=title&query=A+Big%2C+Title") == (
        "title:a big title"
    )
    assert named("https://example.org/") == ""
    sink = Sink(tmp_path / "journal")
    sink.send(Message("<1@x>", "from@x", "to@x", body))
    came, size = taken(tmp_path / "journal", 0)
    assert [(one.message_id, one.links) for one in came] == [("<1@x>", tuple(links(body)))]
    assert taken(tmp_path / "journal", size) == ([], size)


def test_real_days_of_a_feed_are_replayed_without_a_repetition(lived: Installation) -> None:
    days = shared("data/hf_daily_rss/days")
    lived.subscribers(
        READERS[0] | {"interests": [{"text": "reinforcement learning for language models"}]}
    )
    ran = lived.digest("replay", "--json", "--from", "2026-04-01", "--days", "6", str(days))
    answer = ran.json
    assert ran.code == 0 and answer["wrong"] == []
    assert answer["files"]["dated_by"] == {"name": 6} and answer["files"]["rejected"] == []
    assert row(answer, "ada")["mails"] >= 5
