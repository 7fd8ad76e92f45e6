"""The tables, the same on SQLite and PostgreSQL; ``migrations/`` holds how they came to be."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

VERSION = "0007"
"""The newest migration this program knows."""


class Instant(sa.types.TypeDecorator[dt.datetime]):
    """An aware UTC instant. SQLite keeps no zone, so it is put back on the way out."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, _dialect: Any) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        return value.astimezone(dt.UTC)

    def process_result_value(self, value: dt.datetime | None, _dialect: Any) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


metadata = sa.MetaData()

files = sa.Table(
    "files",
    metadata,
    sa.Column("sha256", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("collected_at", Instant, nullable=False),
    sa.Column("papers", sa.Integer, nullable=False),
    sa.Column("new", sa.Integer, nullable=False),
)

papers = sa.Table(
    "papers",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("abstract", sa.Text, nullable=False),
    sa.Column("authors", sa.JSON, nullable=False),
    sa.Column("link", sa.Text),
    sa.Column("arxiv_id", sa.Text),
    sa.Column("doi", sa.Text),
    sa.Column("published", sa.Date),
    sa.Column("categories", sa.JSON, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("terms", sa.Text, nullable=False),
    sa.Column("first_seen_at", Instant, index=True),
    sa.Column("merged_into", sa.ForeignKey("papers.id"), index=True),
)

backgrounds = sa.Table(
    "backgrounds",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("papers", sa.Integer, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
)

variants = sa.Table(
    "paper_variants",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("paper", sa.ForeignKey("papers.id"), nullable=False, index=True),
    sa.Column("fields", sa.JSON, nullable=False),
)

keys = sa.Table(
    "paper_keys",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("paper", sa.ForeignKey("papers.id"), primary_key=True),
)

blocks = sa.Table(
    "paper_blocks",
    metadata,
    sa.Column("block", sa.BigInteger, primary_key=True),
    sa.Column("paper", sa.ForeignKey("papers.id"), primary_key=True),
    sqlite_with_rowid=False,
)

vectors = sa.Table(
    "paper_vectors",
    metadata,
    sa.Column("version", sa.Text, primary_key=True),
    sa.Column("paper", sa.ForeignKey("papers.id"), primary_key=True, index=True),
    # float16, little-endian
    sa.Column("vector", sa.LargeBinary, nullable=False),
)

phrases = sa.Table(
    "phrase_vectors",
    metadata,
    sa.Column("version", sa.Text, primary_key=True),
    sa.Column("sha256", sa.Text, primary_key=True),
    sa.Column("vector", sa.LargeBinary, nullable=False),
)

reports = sa.Table(
    "reports",
    metadata,
    sa.Column("file", sa.ForeignKey("files.sha256"), primary_key=True),
    sa.Column("nth", sa.Integer, primary_key=True),
    sa.Column("paper", sa.ForeignKey("papers.id"), nullable=False, index=True),
    sa.Column("variant", sa.BigInteger, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("date", sa.Date, nullable=False),
    sa.Column("announced", sa.Text, nullable=False),
    sa.Column("votes", sa.Integer),
)

ACTIVE = "unlisted_at IS NULL AND paused_at IS NULL AND left_at IS NULL"
"""Of a subscriber: editions are composed for them, if their address is not suppressed."""

subscribers = sa.Table(
    "subscribers",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("address", sa.Text, index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("timezone", sa.Text, nullable=False),
    sa.Column("hour", sa.Integer, nullable=False),
    sa.Column("weekdays", sa.Text, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("interests", sa.JSON, nullable=False),
    sa.Column("muted", sa.JSON, nullable=False),
    sa.Column("preferred", sa.JSON, nullable=False),
    sa.Column("abstract", sa.Text, nullable=False),
    sa.Column("quiet", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("joined_at", Instant, nullable=False),
    sa.Column("unlisted_at", Instant),
    sa.Column("paused_at", Instant),
    sa.Column("left_at", Instant),
    # The addresses of their own feeds are good for this revision only.
    sa.Column("feed_revision", sa.Integer, nullable=False, server_default="0"),
    # The date of their latest edition, kept with it: who is due is asked at every tick.
    sa.Column("last_date", sa.Date),
    # Of those who are ACTIVE alone, as the migration has it: to say so here, too, would import
    # both databases' dialects, which every command would wait for.
    sa.Index("subscribers_by_schedule", "timezone", "hour", "weekdays", "last_date", "id"),
    sa.Index("subscribers_by_joining", "joined_at", "id"),
    sa.Index("subscribers_by_leaving", "left_at"),
)

editions = sa.Table(
    "editions",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("subscriber", sa.Text, nullable=False),
    sa.Column("date", sa.Date, nullable=False),
    sa.Column("composed_at", Instant, nullable=False),
    sa.Column("considered", sa.Integer, nullable=False),
    sa.Column("note", sa.Text),
    sa.Column("sources", sa.JSON, nullable=False),
    sa.UniqueConstraint("subscriber", "date"),
    sa.Index("editions_by_date", "date", "id"),
)

picks = sa.Table(
    "picks",
    metadata,
    sa.Column("edition", sa.ForeignKey("editions.id"), primary_key=True),
    sa.Column("place", sa.Integer, primary_key=True),
    sa.Column("subscriber", sa.Text, nullable=False),
    sa.Column("paper", sa.ForeignKey("papers.id"), nullable=False),
    sa.Column("score", sa.Float, nullable=False),
    sa.Column("interest", sa.Text),
    sa.Column("reasons", sa.JSON, nullable=False),
    sa.Column("reports", sa.Integer, nullable=False),
    sa.Column("explore", sa.Boolean, nullable=False, server_default=sa.false()),
    # No subscriber gets the same paper in two editions: the database itself refuses it.
    sa.UniqueConstraint("subscriber", "paper"),
)

votes = sa.Table(
    "votes",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("subscriber", sa.Text, nullable=False),
    sa.Column("paper", sa.ForeignKey("papers.id"), nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("interest", sa.Text),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Index("votes_by_subscriber", "subscriber", "paper", "at"),
    sa.Index("votes_by_time", "at", "value"),
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("edition", sa.ForeignKey("editions.id"), unique=True),
    sa.Column("subscriber", sa.Text, nullable=False, index=True),
    sa.Column("message_id", sa.Text, nullable=False, unique=True),
    sa.Column("sender", sa.Text, nullable=False),
    sa.Column("recipient", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("not_before", Instant, nullable=False),
    sa.Column("token", sa.Integer, nullable=False),
    sa.Column("lease_until", Instant),
    # Which run of the machine its claim belongs to, where that matters; else empty.
    sa.Column("boot", sa.Text, nullable=False),
    sa.Column("reply", sa.Text),
    sa.Column("at", Instant, nullable=False),
    sa.Index("outbox_waiting", "state", "not_before", "id"),
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("runs", sa.Integer, nullable=False),
)

outbox_data = sa.Table(
    "outbox_data",
    metadata,
    # Apart from the state, which changes four times: the bytes are written once. An edition has
    # none: it is printed when its turn has come. Its row here says that it can still be sent.
    sa.Column("message", sa.ForeignKey("outbox.id"), primary_key=True),
    sa.Column("data", sa.LargeBinary, nullable=False),
)

sources = sa.Table(
    "sources",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("known", sa.JSON, nullable=False),
    sa.Column("said", sa.Text),
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("papers", sa.Integer, nullable=False),
    sa.Column("new", sa.Integer, nullable=False),
    sa.Column("why", sa.Text),
    sa.Index("runs_by_source", "source", "at"),
)

suppressions = sa.Table(
    "suppressions",
    metadata,
    # In small letters as this database has them; or "hmac:" and the keyed hash of one erased.
    sa.Column("address", sa.Text, primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index("suppressions_by_time", "at", "address"),
)

bounces = sa.Table(
    "bounces",
    metadata,
    # Of the whole report, so that one that is read twice is stored once.
    sa.Column("report", sa.Text, primary_key=True),
    sa.Column("message_id", sa.Text, nullable=False),
    sa.Column("subscriber", sa.Text, nullable=False, index=True),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("date", sa.Date, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("words", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    # Those from before somebody took the address off the suppression list count no more.
    sa.Column("forgiven_at", Instant),
    sa.Index("bounces_by_address", "address", "at"),
    sa.Index("bounces_by_time", "at", "report"),
)

signups = sa.Table(
    "signups",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("address", sa.Text, nullable=False, index=True),
    sa.Column("asked_at", Instant, nullable=False, index=True),
    sa.Column("network", sa.Text),
    # What they told us, until it is theirs: then it stands with the subscriber, named beside it.
    sa.Column("reader", sa.JSON, nullable=False),
    sa.Column("confirmed_at", Instant),
    sa.Column("subscriber", sa.Text, index=True),
)

letters = sa.Table(
    "letters",
    metadata,
    # In small letters: whom somebody had a mail sent to by a page, and when.
    sa.Column("address", sa.Text, primary_key=True),
    sa.Column("at", Instant, nullable=False, index=True),
)

consents = sa.Table(
    "consents",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("subscriber", sa.Text, nullable=False, index=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("wording", sa.Text, nullable=False),
    # Of whoever said so; forgotten after a while.
    sa.Column("network", sa.Text),
)

leavings = sa.Table(
    "leavings",
    metadata,
    # Why somebody left, where they said so.
    sa.Column("subscriber", sa.Text, primary_key=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("words", sa.Text, nullable=False),
)

timings = sa.Table(
    "timings",
    metadata,
    sa.Column("step", sa.Text, primary_key=True),
    sa.Column("runs", sa.BigInteger, nullable=False),
    sa.Column("total_s", sa.Float, nullable=False),
    sa.Column("last_s", sa.Float, nullable=False),
    sa.Column("last_at", Instant, nullable=False),
)

compatibility = sa.Table(
    "compatibility",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    # The oldest version of the program that can work with this database, though it knows less.
    sa.Column("oldest", sa.Text, nullable=False),
)

SUPPRESSED = sa.exists().where(suppressions.c.address == sa.func.lower(subscribers.c.address))
"""Of a subscriber: nothing is composed for them, and nothing sent."""
