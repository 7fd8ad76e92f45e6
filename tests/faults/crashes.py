"""`kill -9` by chance and at named points, several processes at once, and being told to stop."""

from __future__ import annotations

import datetime as dt
import random
import shutil
import signal
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from tests.faults.ledger import Verdict
from tests.faults.places import Command, new_place, until, write_readers
from tests.faults.scenarios import Receiver, Scenario, end, expect, sinking
from tests.support.proxy import Plan, proxy

READERS = 30
SLOW = Plan(delay_s=0.002)
"""Replies take two milliseconds, as across a town: a kill finds something under way."""

DELIVERY_POINTS = (
    "after_claim",
    "before_mark",
    "after_mark",
    "before_dot",
    "after_dot",
    "after_reply",
    "before_record",
    "after_record",
)
DAY_POINTS = (
    "before_collect_commit",
    "after_collect_commit",
    "before_compose_commit",
    "after_compose_commit",
)


def killed(
    folder: Path, *, seed: int, receive: Any = sinking, resend: bool = False, readers: int = READERS
) -> Verdict:
    """Killed at a moment by chance, once or twice, and started again until all is done.

    Most are killed while mails leave, some as they start, some at any moment of the whole day.
    """
    chance = random.Random(seed)
    connections = chance.choice((1, 1, 2, 4))
    whole_day = seed % 5 == 4
    place = new_place(
        folder,
        readers,
        composed=not whole_day,
        connections=connections,
        uncertain="resend" if resend else "hold",
    )
    kills = 0
    with receive() as receiver, proxy(receiver.port, lambda _: SLOW) as between:
        place.server(between.port)
        for _ in range(chance.choice((1, 1, 2))):
            running = place.start("send" if whole_day else "deliver")
            _strike(running, receiver, chance, whole_day, readers)
            kills += running.kill().code == -signal.SIGKILL
        if whole_day:
            place.digest("send")
        found = end(place, receiver, resend=resend)
    most = 0 if resend else kills * connections
    expect(
        found, found.uncertain <= most, f"seed {seed}: {found.uncertain} uncertain, at most {most}"
    )
    found.wrong = [f"seed {seed}: {sentence}" for sentence in found.wrong]
    return found


def _strike(
    running: Command, receiver: Receiver, chance: random.Random, whole_day: bool, readers: int
) -> None:
    """Wait for the moment."""
    kind = chance.random()
    if whole_day and kind < 0.6:
        until(lambda: not running.runs(), chance.uniform(0.05, 2.5))
        return
    if kind < 0.2:
        until(lambda: not running.runs(), chance.uniform(0.02, 0.5))
        return
    after = receiver.count() + chance.randrange(readers)
    until(lambda: receiver.count() >= after or not running.runs(), 30, 0.001)
    time.sleep(chance.uniform(0, 0.01))


def at_point(
    folder: Path, *, point: str, receive: Any = sinking, connections: int = 1, readers: int = 8
) -> Verdict:
    """Killed where the program names a point, then started again.

    ``point`` is a name, or a name with a number: the n-th time it is reached.
    """
    name = point.partition(":")[0]
    composed = name in DELIVERY_POINTS
    place = new_place(folder, readers, composed=composed, connections=connections)
    with receive() as receiver:
        place.server(receiver.port)
        command = "deliver" if composed else "send"
        ran = place.digest(command, env={"DIGEST_FAILPOINT": point})
        place.digest(command)
        found = end(place, receiver)
    died = ran.code == -signal.SIGKILL
    expect(found, died, f"{point} was never reached (exit {ran.code}: {ran.out.strip()[-200:]})")
    # A mark is stored together with the outcome of the message before: later ones are in doubt.
    before_dot = name in ("after_claim", *DAY_POINTS) or point == "before_mark:1"
    most = 0 if before_dot else connections
    expect(found, found.uncertain <= most, f"{point}: {found.uncertain} uncertain, at most {most}")
    return found


def together(
    folder: Path,
    *,
    processes: int,
    kill: int = 0,
    seed: int = 0,
    command: str = "deliver",
    receive: Any = sinking,
    readers: int = READERS,
) -> Verdict:
    """Several processes at once on one database, ``kill`` of them killed on the way."""
    chance = random.Random(seed)
    place = new_place(folder, readers, composed=command == "deliver", connections=2)
    with receive() as receiver, proxy(receiver.port, lambda _: SLOW) as between:
        place.server(between.port)
        running = [place.start(command) for _ in range(processes)]
        for victim in running[:kill]:
            after = chance.randrange(readers)
            until(lambda n=after: receiver.count() >= n or not _any(running), 20, 0.001)
            time.sleep(chance.uniform(0, 0.01))
            victim.kill()
        ended = [one.wait() for one in running]
        found = end(place, receiver)
    bad = [one for one in ended[kill:] if one.code not in (0, 1)]
    expect(found, not bad, f"a process ended badly: {[one.out[-200:] for one in bad]}")
    expect(found, kill or not found.uncertain, f"{found.uncertain} uncertain, and nobody died")
    return found


def _any(running: Sequence[Command]) -> bool:
    return any(one.runs() for one in running)


def told_to_stop(folder: Path, *, number: int, command: str) -> Verdict:
    """SIGTERM in the middle: what is under way is finished, the rest waits."""
    place = new_place(folder, READERS, connections=2)
    with sinking() as sink, proxy(sink.port, lambda _: Plan(delay_s=0.02)) as between:
        place.server(between.port)
        running = place.start(command)
        until(lambda: sink.count() >= 3 or not running.runs(), 30)
        asked_at = time.monotonic()
        running.signal(number)
        ran = running.wait(30)
        took_s = time.monotonic() - asked_at
        states = place.states()
        found = end(place, sink)
    expect(found, states.get("queued"), f"nothing was left to do: {states}")
    expect(found, states.keys() <= {"sent", "queued"}, f"stopped with {states}")
    expect(found, ran.code in (0, 1, 128 + number), f"exit code {ran.code}: {ran.out[-200:]}")
    expect(found, took_s < 10, f"it took {took_s:.1f} s to stop")
    return found


def late_worker(folder: Path) -> Verdict:
    """A worker that stood still past its lease, while another went on, may mark nothing."""
    place = new_place(folder, READERS, connections=1, timeout_s=30, dot_timeout_s=30)
    with sinking() as sink, proxy(sink.port, lambda _: SLOW) as between:
        place.server(between.port)
        slow = place.start("deliver")
        until(lambda: sink.count() >= 5 or not slow.runs(), 30)
        slow.signal(signal.SIGSTOP)
        time.sleep(0.2)
        other = place.start("deliver", "--now", _tomorrow())  # long after the lease
        until(lambda: not other.runs(), 20)
        slow.signal(signal.SIGCONT)
        slow.wait()
        other.wait()
        return end(place, sink)


def _tomorrow() -> str:
    return (dt.datetime.now(dt.UTC) + dt.timedelta(hours=8)).isoformat()


def power_cut(folder: Path) -> Verdict:
    """The machine loses what was not yet forced to the disk: only that messages were claimed.

    The database is put back to that moment, and made to believe that the machine was started anew.
    One connection: with two, one may hold a message of the first claim, whose steps are forced to
    the disk and cannot be lost.
    """
    place = new_place(folder, 60)
    kept = folder / "kept"
    with sinking() as sink:
        place.server(sink.port)
        place.digest("deliver", env={"DIGEST_FAILPOINT": "after_claim:2"})
        kept.mkdir()
        for file in place.database.parent.glob("digest.db*"):
            shutil.copy(file, kept)
        place.deliver()
        for file in kept.iterdir():
            shutil.copy(file, place.database.parent)
        with closing(sqlite3.connect(place.database)) as connection, connection:
            changed = connection.execute("UPDATE outbox SET boot = 'before' WHERE boot <> ''")
            doubtful = changed.rowcount
        before = place.states()
        found = end(place, sink)
    expect(found, before.get("sent"), f"nothing was known to be sent: {before}")
    listed = doubtful <= found.uncertain <= doubtful + 1  # the one over the connection besides
    expect(found, listed, f"{found.uncertain} uncertain, not {doubtful}")
    return found


def settings_edited(folder: Path) -> Verdict:
    """Settings and readers are written anew in the middle of a run of the scheduler."""
    place = new_place(folder, READERS)
    with sinking() as sink, proxy(sink.port, lambda _: Plan(delay_s=0.01)) as between:
        place.server(between.port)
        running = place.start("run")
        until(lambda: sink.count() >= 3 or not running.runs(), 30)
        write_readers(place, {"id": place.readers[-1], "name": "Renamed"})
        config = place.folder / "config/digest.yaml"
        config.write_text(config.read_text() + "\n# edited\n")
        until(lambda: sink.count() >= READERS or not running.runs(), 30)
        running.signal(signal.SIGTERM)
        running.wait(30)
        return end(place, sink)


def copied_while_sending(folder: Path) -> Verdict:
    """A backup is made of the file while mails leave, the sender killed, and all goes on."""
    place = new_place(folder, READERS)
    with sinking() as sink, proxy(sink.port, lambda _: SLOW) as between:
        place.server(between.port)
        running = place.start("deliver")
        until(lambda: sink.count() >= 5 or not running.runs(), 30)
        with (
            closing(sqlite3.connect(place.database)) as source,
            closing(sqlite3.connect(folder / "backup.db")) as target,
        ):
            source.backup(target, pages=16)
        running.kill()
        return end(place, sink)


def _part(run: Any, **how: Any) -> Any:
    return partial(run, **how)


def scenarios(seeds: int) -> tuple[Scenario, ...]:
    """All of them, with so many runs killed at a moment by chance."""
    points = [*DELIVERY_POINTS, *DAY_POINTS]
    return (
        Scenario("F14", "kill -9 by chance, hold", [_part(killed, seed=n) for n in range(seeds)]),
        Scenario(
            "F14",
            "kill -9 by chance, resend",
            [_part(killed, seed=10_000 + n, resend=True) for n in range(max(1, seeds // 10))],
        ),
        Scenario(
            "F15",
            "kill -9 at each named point",
            [
                _part(at_point, point=f"{point}:{nth}", connections=connections)
                for point in points
                for nth, connections in _times(point)
            ],
        ),
        Scenario(
            "F16",
            "SIGTERM, SIGINT while sending",
            [
                _part(told_to_stop, number=signal.SIGTERM, command="run"),
                _part(told_to_stop, number=signal.SIGINT, command="run"),
                _part(told_to_stop, number=signal.SIGTERM, command="deliver"),
            ],
        ),
        Scenario(
            "F17",
            "two and four at once",
            [
                _part(together, processes=2),
                _part(together, processes=4),
                _part(together, processes=2, command="send"),
                _part(together, processes=4, command="send"),
            ],
        ),
        Scenario(
            "F17",
            "two and four at once, some killed",
            [
                _part(together, processes=processes, kill=kill, seed=seed)
                for processes, kill in ((2, 1), (4, 2), (4, 3))
                for seed in range(max(1, min(4, seeds // 10)))
            ],
        ),
        Scenario("F14", "power cut before the disk has it", [power_cut]),
        Scenario("F18", "lease ends while it stands still", [late_worker]),
        Scenario(
            "F46", "settings edited, backup while sending", [settings_edited, copied_while_sending]
        ),
    )


def _times(point: str) -> list[tuple[int, int]]:
    """At which time it is reached, over how many connections."""
    if point == "after_claim":
        return [(1, 1), (1, 3)]
    if point in DAY_POINTS:
        return [(1, 1)]
    return [(1, 1), (4, 1), (5, 3)]
