"""The bytes of mails beside the outbox, mails without an edition, and who holds a claim."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.drop_index("outbox_waiting", "outbox")
    op.drop_index("ix_outbox_subscriber", "outbox")
    op.rename_table("outbox", "outbox_0001")
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("edition", sa.Integer, sa.ForeignKey("editions.id"), unique=True),
        sa.Column("subscriber", sa.Text, nullable=False, index=True),
        sa.Column("message_id", sa.Text, nullable=False, unique=True),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("token", sa.Integer, nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.Column("boot", sa.Text, nullable=False),
        sa.Column("reply", sa.Text),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("outbox_waiting", "outbox", ["state", "not_before", "id"])
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("runs", sa.Integer, nullable=False),
    )
    op.create_table(
        "outbox_data",
        sa.Column("message", sa.Integer, sa.ForeignKey("outbox.id"), primary_key=True),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    # The old program did not say which of its claims it was just sending: none is sent again
    # unless the operator says so.
    op.execute(
        """INSERT INTO outbox (kind, id, edition, subscriber, message_id, sender, recipient,
                               attempts, not_before, token, boot, at, state, reply)
            SELECT 'edition', id, edition, subscriber, message_id, sender, recipient,
                   attempts, not_before, token, '', at,
                   CASE WHEN state = 'claimed' THEN 'uncertain' ELSE state END,
                   CASE WHEN state = 'claimed'
                        THEN 'being sent when the program was upgraded' ELSE reply END
            FROM outbox_0001"""
    )
    op.execute("INSERT INTO outbox_data SELECT id, data FROM outbox_0001 WHERE data IS NOT NULL")
    op.drop_table("outbox_0001")
    if op.get_context().dialect.name == "postgresql":  # ids were copied, not drawn
        op.execute(
            """SELECT setval(pg_get_serial_sequence('outbox', 'id'),
                             (SELECT coalesce(max(id), 0) + 1 FROM outbox), false)"""
        )
