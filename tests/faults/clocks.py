"""Clocks that jump, local days with 23 and 25 hours, and machines that slept."""

from __future__ import annotations

import datetime as dt
import shutil
import signal
import sqlite3
import time
from collections import Counter
from contextlib import closing
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.faults.ledger import Verdict
from tests.faults.places import SAMPLE, Place, new_place, until, write_readers, write_settings
from tests.faults.scenarios import Receiver, Scenario, Skipped, expect, need, sinking
from tests.support.sink import Mail

LIBRARIES = ("/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/lib/faketime/libfaketimeMT.so.1")


def jump(folder: Path, *, by: str) -> Verdict:
    """The machine's clock jumps a day while the scheduler runs, and back again."""
    need("faketime")
    found_at = [path for pattern in LIBRARIES for path in Path("/").glob(pattern[1:])]
    if not found_at:
        raise Skipped("libfaketime is not installed")
    place = new_place(folder, 6)
    offset = folder / "offset"
    offset.write_text("+0")
    env = {
        "LD_PRELOAD": str(found_at[0]),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_CACHE_DURATION": "1",
        "NO_FAKE_STAT": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DONT_RESET": "1",
    }
    with sinking() as sink:
        place.server(sink.port)
        running = place.start("run", env=env, cold=True)
        until(lambda: sink.count() >= 6 or not running.runs(), 60, 0.05)
        offset.write_text(by)
        shutil.copy(SAMPLE / "tuesday.txt", folder / "inbox/tuesday.txt")
        expected = 12 if by.startswith("+") else 7
        until(lambda: sink.count() >= expected or not running.runs(), 30 if expected > 7 else 4)
        offset.write_text("+0")
        time.sleep(3)
        alive = running.runs()
        running.signal(signal.SIGTERM)
        ran = running.wait(60)
        found = days(place, sink)
    expect(found, alive, f"the scheduler ended: {ran.out[-300:]}")
    return found


def days(place: Place, *receivers: Receiver) -> Verdict:
    """The verdict where there may be editions of several days: a mail for each, a paper once."""
    mails = [mail for receiver in receivers for mail in receiver.mails()]
    got = Counter(mail.message_id for mail in mails)
    listed = place.messages()
    found = Verdict(due=len(listed))
    for one in listed:
        count = got.pop(one["message_id"], 0)
        found.delivered += bool(count)
        found.duplicated += max(0, count - 1)
        found.failed += one["state"] == "failed" and not count
        found.uncertain += one["state"] == "uncertain"
        gone = one["state"] in ("failed", "uncertain", "withdrawn", "superseded")
        found.lost += not count and not gone
    expect(found, not got, f"{sum(got.values())} mails arrived that are not listed")
    expect(found, not _twice(place), f"papers twice to a reader: {_twice(place)}")
    return found


def _twice(place: Place) -> list[str]:
    """Readers who have a paper in two editions that were delivered, or two editions of a day."""
    with closing(sqlite3.connect(place.database)) as connection:
        papers = connection.execute(
            "SELECT subscriber FROM picks GROUP BY subscriber, paper HAVING count(*) > 1"
        ).fetchall()
        dates = connection.execute(
            "SELECT subscriber FROM editions GROUP BY subscriber, date HAVING count(*) > 1"
        ).fetchall()
    return sorted({row[0] for row in papers + dates})


def changing_day(folder: Path, *, zone: str, date: dt.date, hour: int) -> Verdict:
    """Hour by hour through the night when clocks change: one edition a local day."""
    place = new_place(folder, 3, composed=False)
    write_readers(place, *({"id": one, "timezone": zone, "hour": hour} for one in place.readers))
    day = [date - dt.timedelta(days=1), date, date + dt.timedelta(days=1)]
    local = ZoneInfo(zone)
    began = dt.datetime.combine(day[0], dt.time(22), local).astimezone(dt.UTC)
    ended = dt.datetime.combine(day[2], dt.time(12), local).astimezone(dt.UTC)
    with sinking() as sink:
        place.server(sink.port)
        now = began
        while now <= ended:
            place.digest("send", "--now", now.isoformat())
            now += dt.timedelta(minutes=60 if abs(now - began) < dt.timedelta(hours=8) else 420)
        found = days(place, sink)
        wrong = _days_of(place, sink.mails(), day)
    expect(found, not wrong, f"{zone} {date} at {hour}: {wrong}")
    return found


def _days_of(place: Place, mails: list[Mail], day: list[dt.date]) -> str:
    """What is wrong with who got an edition of which day; the first day may have none."""
    with closing(sqlite3.connect(place.database)) as connection:
        rows = connection.execute(
            "SELECT date, count(*) FROM editions WHERE subscriber <> 'public' GROUP BY date"
        ).fetchall()
    counts = {dt.date.fromisoformat(str(row[0])): row[1] for row in rows}
    wrong = [str(one) for one in day[1:] if counts.get(one) != len(place.readers)]
    return f"editions by day {counts}" if wrong else ""


def asleep(folder: Path, *, hours: float) -> Verdict:
    """The machine slept from before the hour of sending until so much later."""
    place = new_place(folder, 4, composed=False)
    evening = dt.datetime(2026, 5, 20, 6, 30, tzinfo=dt.UTC)
    write_readers(place, *({"id": one, "hour": 7} for one in place.readers))
    with sinking() as sink:
        place.server(sink.port)
        place.digest("send", "--now", evening.isoformat())
        before = sink.count()
        for minutes in (0, 10, 20):
            at = evening + dt.timedelta(hours=0.5 + hours, minutes=minutes)
            place.digest("send", "--now", at.isoformat())
        found = days(place, sink)
        got = Counter(mail.recipient for mail in sink.mails())
    most = 1 + (before > 0)
    many = {who: count for who, count in got.items() if count > most}
    expect(found, not many, f"several editions at once after {hours:g} h: {many}")
    expect(found, set(got) == set(place.due), f"after {hours:g} h only {sorted(got)} got a mail")
    return found


def away_for_days(folder: Path) -> Verdict:
    """The server is away for three days while editions are composed; then it comes back.

    What was not delivered rolls into the next edition: nobody gets three mails, or a paper twice.
    """
    place = new_place(folder, 4, composed=False)
    noon = dt.datetime(2026, 5, 20, 12, tzinfo=dt.UTC)
    with sinking() as sink:
        sink.stop()
        place.server(sink.port)
        for day in range(3):
            if day == 1:
                shutil.copy(SAMPLE / "tuesday.txt", folder / "inbox/tuesday.txt")
            at = noon + dt.timedelta(days=day)
            place.digest("send", "--now", at.isoformat())
        sink.start()
        place.digest("deliver", "--now", (noon + dt.timedelta(days=2, hours=1)).isoformat())
        found = days(place, sink)
        got = Counter(mail.recipient for mail in sink.mails())
    expect(found, got == Counter(place.due), f"mails by reader: {dict(got)}")
    return found


def stale(folder: Path) -> Verdict:
    """Deferred with a time in the future, then the clock goes back a day: still sent, once."""
    place = new_place(folder, 4)
    write_settings(place)
    with sinking("-r", "RCPT") as bad, sinking() as good:
        place.server(bad.port)
        place.deliver()
        place.server(good.port)
        place.deliver(hours=-24)
        place.finish()
        return days(place, good)


SCENARIOS: tuple[Scenario, ...] = (
    Scenario("F24", "clock jumps a day and back", [partial(jump, by=by) for by in ("+1d", "-1d")]),
    Scenario("F24", "clock goes back while one waits", [stale]),
    Scenario(
        "F25",
        "days of 23 and 25 hours",
        [
            partial(changing_day, zone=zone, date=date, hour=hour)
            for zone, date, hour in (
                ("America/New_York", dt.date(2026, 3, 8), 2),
                ("America/New_York", dt.date(2026, 11, 1), 1),
                ("Europe/Berlin", dt.date(2026, 3, 29), 2),
                ("Europe/Berlin", dt.date(2026, 10, 25), 2),
            )
        ],
    ),
    Scenario(
        "F26",
        "asleep for 5 hours and 3 days",
        [partial(asleep, hours=5), partial(asleep, hours=77), away_for_days],
    ),
)
