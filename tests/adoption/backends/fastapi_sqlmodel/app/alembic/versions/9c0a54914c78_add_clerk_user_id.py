"""Add clerk_user_id

Revision ID: 9c0a54914c78
Revises: e2412789c190
Create Date: 2025-03-02 10:12:07.102940

"""
import sqlalchemy as sa
from alembic import op

revision = "9c0a54914c78"
down_revision = "e2412789c190"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("user", sa.Column("clerk_user_id", sa.String(length=64), nullable=True))
    op.create_index(op.f("ix_user_clerk_user_id"), "user", ["clerk_user_id"], unique=True)


def downgrade():
    op.drop_index(op.f("ix_user_clerk_user_id"), table_name="user")
    op.drop_column("user", "clerk_user_id")
