"""Small databases whose mapping is known. Clerk's ids are `user_` and 27 characters."""

from __future__ import annotations

from dataclasses import dataclass, field

CLERK = "'user_' || substr(md5(n::text) || md5(n::text || 'x'), 1, 27)"
"""Clerk's id of user `n`, as SQL."""
USERS = f"""
CREATE TABLE users (id serial PRIMARY KEY, clerk_user_id text UNIQUE, email text NOT NULL);
INSERT INTO users (clerk_user_id, email) SELECT CASE WHEN n <= 6 THEN {CLERK} END, 'person' || n || '@example.com'
  FROM generate_series(1, 10) n;
"""
Held = dict[str, dict[str, int]]
"""Column -> rows by identifier: `id`, `clerk`, `email`, `orphan id`, …, `other`, `empty`."""


@dataclass
class Case:
    """A database, what its columns hold, and what is found in it."""

    name: str
    schema: str
    held: Held
    findings: tuple[str, ...] = ()
    table: str = "users"
    columns: dict[str, str] = field(default_factory=lambda: {"id": "id", "clerk": "clerk_user_id", "email": "email"})


CASES = [
    Case(
        "all agree",
        USERS
        + f"""
CREATE TABLE posts (id serial PRIMARY KEY, user_id integer REFERENCES users, title text);
INSERT INTO posts (user_id, title) SELECT n, 'a title' FROM generate_series(1, 5) n;
CREATE TABLE events (id bigserial PRIMARY KEY, actor text, kind text);
INSERT INTO events (actor, kind) SELECT {CLERK}, 'user_deleted' FROM generate_series(1, 4) n;
CREATE TABLE invitations (id serial PRIMARY KEY, email text);
INSERT INTO invitations (email) VALUES ('person1@EXAMPLE.com'), ('stranger@example.com'), (NULL);
CREATE TABLE books (id serial PRIMARY KEY, author text, owner_count integer);
INSERT INTO books (author, owner_count) VALUES ('Someone Known', 3);
""",
        {
            "posts.user_id": {"id": 5},
            "events.actor": {"clerk": 4},
            "invitations.email": {"email": 1, "orphan email": 1, "empty": 1},
        },
    ),
    Case(
        "mixed, and orphans of each kind",
        USERS
        + f"""
CREATE TABLE notes (id serial PRIMARY KEY, owner text);
INSERT INTO notes (owner) SELECT n::text FROM generate_series(1, 3) n;
INSERT INTO notes (owner) SELECT {CLERK} FROM generate_series(1, 2) n;
CREATE TABLE logs (created_by varchar(80));
INSERT INTO logs SELECT {CLERK} FROM generate_series(6, 8) n;
INSERT INTO logs VALUES ('system');
CREATE TABLE scores (user_id bigint, points integer);
INSERT INTO scores VALUES (1, 1), (10, 1), (11, 1), (NULL, 1);
CREATE TABLE mails (user_email text);
INSERT INTO mails VALUES ('PERSON2@example.com'), ('gone@example.com'), ('');
""",
        {
            "logs.created_by": {"clerk": 1, "orphan clerk": 2, "other": 1},
            "mails.user_email": {"email": 1, "orphan email": 1, "empty": 1},
            "notes.owner": {"id": 3, "clerk": 2},
            "scores.user_id": {"id": 2, "orphan id": 1, "empty": 1},
        },
        (
            "logs.created_by: 3 of 4 row(s) point to nobody",
            "mails.user_email: 1 of 2 row(s) point to nobody",
            "notes.owner is mixed: 3 id, 2 Clerk's id",
            "scores.user_id: 1 of 3 row(s) point to nobody",
        ),
    ),
    Case(
        "doubles",
        """
CREATE TABLE accounts (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), clerk_id text, email_address text);
INSERT INTO accounts (clerk_id, email_address) VALUES
  ('user_2abcdefghijklmnopqrstuvwxyz1', 'Ada@example.com'), (NULL, 'ada@example.com '), ('user_2ABCDEFGHIJKLMNOPQRSTUVWXYZ1', NULL),
  (NULL, 'bob@example.com'), ('', 'BOB@example.com'), ('auth0|5f7c', 'eve@example.com');
CREATE TABLE carts (account_id uuid REFERENCES accounts);
INSERT INTO carts SELECT id FROM accounts LIMIT 2;
CREATE TABLE tokens (holder uuid);
INSERT INTO tokens SELECT id FROM accounts LIMIT 1;
INSERT INTO tokens VALUES (gen_random_uuid());
CREATE TABLE files (id uuid PRIMARY KEY DEFAULT gen_random_uuid());
INSERT INTO files DEFAULT VALUES;
""",
        {"carts.account_id": {"id": 2}, "tokens.holder": {"id": 1, "orphan id": 1}},
        (
            "accounts: 2 address(es) of email_address are those of more than one row, ignoring case",
            "accounts: 1 Clerk id(s) of clerk_id are those of more than one row, ignoring case",
            "accounts: 1 address(es) have a row with Clerk's id and one without",
            "accounts: 1 row(s) have in clerk_id what is no id of Clerk's users",
            "tokens.holder: 1 of 2 row(s) point to nobody",
        ),
        "accounts",
        {"id": "id", "clerk": "clerk_id", "email": "email_address"},
    ),
    Case(
        "another schema, upper case, quotes, and a key of two columns",
        f"""
CREATE SCHEMA "App";
CREATE TABLE "App"."User" ("tenantId" integer, "Id" bigint, "clerkUserId" text, "primaryEmail" text, PRIMARY KEY ("tenantId", "Id"));
INSERT INTO "App"."User" SELECT n % 2, n / 2, {CLERK}, 'p' || n || '@example.com' FROM generate_series(2, 9) n;
CREATE TABLE "App"."Member Ship" ("tenantId" integer, "memberId" bigint, "a ""b" text);
INSERT INTO "App"."Member Ship" VALUES (0, 1, 'x'), (1, 4, NULL), (NULL, 3, 'y'), (2, 1, 'z');
ALTER TABLE "App"."Member Ship" ADD FOREIGN KEY ("tenantId", "memberId") REFERENCES "App"."User" NOT VALID;
CREATE TABLE "Notes" ("ownerUserId" text);
INSERT INTO "Notes" SELECT {CLERK} FROM generate_series(2, 3) n;
""",
        {
            "App.Member Ship.memberId": {"id": 2, "empty": 1, "orphan id": 1},
            "Notes.ownerUserId": {"clerk": 2},
        },
        ("App.Member Ship.memberId: 1 of 3 row(s) point to nobody",),
        "App.User",
        {"id": "Id", "clerk": "clerkUserId", "email": "primaryEmail"},
    ),
    Case(
        "the key is Clerk's id, and partitions",
        f"""
CREATE TABLE users (id text PRIMARY KEY, email varchar(200) UNIQUE);
INSERT INTO users SELECT {CLERK}, 'p' || n || '@example.com' FROM generate_series(1, 4) n;
CREATE TABLE visits (user_id text REFERENCES users, day date) PARTITION BY RANGE (day);
CREATE TABLE visits_1 PARTITION OF visits FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE visits_2 PARTITION OF visits DEFAULT;
INSERT INTO visits SELECT id, '2026-01-05'::date + 20 * row_number() OVER ()::int FROM users;
""",
        {"visits.user_id": {"clerk": 4}},
        (),
        "users",
        {"id": "id", "clerk": "id", "email": "email"},
    ),
    Case(
        "found by what refers to it, and Clerk's id by its values",
        f"""
CREATE TABLE user_settings (id serial PRIMARY KEY, user_id integer, email text);
CREATE TABLE app_user (id serial PRIMARY KEY, external_ref text, email text);
INSERT INTO app_user (external_ref, email) SELECT {CLERK}, 'p' || n || '@example.com' FROM generate_series(1, 3) n;
INSERT INTO user_settings (user_id) VALUES (1), (3);
CREATE TABLE orders (id serial PRIMARY KEY, user_id integer REFERENCES app_user);
""",
        {"orders.user_id": {}, "user_settings.user_id": {"id": 2}},
        (),
        "app_user",
        {"id": "id", "clerk": "external_ref", "email": "email"},
    ),
    Case(
        "of several kinds, by a column beside it; and users of several kinds",
        USERS
        + """
CREATE TABLE documents (id serial PRIMARY KEY, owner_type text, owner_id integer);
INSERT INTO documents (owner_type, owner_id) VALUES ('user', 1), ('team', 70), ('team', 71);
CREATE TABLE visits (id serial PRIMARY KEY, user_type text, user_id integer);
INSERT INTO visits (user_type, user_id) VALUES ('guest', 1), ('guest', 70);
""",
        {"visits.user_id": {"id": 1, "orphan id": 1}},
        ("visits.user_id: 1 of 2 row(s) point to nobody",),
    ),
    Case(
        "Clerk's ids in a table of their own, beside those of other providers",
        f"""
CREATE TABLE people (id serial PRIMARY KEY, email text NOT NULL);
INSERT INTO people (email) SELECT 'person' || n || '@example.com' FROM generate_series(1, 10) n;
CREATE TABLE sign_ins (provider text, subject text, person_id integer NOT NULL REFERENCES people, PRIMARY KEY (provider, subject));
INSERT INTO sign_ins SELECT 'clerk', {CLERK}, n FROM generate_series(1, 6) n;
INSERT INTO sign_ins VALUES ('github', '77', 1);
CREATE TABLE seats (id serial PRIMARY KEY, clerk_user_id text);
INSERT INTO seats (clerk_user_id) SELECT {CLERK} FROM generate_series(5, 7) n;
""",
        {"sign_ins.person_id": {"id": 7}, "seats.clerk_user_id": {"clerk": 2, "orphan clerk": 1}},
        ("seats.clerk_user_id: 1 of 3 row(s) point to nobody",),
        "people",
        {"id": "id", "clerk": "sign_ins.subject", "email": "email"},
    ),
    Case(
        "a public number of the users themselves",
        USERS
        + """
ALTER TABLE users ADD COLUMN uid uuid UNIQUE DEFAULT gen_random_uuid();
CREATE TABLE posts (id serial PRIMARY KEY, owner_uid uuid REFERENCES users (uid), title text);
INSERT INTO posts (owner_uid, title) SELECT uid, 'a title' FROM users;
""",
        {},
    ),
]
