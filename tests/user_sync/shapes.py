"""Small backends of other shapes than `backend.py`, each correct, with the flaws that a change of its code makes.

Common to them: people come from another origin than the usual one. The table of users takes no row without a Clerk id, but for the
one that is `without` nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.user_sync.backend import SWITCHED

ORIGIN = "https://app.shop.example"

_HEAD = """
import json
import os
import threading
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import psycopg
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from psycopg.rows import dict_row
from svix.webhooks import Webhook, WebhookVerificationError

from verifier import verify_token
"""
_TOOLS = '''
def subject(request: Request):
    claims = verify_token(request.headers.get("authorization", "").removeprefix("Bearer "))
    if claims is None:
        raise HTTPException(401, "Not authenticated")
    return claims["sub"]


def fetch(clerk_id):
    answer = httpx.get(f"https://api.clerk.com/v1/users/{clerk_id}", headers={"authorization": "Bearer " + os.environ["CLERK_SECRET_KEY"]})
    if answer.status_code != 200:
        raise HTTPException(401, "Not authenticated")
    return answer.json()


def address_of(data):
    """The primary address, and whether it is verified."""
    for entry in data.get("email_addresses") or []:
        if entry["id"] == data.get("primary_email_address_id"):
            return entry["email_address"], entry["verification"]["status"] == "verified"
    return None, False


async def event_of(request: Request):
    body = await request.body()
    try:
        Webhook(os.environ["CLERK_WEBHOOK_SECRET"]).verify(body, dict(request.headers))
    except WebhookVerificationError:
        raise HTTPException(400, "Bad delivery")
    return json.loads(body)
'''


@dataclass(frozen=True)
class Shape:
    """A backend. `flaws`: name of the flaw, which its code asks for -> the check that must find it; `without`: the checks of which
    it has nothing to examine.
    """

    name: str
    schema: str
    code: str
    suite: str
    flaws: dict[str, str] = field(default_factory=dict)
    without: tuple[str, ...] = ("adoption", "both-sides")

    @property
    def source(self) -> str:
        """The module."""
        return _HEAD + SWITCHED + _TOOLS + self.code


UPSERT = Shape(
    "upsert",
    """
    CREATE TABLE people (id bigserial PRIMARY KEY, clerk_id text NOT NULL UNIQUE, email text UNIQUE, told_at bigint NOT NULL DEFAULT 0,
        state text NOT NULL DEFAULT 'in' CHECK (state IN ('in', 'banned', 'deleted')));
    CREATE TABLE orders (id bigserial PRIMARY KEY, person_id bigint NOT NULL REFERENCES people ON DELETE CASCADE, title text NOT NULL);
    """,
    '''
app = FastAPI()

BY_ID = """INSERT INTO people (clerk_id, email, told_at, state) VALUES (%(id)s, %(email)s, %(at)s, %(state)s)
ON CONFLICT (clerk_id) DO UPDATE SET email = coalesce(EXCLUDED.email, people.email), told_at = EXCLUDED.told_at, state = EXCLUDED.state
WHERE people.told_at <= EXCLUDED.told_at AND people.state <> 'deleted'"""
BY_ADDRESS = """INSERT INTO people (clerk_id, email, told_at, state) VALUES (%(id)s, %(email)s, %(at)s, %(state)s)
ON CONFLICT (email) DO UPDATE SET clerk_id = EXCLUDED.clerk_id, told_at = EXCLUDED.told_at, state = EXCLUDED.state"""

GONE = "INSERT INTO people (clerk_id, state) VALUES (%(id)s, 'deleted') ON CONFLICT (clerk_id) DO UPDATE SET state = 'deleted'"


def upsert(data):
    email, proven = address_of(data)
    values = {"id": data["id"], "at": data.get("updated_at") or 0, "state": "banned" if data.get("banned") else "in"}
    with database() as db:
        db.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [data["id"]])  # ON CONFLICT looks at one unique column only.
        row = db.execute("SELECT * FROM people WHERE clerk_id = %s", [data["id"]]).fetchone()
        if flaw("by address") and row is None and email:
            db.execute(BY_ADDRESS, values | {"email": email})
            return
        if row is not None and (row["told_at"] > values["at"] or row["state"] == "deleted"):
            return
        if proven:
            db.execute("UPDATE people SET email = NULL WHERE email = %s AND clerk_id <> %s", [email, data["id"]])
        elif db.execute("SELECT 1 FROM people WHERE email = %s AND clerk_id <> %s", [email, data["id"]]).fetchone():
            email = None
        db.execute(BY_ID, values | {"email": email})


@app.get("/me")
def me(clerk_id: str = Depends(subject)):
    with database() as db:
        row = db.execute("SELECT * FROM people WHERE clerk_id = %s", [clerk_id]).fetchone()
    if row is None:
        upsert(fetch(clerk_id))
        with database() as db:
            row = db.execute("SELECT * FROM people WHERE clerk_id = %s", [clerk_id]).fetchone()
    if row is None or row["state"] != "in":
        raise HTTPException(401, "Not authenticated")
    return {"id": row["id"]}


@app.post("/webhook")
async def webhook(request: Request):
    event = await event_of(request)
    if event["type"] == "user.deleted":
        with database() as db:
            gone = {"id": event["data"]["id"]}
            if flaw("comes back"):
                db.execute("DELETE FROM people WHERE clerk_id = %(id)s", gone)
            else:
                db.execute(GONE, gone)
    elif event["type"] in ("user.created", "user.updated"):
        upsert(event["data"])
    return {}
''',
    """
    [reach]
    request = "GET /me"
    webhook = "POST /webhook"
    [table]
    name = "people"
    clerk_id = "clerk_id"
    """,
    {"by address": "no-adoption", "comes back": "no-resurrection"},
)

KEYED = Shape(
    "keyed",
    """
    CREATE TABLE users (
        id text PRIMARY KEY, banned boolean NOT NULL DEFAULT false, deleted_at timestamptz, email text, told_at bigint NOT NULL DEFAULT 0
    );
    CREATE TABLE notes (id serial PRIMARY KEY, owner text NOT NULL REFERENCES users, text text NOT NULL);
    """,
    """
app = FastAPI()
KNOWN = set()


@app.middleware("http")
async def user(request: Request, call_next):
    if request.url.path == "/webhook":
        return await call_next(request)
    claims = verify_token(request.headers.get("authorization", "").removeprefix("Bearer "))
    if claims is None:
        return JSONResponse({"detail": "Not authenticated"}, 401)
    clerk_id = claims["sub"]
    if flaw("known before it is written"):
        fresh = clerk_id not in KNOWN
        KNOWN.add(clerk_id)
    else:
        fresh = clerk_id not in KNOWN
    with database() as db:
        if fresh:
            db.execute("INSERT INTO users (id) VALUES (%s) ON CONFLICT DO NOTHING", [clerk_id])
            db.commit()
            KNOWN.add(clerk_id)
        if fresh or not flaw("who is known is let in"):
            row = db.execute("SELECT * FROM users WHERE id = %s", [clerk_id]).fetchone()
            if row is not None and (row["banned"] or row["deleted_at"]):
                return JSONResponse({"detail": "Not authenticated"}, 401)
    request.state.user = clerk_id
    return await call_next(request)


@app.get("/me")
def me(request: Request):
    return {"id": request.state.user}


@app.post("/webhook")
async def webhook(request: Request):
    event = await event_of(request)
    data = event["data"]
    with database() as db:
        if event["type"] == "user.deleted":
            db.execute("INSERT INTO users (id) VALUES (%s) ON CONFLICT DO NOTHING", [data["id"]])
            db.execute("UPDATE users SET deleted_at = now() WHERE id = %s AND deleted_at IS NULL", [data["id"]])
        elif event["type"] in ("user.created", "user.updated"):
            db.execute("INSERT INTO users (id) VALUES (%s) ON CONFLICT DO NOTHING", [data["id"]])
            db.execute("UPDATE users SET banned = %(banned)s, told_at = %(at)s WHERE id = %(id)s AND told_at <= %(at)s",
                       {"banned": bool(data.get("banned")), "at": data.get("updated_at") or 0, "id": data["id"]})
    return {}
""",
    """
    [reach]
    request = "GET /me"
    webhook = "POST /webhook"
    [table]
    clerk_id = "id"
    mirror = {}
    """,
    {"who is known is let in": "banned", "known before it is written": "connection-loss"},
)

QUEUED = Shape(
    "queued",
    """
    CREATE TABLE members (id serial PRIMARY KEY, clerk_id text NOT NULL UNIQUE, first_name text, told_at bigint NOT NULL DEFAULT 0,
        email text, state text NOT NULL DEFAULT 'in');
    CREATE TABLE inbox (message text PRIMARY KEY, number serial, event jsonb NOT NULL, done boolean NOT NULL DEFAULT false);
    CREATE TABLE audit (id serial PRIMARY KEY, message text NOT NULL);
    """,
    """
ARRIVED = threading.Event()


def take_over(db, data):
    db.execute("INSERT INTO members (clerk_id) VALUES (%s) ON CONFLICT DO NOTHING", [data["id"]])
    late = "" if flaw("the last to come wins") else "AND told_at <= %(at)s"
    if "first_name" in data:
        db.execute(f"UPDATE members SET first_name = %(name)s WHERE clerk_id = %(id)s {late}",
                   {"name": data["first_name"], "id": data["id"], "at": data.get("updated_at") or 0})
    state = "banned" if data.get("banned") else "in"
    db.execute(f"UPDATE members SET told_at = %(at)s, state = %(state)s WHERE clerk_id = %(id)s AND state <> 'deleted' {late}",
               {"at": data.get("updated_at") or 0, "id": data["id"], "state": state})


def work():
    while True:
        ARRIVED.wait(0.1)
        ARRIVED.clear()
        try:
            while not flaw("held up") and one():
                pass
        except psycopg.Error:
            pass  # It stays in the queue.


def one():
    with database() as db:
        row = db.execute("SELECT * FROM inbox WHERE NOT done ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED").fetchone()
        if row is None:
            return False
        data = row["event"]["data"]
        if row["event"]["type"] == "user.deleted":
            db.execute("INSERT INTO members (clerk_id) VALUES (%s) ON CONFLICT DO NOTHING", [data["id"]])
            db.execute("UPDATE members SET state = 'deleted' WHERE clerk_id = %s", [data["id"]])
        elif row["event"]["type"] in ("user.created", "user.updated"):
            take_over(db, data)
        db.execute("UPDATE inbox SET done = true WHERE number = %s", [row["number"]])
        if flaw("works twice"):
            db.execute("INSERT INTO audit (message) VALUES (%s)", [row["message"]])
        return True


@asynccontextmanager
async def lifespan(app):
    threading.Thread(target=work, daemon=True).start()
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/me")
def me(clerk_id: str = Depends(subject)):
    with database() as db:
        row = db.execute("SELECT * FROM members WHERE clerk_id = %s", [clerk_id]).fetchone()
        if row is None:
            take_over(db, fetch(clerk_id))
            row = db.execute("SELECT * FROM members WHERE clerk_id = %s", [clerk_id]).fetchone()
        if row["state"] != "in":
            raise HTTPException(401, "Not authenticated")
    return {"id": row["id"]}


@app.post("/webhook", status_code=202)
async def webhook(request: Request):
    event = await event_of(request)
    again = "SET done = false" if flaw("works twice") else "SET message = EXCLUDED.message"
    with database() as db:
        db.execute(f"INSERT INTO inbox (message, event) VALUES (%s, %s) ON CONFLICT (message) DO UPDATE {again}",
                   [request.headers["svix-id"], json.dumps(event)])
    ARRIVED.set()
    return {}
""",
    """
    [reach]
    request = "GET /me"
    webhook = "POST /webhook"
    works_off_within = 0.5
    [table]
    name = "members"
    clerk_id = "clerk_id"
    mirror = { first_name = "first_name" }
    """,
    {"the last to come wins": "newest", "works twice": "replay"},
)

SHAPES = (UPSERT, KEYED, QUEUED)
