"""The tables, the same on SQLite and PostgreSQL; ``migrations/`` holds how they came to be."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

VERSION = "0001"
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
    sa.Index("subscribers_by_schedule", "timezone", "hour", "weekdays"),
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
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("edition", sa.ForeignKey("editions.id"), nullable=False, unique=True),
    sa.Column("subscriber", sa.Text, nullable=False, index=True),
    sa.Column("message_id", sa.Text, nullable=False, unique=True),
    sa.Column("sender", sa.Text, nullable=False),
    sa.Column("recipient", sa.Text, nullable=False),
    sa.Column("data", sa.LargeBinary),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("not_before", Instant, nullable=False),
    sa.Column("token", sa.Integer, nullable=False),
    sa.Column("lease_until", Instant),
    sa.Column("reply", sa.Text),
    sa.Column("at", Instant, nullable=False),
    sa.Index("outbox_waiting", "state", "not_before"),
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
