"""Who is due as a walk along an index, ids drawn without waiting, and mails printed late."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

ACTIVE = sa.text("unlisted_at IS NULL AND paused_at IS NULL AND left_at IS NULL")


def upgrade() -> None:
    explore = sa.Column("explore", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("picks", explore)
    op.add_column("subscribers", sa.Column("last_date", sa.Date))
    op.execute(
        """UPDATE subscribers SET last_date =
               (SELECT max(date) FROM editions WHERE editions.subscriber = subscribers.id)"""
    )
    op.drop_index("subscribers_by_schedule", "subscribers")
    op.create_index(
        "subscribers_by_schedule",
        "subscribers",
        ["timezone", "hour", "weekdays", "last_date", "id"],
        sqlite_where=ACTIVE,
        postgresql_where=ACTIVE,
    )
    op.create_table(
        "timings",
        sa.Column("step", sa.Text, primary_key=True),
        sa.Column("runs", sa.BigInteger, nullable=False),
        sa.Column("total_s", sa.Float, nullable=False),
        sa.Column("last_s", sa.Float, nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "compatibility",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("oldest", sa.Text, nullable=False),
    )
    op.execute("INSERT INTO compatibility (id, oldest) VALUES (1, '0007')")
    if op.get_context().dialect.name == "postgresql":  # ids were counted, from now on are drawn
        op.execute(
            """SELECT setval(pg_get_serial_sequence('editions', 'id'),
                             (SELECT coalesce(max(id), 0) + 1 FROM editions), false)"""
        )
        op.execute(
            """SELECT setval(pg_get_serial_sequence('outbox', 'id'),
                             (SELECT coalesce(max(id), 0) + 1 FROM outbox), false)"""
        )


def downgrade() -> None:
    raise RuntimeError("restore the backup that was made before the upgrade")
