"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "backgrounds",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("papers", sa.Integer, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "phrase_vectors",
        sa.Column("version", sa.Text, primary_key=True),
        sa.Column("sha256", sa.Text, primary_key=True),
        sa.Column("vector", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "editions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("subscriber", sa.Text, nullable=False),
        sa.Column("date", sa.Date, nullable=False),
        sa.Column("composed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("considered", sa.Integer, nullable=False),
        sa.Column("note", sa.Text),
        sa.Column("sources", sa.JSON, nullable=False),
        sa.UniqueConstraint("subscriber", "date"),
    )
    op.create_table(
        "files",
        sa.Column("sha256", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("collected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("papers", sa.Integer, nullable=False),
        sa.Column("new", sa.Integer, nullable=False),
    )
    op.create_table(
        "papers",
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
        sa.Column("first_seen_at", sa.DateTime(timezone=True), index=True),
        sa.Column("merged_into", sa.Integer, sa.ForeignKey("papers.id"), index=True),
    )
    op.create_table(
        "subscribers",
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
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("unlisted_at", sa.DateTime(timezone=True)),
        sa.Column("paused_at", sa.DateTime(timezone=True)),
        sa.Column("left_at", sa.DateTime(timezone=True)),
    )
    op.create_index("subscribers_by_schedule", "subscribers", ["timezone", "hour", "weekdays"])
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("edition", sa.Integer, sa.ForeignKey("editions.id"), nullable=False, unique=True),
        sa.Column("subscriber", sa.Text, nullable=False, index=True),
        sa.Column("message_id", sa.Text, nullable=False, unique=True),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("data", sa.LargeBinary),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("token", sa.Integer, nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.Column("reply", sa.Text),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("outbox_waiting", "outbox", ["state", "not_before"])
    op.create_table(
        "paper_keys",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("paper", sa.Integer, sa.ForeignKey("papers.id"), primary_key=True),
    )
    op.create_table(
        "paper_variants",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("paper", sa.Integer, sa.ForeignKey("papers.id"), nullable=False, index=True),
        sa.Column("fields", sa.JSON, nullable=False),
    )
    op.create_table(
        "paper_blocks",
        sa.Column("block", sa.BigInteger, primary_key=True),
        sa.Column("paper", sa.Integer, sa.ForeignKey("papers.id"), primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "paper_vectors",
        sa.Column("version", sa.Text, primary_key=True),
        sa.Column("paper", sa.Integer, sa.ForeignKey("papers.id"), primary_key=True, index=True),
        sa.Column("vector", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "picks",
        sa.Column("edition", sa.Integer, sa.ForeignKey("editions.id"), primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True),
        sa.Column("subscriber", sa.Text, nullable=False),
        sa.Column("paper", sa.Integer, sa.ForeignKey("papers.id"), nullable=False),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("interest", sa.Text),
        sa.Column("reasons", sa.JSON, nullable=False),
        sa.Column("reports", sa.Integer, nullable=False),
        sa.UniqueConstraint("subscriber", "paper"),
    )
    op.create_table(
        "votes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("subscriber", sa.Text, nullable=False),
        sa.Column("paper", sa.Integer, sa.ForeignKey("papers.id"), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("interest", sa.Text),
        sa.Column("origin", sa.Text, nullable=False),
    )
    op.create_index("votes_by_subscriber", "votes", ["subscriber", "paper", "at"])
    op.create_table(
        "reports",
        sa.Column("file", sa.Text, sa.ForeignKey("files.sha256"), primary_key=True),
        sa.Column("nth", sa.Integer, primary_key=True),
        sa.Column("paper", sa.Integer, sa.ForeignKey("papers.id"), nullable=False, index=True),
        sa.Column("variant", sa.BigInteger, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("date", sa.Date, nullable=False),
        sa.Column("announced", sa.Text, nullable=False),
        sa.Column("votes", sa.Integer),
    )
    op.create_table(
        "sources",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("known", sa.JSON, nullable=False),
        sa.Column("said", sa.Text),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("papers", sa.Integer, nullable=False),
        sa.Column("new", sa.Integer, nullable=False),
        sa.Column("why", sa.Text),
    )
    op.create_index("runs_by_source", "runs", ["source", "at"])


def downgrade() -> None:
    raise RuntimeError("restore the backup that was made before the upgrade")
