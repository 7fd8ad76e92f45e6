"""Readers who leave or move while mails are on their way, copies of the database, and upgrades."""

from __future__ import annotations

import datetime as dt
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from tests.faults.ledger import Verdict
from tests.faults.places import Place, address, names, new_place, until, write_readers
from tests.faults.scenarios import Scenario, Skipped, end, expect, sinking, verdict
from tests.support.proxy import Plan, proxy

READERS = 20


def leaves(folder: Path, *, command: tuple[str, ...], early: bool) -> Verdict:
    """Readers leave before or while mails leave: who has not got one by then gets none."""
    place = new_place(folder, READERS)
    gone = place.readers[-3:]
    with sinking() as sink, proxy(sink.port, lambda _: Plan(delay_s=0.15)) as between:
        place.server(between.port)
        running = None if early else place.start("deliver")
        if running:
            until(lambda: sink.count() >= 2 or not running.runs(), 30)
        for one in gone:
            ran = place.digest(*command, one)
            if ran.code == 2:
                raise Skipped(f"there is no `digest {' '.join(command)}`: {ran.out.strip()}")
        after = sink.count()
        if running:
            running.wait()
        place.finish()
        got = Counter(mail.recipient for mail in sink.mails())
        rows = {row.address: row.state for row in place.outbox()}
        stay = [one for one in place.due if rows.get(one) not in ("withdrawn", None)]
        found = verdict(place, sink, due=stay)
    expect(found, after < READERS, "they left too late for this to show anything")
    for one in gone:
        mail, state = got[address(one)], rows.get(address(one))
        expect(found, not mail, f"{one} left and got a mail ({state})")
    return found


def moves(folder: Path) -> Verdict:
    """An address is corrected while mails leave: one mail, to the old or the new address."""
    place = new_place(folder, READERS)
    moved = place.readers[-1]
    with sinking() as sink, proxy(sink.port, lambda _: Plan(delay_s=0.1)) as between:
        place.server(between.port)
        running = place.start("deliver")
        until(lambda: sink.count() >= 2 or not running.runs(), 30)
        write_readers(place, {"id": moved, "address": "moved@example.org"})
        place.digest("subscribers", "list")
        running.wait()
        place.digest("send")
        place.finish()
        got = Counter(mail.recipient for mail in sink.mails())
        found = end(Place(folder, names(READERS - 1), place.env, place.commands), sink)
    both = got[address(moved)] + got["moved@example.org"]
    expect(found, both == 1, f"{both} mails to who moved")
    found.wrong = [one for one in found.wrong if "was not due" not in one]
    return found


def restored(folder: Path) -> Verdict:
    """An older copy of the database takes the place of the one whose mails left meanwhile."""
    place = new_place(folder, 6)
    copy = folder.with_name(folder.name + "-copy")
    try:
        with sinking() as sink:
            place.server(sink.port)
            other = place.copy(copy)
            place.deliver()
            ran = other.deliver()
            mails = sink.mails()
    finally:
        shutil.rmtree(copy, ignore_errors=True)
    found = Verdict(due=6, delivered=len({mail.recipient for mail in mails}))
    found.duplicated = len(mails) - found.delivered
    expect(found, ran.code == 2 and "outbox adopt" in ran.out, f"the copy did not ask: {ran.out}")
    return found


def upgraded(folder: Path) -> Verdict:
    """A database of the first version, half of its edition sent, meets the program of today."""
    import sqlalchemy as sa

    place = new_place(folder, 8, composed=False)
    for file in place.database.parent.glob("digest.db*"):
        file.unlink()
    url = f"sqlite:///{place.database}"
    _first_version(url)
    engine = sa.create_engine(url)
    tables = sa.MetaData()
    tables.reflect(engine)
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    states = ["sent", "sent", "claimed", "queued", "queued", "deferred", "failed", "uncertain"]
    with engine.begin() as connection:
        for number, (reader, state) in enumerate(zip(place.readers, states, strict=True), 1):
            _half_sent(connection, tables, number, reader, state, now)
    engine.dispose()
    with sinking() as sink:
        place.server(sink.port)
        ran = place.deliver()
        place.finish()
        rows = {row.address: row.state for row in place.outbox()}
        got = Counter(mail.recipient for mail in sink.mails())
        sizes = {mail.content for mail in sink.mails()}
    found = Verdict(due=8, delivered=2 + len(got))
    for reader, state in zip(place.readers, states, strict=True):
        _upgraded(found, reader, state, rows.get(address(reader), "none"), got[address(reader)])
    expect(found, ran.code in (0, 1), f"exit code {ran.code}: {ran.out[-200:]}")
    expect(found, len(sizes) == len(got), "the bytes of mails were mixed up")
    return found


def _upgraded(found: Verdict, reader: str, before: str, after: str, mails: int) -> None:
    """What has to follow from a state of the first version.

    In that version a claimed mail may have been on its way when the program was stopped.
    """
    allowed = {
        "claimed": {("sent", 1), ("uncertain", 0)},
        "queued": {("sent", 1)},
        "deferred": {("sent", 1)},
        "sent": {("sent", 0)},
        "failed": {("failed", 0)},
        "uncertain": {("uncertain", 0)},
    }[before]
    found.failed += after == "failed"
    found.uncertain += after == "uncertain"
    expect(found, (after, mails) in allowed, f"{reader} was {before}: {after}, {mails} mails")


def _first_version(url: str) -> None:
    """A database as the program's first version made it."""
    import alembic.command
    import alembic.config
    import sqlalchemy as sa

    import digest.store.engine

    config = alembic.config.Config()
    folder = Path(digest.store.engine.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        alembic.command.upgrade(config, "0001")
    engine.dispose()


def _half_sent(
    connection: Any, tables: Any, number: int, reader: str, state: str, now: dt.datetime
) -> None:
    """An edition and its mail, as rows of the first version."""
    connection.execute(
        tables.tables["editions"]
        .insert()
        .values(
            id=number,
            subscriber=reader,
            date=now.date(),
            composed_at=now,
            considered=1,
            sources=[],
        )
    )
    data = f"Message-ID: <{reader}@digest.example>\r\nSubject: {reader}\r\n\r\nHello\r\n"
    kept = state not in ("sent", "failed")
    connection.execute(
        tables.tables["outbox"]
        .insert()
        .values(
            id=number,
            edition=number,
            subscriber=reader,
            message_id=f"<{reader}@digest.example>",
            sender="papers@digest.example",
            recipient=address(reader),
            data=data.encode() if kept else None,
            state=state,
            attempts=0 if state in ("queued", "claimed") else 1,
            not_before=now,
            token=1,
            lease_until=now if state == "claimed" else None,
            reply="" if kept else "250 or 550",
            at=now,
        )
    )


def smuggled(folder: Path) -> Verdict:
    """Bodies that hold every kind of false end of a message: one message each, none within."""
    ends = [b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r\n.\n", b"\r\n.\r", b"\r\n.\r\n", b".\r\n"]
    place = new_place(folder, len(ends))
    evil = b"MAIL FROM:<evil@example.org>\r\nRCPT TO:<victim@example.org>\r\nDATA\r\nevil\r\n.\r\n"
    with closing(sqlite3.connect(place.database)) as connection, connection:
        rows = connection.execute("SELECT id, message_id FROM outbox ORDER BY id").fetchall()
        for (number, name), end_ in zip(rows, ends, strict=True):
            head = f"Message-ID: {name}\r\nSubject: Ends\r\n\r\n".encode()
            connection.execute(
                "UPDATE outbox_data SET data = ? WHERE message = ?",
                (head + b"text" + end_ + evil + b"more\r\n", number),
            )
    with sinking() as sink:
        place.server(sink.port)
        return end(place, sink)


SCENARIOS: tuple[Scenario, ...] = (
    Scenario("F27", "an older copy takes its place", [restored]),
    Scenario(
        "F28",
        "readers leave before and while sending",
        [
            partial(leaves, command=("subscribers", "remove"), early=True),
            partial(leaves, command=("subscribers", "remove"), early=False),
            partial(leaves, command=("subscribers", "pause"), early=False),
        ],
    ),
    Scenario("F29", "an address is corrected meanwhile", [moves]),
    Scenario("F43", "false ends of a message in its body", [smuggled]),
    Scenario("F45", "upgrade with an edition half sent", [upgraded]),
)
