"""What a mail says of a pick, so that it can be printed when its turn has come."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    explore = sa.Column("explore", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("picks", explore)


def downgrade() -> None:
    raise RuntimeError("restore the backup that was made before the upgrade")
