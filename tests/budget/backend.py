"""A small backend that finds out who sends a request with one statement and no call, and dearer ways that can be switched on."""

SCHEMA = """
CREATE TABLE users (id serial PRIMARY KEY, clerk_user_id text UNIQUE, email text,
    role text NOT NULL DEFAULT 'member', seen integer NOT NULL DEFAULT 0);
CREATE TABLE logs (id serial PRIMARY KEY, clerk_user_id text NOT NULL);
INSERT INTO users (clerk_user_id, email) VALUES ('user_2alice', 'alice@example.com');
"""

CODE = """
import base64
import json
import os
from pathlib import Path
from typing import Annotated

import httpx
import psycopg
from fastapi import Depends, FastAPI, HTTPException, Request
from psycopg.rows import dict_row

import verifier
from verifier import verify_token

app = FastAPI()
SWITCH = Path(__file__).with_name("way.txt")
CACHE = {}


def way(name):
    return SWITCH.exists() and SWITCH.read_text() == name


def database():
    with psycopg.connect(os.environ["DATABASE_URL"], row_factory=dict_row) as connection:
        if way("pings"):
            connection.execute("SELECT 1")
            connection.execute("SET statement_timeout = '30s'; SELECT set_config('app.x', '1', false)")
            connection.execute("SELECT typname FROM pg_type WHERE oid = 25")
        yield connection


Db = Annotated[psycopg.Connection, Depends(database)]


def fetch(path):
    return httpx.get(f"https://api.clerk.com/v1/{path}", headers={"authorization": "Bearer " + os.environ["CLERK_SECRET_KEY"]}).json()


def payload_of(token):
    middle = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))["sub"]


def find(db, clerk_id):
    if way("by function"):
        return db.execute("SELECT * FROM users WHERE lower(clerk_user_id) = lower(%s)", [clerk_id]).fetchone()
    if way("by default"):
        return db.execute("SELECT * FROM users WHERE coalesce(clerk_user_id, '') = %s", [clerk_id]).fetchone()
    if way("twice sure"):
        sure = "SELECT * FROM users WHERE clerk_user_id = %s AND coalesce(clerk_user_id, '') = %s"
        return db.execute(sure, [clerk_id, clerk_id]).fetchone()
    if way("by pattern"):
        return db.execute("SELECT * FROM users WHERE clerk_user_id LIKE %s || '%%'", [clerk_id]).fetchone()
    if way("prepared"):
        return db.execute("SELECT * FROM users WHERE clerk_user_id = %s", [clerk_id], prepare=True).fetchone()
    if way("literal"):
        return psycopg.ClientCursor(db, row_factory=dict_row).execute("SELECT * FROM users WHERE clerk_user_id = %s", [clerk_id]).fetchone()
    return db.execute("SELECT * FROM users WHERE clerk_user_id = %s", [clerk_id]).fetchone()


def current_user(request: Request, db: Db):
    if way("keys each time"):
        verifier.KEYS.clear()
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    if way("asks first") and (said := payload_of(token)) not in CACHE:
        CACHE[said] = fetch(f"users/{said}")
    if way("looks first"):
        db.execute("SELECT role FROM users WHERE clerk_user_id = %s", [payload_of(token)])
    claims = verify_token(token)
    if claims is None and way("keys anew"):
        verifier.KEYS.clear()
        claims = verify_token(token)
    if claims is None:
        raise HTTPException(401, "Not authenticated")
    clerk_id = claims["sub"]
    if way("in memory") and clerk_id in CACHE:
        return CACHE[clerk_id]
    if way("profile each time"):
        fetch(f"users/{clerk_id}")
    if way("what the fake has not"):
        fetch("billing/plans")
    if way("by token") and token not in CACHE:
        CACHE[token] = fetch(f"users/{clerk_id}")
    row = find(db, clerk_id) if not way("looks first") else CACHE.get(clerk_id) or find(db, clerk_id)
    if row is None:
        user = fetch(f"users/{clerk_id}")
        row = db.execute("INSERT INTO users (clerk_user_id, email) VALUES (%s, %s) RETURNING *",
                         [clerk_id, user["email_addresses"][0]["email_address"]]).fetchone()
        if way("dear first"):
            for _ in range(9):
                db.execute("SELECT count(*) FROM users")
        if not way("written at the end"):
            db.commit()
    if way("twice"):
        find(db, clerk_id)
    if way("touches"):
        db.execute("UPDATE users SET seen = seen + 1 WHERE id = %s", [row["id"]])
    CACHE[clerk_id] = row
    return row


User = Annotated[dict, Depends(current_user)]


def with_role(user: User, db: Db):
    return db.execute("SELECT role FROM users WHERE id = %s", [user["id"]]).fetchone()


@app.get("/me")
def me(user: User, db: Db):
    for _ in range(5):
        db.execute("SELECT * FROM logs")
    httpx.get("https://api.clerk.com/v1/users/count", headers={"authorization": "Bearer " + os.environ["CLERK_SECRET_KEY"]})
    return {"id": user["id"]}


@app.post("/notes")
def note(user: User, text: str):
    return {}


@app.get("/role")
def role(role: Annotated[dict, Depends(with_role)]):
    return role


@app.get("/inside")
def inside(request: Request, db: Db):
    return {"id": current_user(request, db)["id"]}


@app.get("/open")
def open_():
    return {}
"""

ROUTES = """
"GET /me" = "clerk"
"POST /notes" = "clerk"
"GET /role" = "clerk"
"GET /inside" = "clerk"
"GET /open" = "public"
"""

BUDGET = """
[cold]
statements = 4
clerk_calls = 3
[refused]
statements = 0
[routes]
"GET /role" = { statements = 2 }
"""

DEAR = {
    "twice": "statements",
    "touches": "statements",
    "keys each time": "clerk-calls",
    "profile each time": "clerk-calls",
    "by token": "clerk-calls",
    "what the fake has not": "clerk-calls",
    "dear first": "cold",
    "asks first": "refused",
    "looks first": "refused",
    "by function": "index",
    "by pattern": "index",
    "by default": "index",
}
"""A dear way -> the check that must find it."""
RIGHT = ["", "pings", "prepared", "literal", "in memory", "written at the end", "twice sure", "keys anew"]
"""Ways that keep the budget."""
