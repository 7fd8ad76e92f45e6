"""Who asks for the newsletter on the pages, what they agreed to, and why they left."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column(
        "subscribers",
        sa.Column("feed_revision", sa.Integer, nullable=False, server_default="0"),
    )
    op.create_table(
        "signups",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("address", sa.Text, nullable=False, index=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False, index=True),
        sa.Column("network", sa.Text),
        sa.Column("reader", sa.JSON, nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True)),
        sa.Column("subscriber", sa.Text, index=True),
    )
    op.create_table(
        "letters",
        sa.Column("address", sa.Text, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, index=True),
    )
    op.create_table(
        "consents",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("subscriber", sa.Text, nullable=False, index=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("wording", sa.Text, nullable=False),
        sa.Column("network", sa.Text),
    )
    op.create_table(
        "leavings",
        sa.Column("subscriber", sa.Text, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
    )


def downgrade() -> None:
    raise RuntimeError("restore the backup that was made before the upgrade")
