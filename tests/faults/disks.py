"""Disks that are full or fail, databases that are locked or restarted, and memory."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path

from tests.faults.ledger import Verdict
from tests.faults.places import Place, make_original, new_place, until
from tests.faults.postgres import cluster
from tests.faults.scenarios import Scenario, Skipped, end, expect, need, sinking
from tests.support.proxy import Plan, proxy

READERS = 12


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Path]:
    """A file system of that size at ``folder``, where mounting is allowed."""
    if os.getuid():
        raise Skipped("only root may mount a small file system")
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        raise Skipped("mounting a small file system is not allowed here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def full(folder: Path, *, left: int, after: int) -> Verdict:
    """The database's disk has ``left`` bytes after so many mails; then there is space again."""
    made = new_place(folder, READERS)
    kilobytes = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) // 1024
    with small_disk(folder / "config-small", kilobytes + 2000) as disk, sinking() as sink:
        shutil.copytree(folder / "config", disk, dirs_exist_ok=True)
        (folder / "config").rename(folder / "config-before")
        (folder / "config").symlink_to(disk)
        make_original(made.database)
        with proxy(sink.port, lambda _: Plan(delay_s=0.005)) as between:
            made.server(between.port)
            running = made.start("deliver") if after else None
            if running:
                until(lambda: sink.count() >= after or not running.runs(), 30)
            filler = disk / "filler"
            _fill(filler, left)
            ran = running.wait() if running else made.deliver()
            came = sink.count()
            filler.unlink()
            found = end(made, sink)
        said = ran.out.strip()
        expect(found, "a bug" not in said, f"a full disk is called a bug: {said[-300:]}")
        if not after:
            expect(found, came == 0, f"{came} mails left without a durable claim")
        if ran.code not in (0, 1):
            expect(found, "disk" in said, f"not said that it is the disk: {said[-200:]}")
    return found


def _fill(file: Path, left: int) -> None:
    """Write until nothing fits, then give back ``left`` bytes."""
    with suppress(OSError), file.open("wb") as filling:
        while True:
            filling.write(b"\0" * 4096)
            filling.flush()
    os.truncate(file, max(0, file.stat().st_size - left))


def failing(folder: Path, *, seed: int, rules: tuple[str, ...]) -> Verdict:
    """Writes or syncs fail by chance, from the start of one run to its end."""
    need("fiu-run")
    place = new_place(folder, READERS)
    wrap = ["fiu-run", "-x", *(part for rule in rules for part in ("-c", rule))]
    with sinking() as sink:
        place.server(sink.port)
        ran = place.start("deliver", wrap=wrap).wait()
        found = end(place, sink)
    expect(found, ran.code != -11, f"seed {seed}: it crashed: {ran.out[-300:]}")
    expect(found, "a bug" not in ran.out, f"it is called a bug: {ran.out[-300:]}")
    return found


def _rule(name: str, share: float, error: int) -> str:
    return f"enable_random name={name},probability={share},failinfo={error}"


ENOSPC, EIO = 28, 5
RULES = {
    "ENOSPC at writes": (
        _rule("posix/io/rw/pwrite64", 0.05, ENOSPC),
        _rule("posix/io/rw/pwrite", 0.05, ENOSPC),
    ),
    "EIO at writes": (
        _rule("posix/io/rw/pwrite64", 0.03, EIO),
        _rule("posix/io/rw/pwrite", 0.03, EIO),
    ),
    "EIO at syncs": (_rule("posix/io/sync/*", 0.1, EIO),),
    "EIO at reads": (
        _rule("posix/io/rw/pread64", 0.01, EIO),
        _rule("posix/io/rw/pread", 0.01, EIO),
    ),
}


def nowhere_to_say(folder: Path) -> Verdict:
    """What the program says goes to a full device; the mails leave all the same."""
    place = new_place(folder, READERS)
    with sinking() as sink:
        place.server(sink.port)
        for cold in (False, True):
            place.start("deliver", cold=cold, out=Path("/dev/full")).wait()
        states = place.states()
        found = end(place, sink)
    expect(found, states == {"sent": READERS}, f"the run ended with {states}")
    return found


def locked(folder: Path) -> Verdict:
    """Another process holds the database's lock for some seconds, before and while mails leave."""
    place = new_place(folder, READERS)
    with sinking() as sink, proxy(sink.port, lambda _: Plan(delay_s=0.005)) as between:
        place.server(between.port)
        with _held(place):
            running = place.start("deliver")
            time.sleep(3)
        until(lambda: sink.count() >= 3 or not running.runs(), 30)
        with _held(place):
            time.sleep(3)
        ran = running.wait()
        found = end(place, sink)
    expect(found, ran.code == 0, f"exit code {ran.code}: {ran.out[-200:]}")
    expect(found, not found.uncertain, f"{found.uncertain} uncertain")
    return found


@contextmanager
def _held(place: Place) -> Iterator[None]:
    with closing(sqlite3.connect(place.database, timeout=20, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def restarted(folder: Path) -> Verdict:
    """PostgreSQL stops at once and comes back while mails leave."""
    place = new_place(folder, READERS, composed=False)
    with cluster() as database, sinking() as sink:
        place.env["DIGEST_DATABASE"] = database.url
        for step in ("collect", "compose"):
            place.digest(step)
        with proxy(sink.port, lambda _: Plan(delay_s=0.02)) as between:
            place.server(between.port)
            running = place.start("deliver")
            until(lambda: sink.count() >= 4 or not running.runs(), 30)
            database.restart()
            ran = running.wait()
            found = end(place, sink)
    expect(found, "a bug" not in ran.out, f"it is called a bug: {ran.out[-300:]}")
    return found


def several_on_postgres(folder: Path, *, kill: int) -> Verdict:
    """Three processes at once on PostgreSQL, ``kill`` of them killed on the way."""
    place = new_place(folder, 30, composed=False)
    with cluster() as database, sinking() as sink:
        place.env["DIGEST_DATABASE"] = database.url
        for step in ("collect", "compose"):
            place.digest(step)
        with proxy(sink.port, lambda _: Plan(delay_s=0.005)) as between:
            place.server(between.port, connections=2)
            running = [place.start("deliver") for _ in range(3)]
            for nth, victim in enumerate(running[:kill]):
                least = 5 * nth + 5
                until(lambda n=least: sink.count() >= n or not running[-1].runs(), 30, 0.001)
                victim.kill()
            for one in running:
                one.wait()
            found = end(place, sink)
    expect(found, kill or not found.uncertain, f"{found.uncertain} uncertain, and nobody died")
    return found


def memory(folder: Path) -> Verdict:
    """Ten times the mails take no more memory."""
    peaks = [_peak(folder / str(count), count) for count in (500, 5000)]
    found = Verdict(due=5500, delivered=5500)
    few, many = (peak for peak, _ in peaks)
    missing = sum(count for _, count in peaks)
    expect(found, many < few * 1.25 + 10, f"{few} MB for 500 mails, {many} MB for 5000")
    expect(found, not missing, f"{missing} mails are missing")
    return found


def _peak(folder: Path, count: int) -> tuple[int, int]:
    """The most megabytes that delivering took, and how many mails did not arrive."""
    place = new_place(folder, 8)
    _multiply(place, count)
    with sinking() as sink:
        place.server(sink.port, connections=2)
        running = place.start("deliver", cold=True)
        peak = 0
        while running.runs():
            with suppress(OSError):
                status = Path(f"/proc/{running.pid}/status").read_text()
                found = re.search(r"VmHWM:\s+(\d+) kB", status)
                peak = max(peak, int(found[1]) // 1024 if found else 0)
            time.sleep(0.02)
        missing = count - len(sink.mails())
    return peak, missing


LINES = b"A line of a mail, as long as lines of mails are: seventy-six characters...\r\n" * 400
"""What a mail of 30 KB says."""


def _multiply(place: Place, count: int) -> None:
    """Let the outbox hold so many mails: copies of one under other ids."""
    with closing(sqlite3.connect(place.database)) as connection, connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(outbox)")]
        sample = dict(
            zip(columns, connection.execute("SELECT * FROM outbox").fetchone(), strict=True)
        )
        connection.execute("DELETE FROM outbox_data")
        connection.execute("DELETE FROM outbox")
        for n in range(1, count + 1):
            data = b"Message-ID: <%d@digest.example>\r\nSubject: One of many\r\n\r\n" % n + LINES
            row = sample | {
                "id": n,
                "edition": None,
                "message_id": f"<{n}@digest.example>",
                "recipient": f"m{n}@example.org",
            }
            marks = ", ".join("?" * len(row))
            connection.execute(
                f"INSERT INTO outbox ({', '.join(row)}) VALUES ({marks})", [*row.values()]
            )
            connection.execute("INSERT INTO outbox_data (message, data) VALUES (?, ?)", (n, data))


SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        "F19",
        "disk of the database full",
        [
            partial(full, left=0, after=0),
            partial(full, left=8192, after=0),
            partial(full, left=0, after=3),
            partial(full, left=16384, after=3),
        ],
    ),
    Scenario(
        "F20",
        "ENOSPC and EIO by chance",
        [partial(failing, seed=seed, rules=rules) for rules in RULES.values() for seed in range(3)],
    ),
    Scenario("F21", "nowhere to write what is said", [nowhere_to_say]),
    Scenario("F22", "PostgreSQL restarted at once", [restarted]),
    Scenario(
        "F17",
        "three at once on PostgreSQL",
        [partial(several_on_postgres, kill=kill) for kill in (0, 1, 2)],
    ),
    Scenario("F23", "database locked by another", [locked]),
    Scenario("F44", "memory with ten times the mails", [memory]),
)
