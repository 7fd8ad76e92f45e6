"""Indexes for what an operator looks at: days of editions, growth, votes, and what came back."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_index("editions_by_date", "editions", ["date", "id"])
    op.create_index("subscribers_by_joining", "subscribers", ["joined_at", "id"])
    op.create_index("subscribers_by_leaving", "subscribers", ["left_at"])
    op.create_index("votes_by_time", "votes", ["at", "value"])
    op.create_index("bounces_by_time", "bounces", ["at", "report"])
    op.create_index("suppressions_by_time", "suppressions", ["at", "address"])


def downgrade() -> None:
    raise RuntimeError("restore the backup that was made before the upgrade")
