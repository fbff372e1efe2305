"""A small backend with all that `init` looks for: a sync on Postgres, Alembic, a seed, variables of Clerk's. It lies below src/."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from tests.conftest import VERIFIER

APP = """
import os
import sqlalchemy as sa
from fastapi import Depends, FastAPI, HTTPException, Request
from shop.verifier import verify_token

engine = sa.create_engine(os.environ["DATABASE_URL"])
SECRET = os.environ["CLERK_SECRET_KEY"]
if not SECRET.startswith("sk_test_"):
    raise RuntimeError("the secret key is none")

def claims(request: Request):
    fields = request.headers.getlist("authorization")
    scheme, _, token = fields[0].partition(" ") if len(fields) == 1 else ("", "", "")
    found = verify_token(token) if scheme.lower() == "bearer" else None
    if found is None:
        raise HTTPException(401, "Not authenticated")
    return found["sub"]

def known(sub: str = Depends(claims)):
    with engine.connect() as c:
        row = c.execute(sa.text("SELECT id FROM users WHERE clerk_user_id = :s"), {"s": sub}).first()
    if row is None:
        raise HTTPException(403, "who is that?")
    return row[0]

def make_app():
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/health")
    def health(): return {"status": "ok"}

    @app.get("/größe")
    def size(user: int = Depends(known)): return {"user": user}

    @app.get("/orders")
    def orders(user: int = Depends(known)): return []

    @app.get("/session")
    def session(sub: str = Depends(claims)):
        with engine.begin() as c:
            c.execute(sa.text("INSERT INTO users (email, clerk_user_id) VALUES (:e, :s) ON CONFLICT (clerk_user_id) DO NOTHING"),
                      {"e": sub + "@example.com", "s": sub})
        return {"sub": sub}
    return app
"""
ENV = """
import os
from alembic import context
import sqlalchemy as sa
with sa.create_engine(os.environ["DATABASE_URL"]).connect() as c:
    context.configure(connection=c, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""
FIRST = """
from alembic import op
revision, down_revision = "a1", None
def upgrade():
    op.execute("CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL, is_admin boolean NOT NULL DEFAULT false)")
def downgrade():
    op.execute("DROP TABLE users")
"""
SECOND = """
from alembic import op
revision, down_revision = "b2", "a1"
def upgrade():
    op.execute("ALTER TABLE users ADD COLUMN IF NOT EXISTS clerk_user_id text")
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS by_clerk_id")
        op.execute("CREATE UNIQUE INDEX CONCURRENTLY by_clerk_id ON users (clerk_user_id)")
def downgrade():
    op.execute("ALTER TABLE users DROP COLUMN IF EXISTS clerk_user_id")
"""
SEED = """
INSERT INTO users (email, clerk_user_id, is_admin) VALUES
    ('root@shop.example', 'user_2seedroot', true), ('ann@shop.example', 'user_2seedann', false),
    ('ben@shop.example', 'user_2seedben', false), ('old@shop.example', NULL, false);
"""


def write_backend(folder: Path, **changed: str) -> Path:
    """The backend in a folder; `changed`: files with another text, by their paths."""
    files = {
        "pyproject.toml": '[project]\nname = "shop"\ndependencies = ["fastapi", "sqlalchemy", "psycopg[binary]"]\n',
        "src/shop/__init__.py": "", "src/shop/verifier.py": VERIFIER, "src/shop/main.py": APP,
        "src/alembic.ini": "[alembic]\nscript_location = migrations\n", "src/migrations/env.py": ENV,
        "src/migrations/versions/a1.py": FIRST, "src/migrations/versions/b2.py": SECOND, "seed.sql": SEED,
    }  # fmt: skip
    for name, text in (files | changed).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(dedent(text))
    return folder
