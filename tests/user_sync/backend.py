"""A small backend with a correct sync that trusts payloads and their times, and the flaws that can be switched on in it.

Written into a folder of its own and run there; see `test_sync.py`.
"""

from tests.user_sync import both_sides

SCHEMA = """
CREATE TABLE users (
    id serial PRIMARY KEY, clerk_user_id text, email text UNIQUE, first_name varchar(100), last_name varchar(100),
    banned boolean NOT NULL DEFAULT false, deleted boolean NOT NULL DEFAULT false, told_at bigint NOT NULL DEFAULT 0, seen integer NOT NULL DEFAULT 0,
    role text NOT NULL DEFAULT 'member'
);
CREATE TABLE profiles (id serial PRIMARY KEY, user_id integer NOT NULL UNIQUE REFERENCES users ON DELETE CASCADE, bio text NOT NULL DEFAULT '');
CREATE TABLE conversations (id serial PRIMARY KEY, user_id integer NOT NULL REFERENCES users ON DELETE CASCADE, title text NOT NULL);
CREATE TABLE messages (
    id serial PRIMARY KEY, user_id integer NOT NULL REFERENCES users ON DELETE CASCADE,
    conversation_id integer NOT NULL REFERENCES conversations ON DELETE CASCADE, content text NOT NULL
);
CREATE TABLE welcomes (id serial PRIMARY KEY, clerk_user_id text NOT NULL);
"""

SWITCHED = """
SWITCH = Path(__file__).with_name("flaw.txt")


def flaw(name):
    return SWITCH.exists() and SWITCH.read_text() == name


@contextmanager
def database():
    with psycopg.connect(os.environ["DATABASE_URL"], row_factory=dict_row) as connection:
        yield connection
"""
"""The flaw that is switched on, and a connection: of every small backend of these tests."""

CODE = """
import os
import threading
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
from fastapi import FastAPI, HTTPException, Request
from psycopg.rows import dict_row
from svix.webhooks import Webhook, WebhookVerificationError

from both_sides import settle
from verifier import verify_token

app = FastAPI()
DELETED, ONE_AT_A_TIME = set(), threading.Lock()
"""
CODE += SWITCHED
CODE += '''


def primary_of(data):
    addresses = data.get("email_addresses") or []
    if flaw("first address"):
        return addresses[0] if addresses else None
    return next((a for a in addresses if a["id"] == data.get("primary_email_address_id")), None)


def values_of(data):
    """What the payload says, and nothing for what it does not say."""
    values = {name: data[name] for name in ("first_name", "last_name", "banned") if name in data}
    if flaw("partial"):
        values = {name: data.get(name) for name in ("first_name", "last_name")} | {"banned": bool(data.get("banned"))}
    if flaw("role of the browser") and "unsafe_metadata" in data:
        values["role"] = data["unsafe_metadata"].get("role", "member")
    entry = primary_of(data)
    if entry is not None:
        values["email"] = entry["email_address"]
    return values, entry is not None and (entry["verification"]["status"] == "verified" or flaw("unverified"))


def adopt(db, clerk_id, email):
    if db.execute("SELECT 1 FROM users WHERE clerk_user_id = %s", [clerk_id]).fetchone() and not flaw("steals"):
        return
    unowned = "" if flaw("steals") or flaw("links anew") else "AND clerk_user_id IS NULL"
    case = "email = %(email)s" if flaw("case") else "lower(email) = lower(%(email)s)"
    row = db.execute(f"SELECT id, clerk_user_id FROM users WHERE {case} {unowned}", {"email": email}).fetchone()
    if row is None or row["clerk_user_id"] == clerk_id:
        return
    if flaw("moves"):
        db.execute("UPDATE users SET email = NULL WHERE id = %s", [row["id"]])
    elif flaw("replaces"):
        db.execute("DELETE FROM users WHERE id = %s", [row["id"]])
    elif flaw("drags"):
        db.execute("UPDATE users SET clerk_user_id = %s WHERE id = %s", [clerk_id, row["id"]])
        db.execute("UPDATE conversations SET user_id = (SELECT min(id) FROM users) WHERE user_id = %s", [row["id"]])
    else:
        if flaw("steals"):
            db.execute("DELETE FROM users WHERE clerk_user_id = %s AND id <> %s", [clerk_id, row["id"]])
        db.execute("UPDATE users SET clerk_user_id = %s WHERE id = %s", [clerk_id, row["id"]])


def sync(db, data):
    if flaw("process lock"):
        with ONE_AT_A_TIME:
            row = taken_over(db, data)
            db.commit()
            return row
    return taken_over(db, data)


def taken_over(db, data):
    clerk_id, told_at = data["id"], data.get("updated_at") or 0
    if clerk_id in DELETED:
        return {"deleted": True, "banned": False}
    if not flaw("race") and not flaw("process lock"):
        db.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [clerk_id])  # One at a time for each person.
    values, proven = values_of(data)
    row = db.execute("SELECT * FROM users WHERE clerk_user_id = %s", [clerk_id]).fetchone()
    if row is not None and row["told_at"] > told_at and not flaw("stale"):
        return row  # Told of something newer already.
    if settle(db, data, values["email"] if proven else None, flaw):
        return db.execute("SELECT * FROM users WHERE clerk_user_id = %s", [clerk_id]).fetchone()
    if proven:
        adopt(db, clerk_id, values["email"])
        if not flaw("swap"):
            others = "<>" if flaw("legacy address") else "IS DISTINCT FROM"
            deleted = "AND NOT deleted" if flaw("same mail again") else ""
            db.execute(f"UPDATE users SET email = NULL WHERE lower(email) = lower(%s) AND clerk_user_id {others} %s {deleted}", [values["email"], clerk_id])
    row = db.execute("SELECT 1 FROM users WHERE clerk_user_id = %s", [clerk_id]).fetchone()
    if row is None or flaw("doubles"):
        db.execute("INSERT INTO users (clerk_user_id) VALUES (%s)", [clerk_id])
    if flaw("two steps"):
        db.commit()
    assigned = ", ".join(f"{name} = %({name})s" for name in values) + ", " if values else ""
    db.execute(f"UPDATE users SET {assigned} told_at = %(told_at)s WHERE id = (SELECT max(id) FROM users WHERE clerk_user_id = %(id)s)",
               values | {"told_at": told_at, "id": clerk_id})
    if flaw("welcome"):
        db.execute("INSERT INTO welcomes (clerk_user_id) VALUES (%s)", [clerk_id])
    row = db.execute("SELECT * FROM users WHERE clerk_user_id = %s", [clerk_id]).fetchone()
    db.execute("INSERT INTO profiles (user_id) VALUES (%s) ON CONFLICT DO NOTHING", [row["id"]])
    return row


def fetch(clerk_id):
    answer = httpx.get(f"https://api.clerk.com/v1/users/{clerk_id}", headers={"authorization": "Bearer " + os.environ["CLERK_SECRET_KEY"]})
    return answer.json() if answer.status_code == 200 else None


def create_clerk_user_in_db(user, *, db):
    """For those who reach sync by a function."""
    return sync(db, user)


async def create_later(clerk_id, email):
    with database() as db:
        return sync(db, fetch(clerk_id))


@app.get("/me")
def me(request: Request):
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    claims = verify_token(token)
    if claims is None:
        raise HTTPException(401, "Not authenticated")
    clerk_id = claims["sub"]
    if flaw("header"):
        clerk_id = request.headers.get("x-user-id", clerk_id)
    with database() as db:
        row = db.execute("SELECT * FROM users WHERE clerk_user_id = %s", [clerk_id]).fetchone()
        if flaw("header") and row is not None and "x-user-id" in request.headers:
            db.execute("UPDATE users SET seen = seen + 1 WHERE id = %s", [row["id"]])
        if row is None or flaw("no flaw: takes the profile over at each request"):
            data = fetch(clerk_id)
            if data is None:
                raise HTTPException(401, "Not authenticated")
            entry = primary_of(data)
            taken = entry is not None and entry["verification"]["status"] != "verified" and db.execute(
                "SELECT 1 FROM users WHERE lower(email) = lower(%s) AND clerk_user_id IS DISTINCT FROM %s", [entry["email_address"], clerk_id]).fetchone()
            if taken and not flaw("unverified"):
                raise HTTPException(401, "Not authenticated")
            row = sync(db, data)
        if row["seen"] == -1:
            raise RuntimeError("undecided") if flaw("refuses by failing") else HTTPException(409, "An account with this address exists")
        if flaw("two rows") and db.execute("SELECT count(*) AS n FROM users WHERE lower(email) = lower(%s)", [row["email"]]).fetchone()["n"] > 1:
            raise RuntimeError("more than one user has this address")
        if (row["banned"] and not flaw("banned")) or row["deleted"]:
            raise HTTPException(401, "Not authenticated")
    return {"id": row["id"]}


@app.post("/webhook")
async def webhook(request: Request):
    body = await request.body()
    try:
        Webhook(os.environ["CLERK_WEBHOOK_SECRET"]).verify(body, dict(request.headers))
    except WebhookVerificationError:
        raise HTTPException(400, "Bad delivery")
    import json
    event = json.loads(body)
    data = event["data"]
    with database() as db:
        if event["type"] == "user.deleted":
            if flaw("in memory"):
                DELETED.add(data["id"])
            if flaw("resurrects") or flaw("in memory"):
                db.execute("DELETE FROM users WHERE clerk_user_id = %s", [data["id"]])
            else:
                db.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [data["id"]])
                if db.execute("UPDATE users SET deleted = true WHERE clerk_user_id = %s", [data["id"]]).rowcount == 0:
                    db.execute("INSERT INTO users (clerk_user_id, deleted) VALUES (%s, true)", [data["id"]])
        elif event["type"] in ("user.created", "user.updated"):
            entry = primary_of(data)
            clash = entry is not None and entry["verification"]["status"] != "verified" and db.execute(
                "SELECT 1 FROM users WHERE lower(email) = lower(%s) AND clerk_user_id IS DISTINCT FROM %s", [entry["email_address"], data["id"]]).fetchone()
            if flaw("webhook inserts"):
                db.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [data["id"]])
                if not db.execute("SELECT 1 FROM users WHERE clerk_user_id = %s", [data["id"]]).fetchone():
                    db.execute("INSERT INTO users (clerk_user_id) VALUES (%s)", [data["id"]])
            if not clash or flaw("unverified"):
                sync(db, data)
    return {}
'''

SUITE = """
[reach]
request = "GET /me"
webhook = "POST /webhook"
[table]
mirror = { email = "primary_email_address", first_name = "first_name", last_name = "last_name" }
"""

BY_FUNCTION = """
[reach]
callable = "backend:create_clerk_user_in_db"
arguments = { user = "user", db = "backend:database" }
refreshes = true
[table]
mirror = { email = "primary_email_address", first_name = "first_name", last_name = "last_name" }
"""
BY_COROUTINE = BY_FUNCTION.replace("create_clerk_user_in_db", "create_later").replace(
    '{ user = "user", db = "backend:database" }', '["id", "primary_email_address"]'
)

FLAWS = both_sides.FLAWS | {
    "doubles": "one-row",
    "welcome": "replay",
    "stale": "newest",
    "swap": "newest",
    "legacy address": "newest",
    "same mail again": "at-once",
    "resurrects": "no-resurrection",
    "in memory": "no-resurrection",
    "race": "at-once",
    "process lock": "at-once",
    "moves": "adoption",
    "case": "adoption",
    "unverified": "no-adoption",
    "first address": "newest",
    "steals": "own-row",
    "links anew": "own-row",
    "partial": "partial",
    "header": "token-only",
    "role of the browser": "rights",
    "banned": "banned",
    "two steps": "connection-loss",
    "replaces": "relations",
    "drags": "relations",
}
"""Flaw -> the check that must find it."""
