"""A database of an older version, opened by this program: nothing that was on its way is lost."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import alembic.command
import alembic.config
import pytest
import sqlalchemy as sa

import digest.store
from digest.deliver.outcomes import Accepted
from digest.deliver.settings import DeliverSettings
from digest.delivery import deliver
from digest.messages import Message
from digest.store.schema import VERSION
from tests.support.builders import never_printed
from tests.support.databases import NOW, composed, engine_of, opened

LEASE = dt.timedelta(minutes=15)
STATES = ("queued", "claimed", "sent", "failed", "deferred", "uncertain", "withdrawn")
KEPT = ("queued", "claimed", "deferred", "uncertain")
"""Of these the old program kept the bytes."""


def _engine(url: str) -> sa.Engine:
    address = sa.engine.make_url(url)
    if address.get_backend_name() == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
    return sa.create_engine(address, poolclass=sa.NullPool)


def _mail(number: int, state: str) -> dict[str, Any]:
    return {
        "id": number,
        "edition": number,
        "subscriber": state,
        "message_id": f"<{state}@example.org>",
        "sender": "digest@example.org",
        "recipient": f"{state}@example.org",
        "data": f"bytes of {state}\r\n".encode() if state in KEPT else None,
        "state": state,
        "attempts": 2 if state in ("failed", "deferred") else 0,
        "not_before": NOW + dt.timedelta(hours=state == "deferred"),
        "token": number,
        "lease_until": NOW + LEASE if state == "claimed" else None,
        "reply": f"said of {state}",
        "at": NOW,
    }


@pytest.fixture
def old_url(empty_url: str) -> str:
    """A database of the first version, with a mail in each of its states."""
    engine = _engine(empty_url)
    config = alembic.config.Config()
    folder = Path(digest.store.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        alembic.command.upgrade(config, "0001")
    tables = sa.MetaData()
    tables.reflect(engine, only=["editions", "outbox"])
    mails = [_mail(number, state) for number, state in enumerate(STATES, start=1)]
    editions = [
        {
            "id": one["edition"],
            "subscriber": one["subscriber"],
            "date": NOW.date(),
            "composed_at": NOW,
            "considered": 3,
            "note": None,
            "sources": [],
        }
        for one in mails
    ]
    with engine.begin() as connection:
        connection.execute(tables.tables["editions"].insert(), editions)
        connection.execute(tables.tables["outbox"].insert(), mails)
    engine.dispose()
    return empty_url


def test_every_mail_keeps_its_state_but_one_that_was_being_sent_is_uncertain(old_url):
    with opened(old_url) as store:
        lines = {one.subscriber: one for one in store.outbox.lines()}
        found = {who: one.state for who, one in lines.items()}
        assert found == {state: state for state in STATES} | {"claimed": "uncertain"}
        assert "upgraded" in lines["claimed"].reply
        assert lines["deferred"].reply == "said of deferred" and lines["deferred"].attempts == 2
        assert {(one.kind, one.date, one.at) for one in lines.values()} == {
            ("edition", NOW.date(), NOW)
        }


def test_the_bytes_of_what_may_still_leave_are_kept(old_url):
    with opened(old_url) as store:
        now = NOW + dt.timedelta(hours=1)
        assert store.outbox.retry(["uncertain"], now) == 2
        sent = {}

        class Folder:
            def send(self, message: Message) -> Accepted:
                sent[message.recipient] = message
                return Accepted("250")

            def close(self) -> None: ...

        told = list(deliver(store, Folder, lambda: now, DeliverSettings(), printing=never_printed))
    assert {one.state for one in told} == {"sent"}
    assert sent == {
        f"{state}@example.org": Message(
            f"<{state}@example.org>",
            "digest@example.org",
            f"{state}@example.org",
            f"bytes of {state}\r\n".encode(),
        )
        for state in KEPT
    }


def test_new_mails_can_be_queued_afterwards(old_url):
    with opened(old_url) as store:
        assert len(store.editions.add([composed(store, "ada"), composed(store, "bob")])) == 2
        note = Message("<note@example.org>", "digest@example.org", "ada@example.org", b"Hello")
        assert store.outbox.queue("ada", note, "notice", NOW)
        assert store.outbox.counts()["queued"] == 4
        with engine_of(store).connect() as connection:
            ids = connection.execute(sa.text("SELECT id FROM outbox ORDER BY id")).scalars().all()
        assert ids == list(range(1, len(STATES) + 4))


def test_a_database_is_upgraded_once_and_opens_again(old_url):
    with opened(old_url) as store:
        before = store.outbox.counts()
    with opened(old_url) as store:
        assert store.outbox.counts() == before
        with engine_of(store).connect() as connection:
            version = sa.text("SELECT version_num FROM alembic_version")
            assert connection.execute(version).scalar() == VERSION
            assert not sa.inspect(connection).has_table("outbox_0001")
