"""Histories of two revisions, as Alembic has them, and what was found of them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import indent

from harness.contracts.base import Check
from harness.contracts.migrations import Migrations, MigrationsFile
from harness.database import Server
from harness.run.environment import base_environment

ENV = """
import os
import sqlalchemy as sa
from alembic import context
{models}
engine = sa.create_engine(os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://"), poolclass=sa.pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata={metadata}, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""
MODELS = """
metadata = sa.MetaData()
sa.Table("users", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("email", sa.String(200), nullable=False, unique=True),
         sa.Column("age", sa.Integer), sa.Column("nick", sa.Text), sa.Column("clerk_user_id", sa.String(64)), sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()))
sa.Table("notes", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id"), nullable=False),
         sa.Column("body", sa.Text, nullable=False))
sa.Table("plans", metadata, sa.Column("name", sa.Text, nullable=False))
"""
REVISION = """
import sqlalchemy as sa
from alembic import op

revision = "{name}"
down_revision = {down}
branch_labels = depends_on = None

def upgrade():
{up}

def downgrade():
{back}
"""
FIRST = """
op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("email", sa.String(200), nullable=False, unique=True),
                sa.Column("age", sa.Integer), sa.Column("nick", sa.Text))
op.create_table("notes", sa.Column("id", sa.Integer, primary_key=True), sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id"), nullable=False),
                sa.Column("body", sa.Text, nullable=False))
op.create_table("plans", sa.Column("name", sa.Text, sa.CheckConstraint("name IN ('free', 'pro')"), nullable=False))
"""
UP = """
op.add_column("users", sa.Column("clerk_user_id", sa.String(64)))
op.add_column("users", sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()))
"""
BACK = """
op.drop_column("users", "active")
op.drop_column("users", "clerk_user_id")
"""
INDEX = """
with op.get_context().autocommit_block():
    op.execute("CREATE INDEX CONCURRENTLY IF NOT EXISTS by_nick ON users (nick)")
"""
UNIQUE = INDEX.replace("INDEX", "UNIQUE INDEX").replace("(nick)", "(id)")
AGAIN = UNIQUE.replace("op.execute(", 'op.execute("DROP INDEX CONCURRENTLY IF EXISTS by_nick")\n    op.execute(')
"""What a stop has left of the index is invalid, holds nobody to it, and is dropped first."""
Project = Callable[..., Migrations]


def project_in(tmp_path: Path, postgres: Server) -> Project:
    """Writes an Alembic project of two revisions; gives its migrations."""

    def make(
        up: str = UP, back: str = BACK, *, env: str | None = None, first: str = FIRST, **declared: object
    ) -> Migrations:
        (tmp_path / "versions").mkdir(exist_ok=True)
        (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = .\n")
        (tmp_path / "env.py").write_text(env or ENV.format(models=MODELS, metadata="metadata"))
        for name, down, body, reverse in (("0001", None, first, "pass"), ("0002", "0001", up, back)):
            text = REVISION.format(name=name, down=repr(down), up=indent(body, "    "), back=indent(reverse, "    "))
            (tmp_path / "versions" / f"v{name}.py").write_text(text)
        file = MigrationsFile(legacy="0001", rows=300, **declared)  # type: ignore[arg-type]
        return Migrations(
            file, postgres, sys.executable, tmp_path, lambda url: base_environment() | {"DATABASE_URL": url}, tmp_path.name[-12:]
        )  # fmt: skip

    return make


def states(checks: list[Check]) -> dict[str, tuple[str, str]]:
    return {check.name: (check.status, check.detail) for check in checks}
