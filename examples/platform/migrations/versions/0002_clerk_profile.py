"""The columns that the user sync writes. Existing people stay active; nothing is lost, nothing is rewritten."""

import sqlalchemy as sa
from alembic import op

revision = "0002_clerk_profile"
down_revision = "0001_legacy"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("first_name", sa.String(200)))
    op.add_column("users", sa.Column("last_name", sa.String(200)))
    # A constant default is kept in the catalogue: no rewrite of the table (PostgreSQL 11 and later).
    op.add_column("users", sa.Column("is_active", sa.Boolean, nullable=False, server_default=sa.true()))


def downgrade() -> None:
    op.drop_column("users", "is_active")
    op.drop_column("users", "last_name")
    op.drop_column("users", "first_name")
