"""A backend in which Clerk's ids stand in a table of their own, beside those of other providers, and people have rights.

A role is taken over from what only the backend's own key writes (`public_metadata`); a theme, a job title and the role that somebody
asks for from the unsafe metadata.
"""

from __future__ import annotations

from tests.user_sync.shapes import Shape

LINKED = Shape(
    "linked",
    """
    CREATE TYPE rank AS ENUM ('reader', 'writer', 'owner');
    CREATE TABLE members (id bigserial PRIMARY KEY, email text, first_name text, state text NOT NULL DEFAULT 'in',
        told_at bigint NOT NULL DEFAULT 0,
        rank rank NOT NULL DEFAULT 'reader', role text NOT NULL DEFAULT 'user', is_staff boolean NOT NULL DEFAULT false,
        theme text, preferences jsonb, job_title text, requested_role text,
        seat text NOT NULL DEFAULT 'free' CHECK (seat IN ('free', 'owner')));
    CREATE UNIQUE INDEX ON members (lower(email));
    CREATE TABLE sign_ins (id bigserial PRIMARY KEY, member_id bigint NOT NULL REFERENCES members ON DELETE CASCADE,
        provider text NOT NULL, subject text NOT NULL UNIQUE);
    CREATE TABLE member_roles (member_id bigint NOT NULL REFERENCES members ON DELETE CASCADE, name text NOT NULL,
        PRIMARY KEY (member_id, name));
    CREATE TABLE profiles (member_id bigint PRIMARY KEY REFERENCES members ON DELETE CASCADE, bio text,
        is_admin boolean NOT NULL DEFAULT false);
    CREATE TABLE orders (id bigserial PRIMARY KEY, member_id bigint NOT NULL REFERENCES members ON DELETE CASCADE, title text NOT NULL);
    """,
    r"""
app = FastAPI()
KNOWN = "SELECT m.* FROM members m JOIN sign_ins s ON s.member_id = m.id WHERE s.provider = 'clerk' AND s.subject = %s"
LINK = "INSERT INTO sign_ins (member_id, provider, subject) VALUES (%s, 'clerk', %s)"
FREE = '''SELECT * FROM members m WHERE lower(email) = lower(%s)
AND NOT EXISTS (SELECT FROM sign_ins s WHERE s.member_id = m.id AND s.provider = 'clerk')'''


def rights_of(data):
    own = data.get("unsafe_metadata") or {}
    given = data.get("public_metadata") or {}
    values = {"theme": own.get("theme"), "preferences": json.dumps(own)}
    values |= {"job_title": own.get("role"), "requested_role": own.get("role")}
    if flaw("seat of the browser"):
        values["seat"] = "owner" if own.get("seat") == "owner" else "free"
    if "role" in given:
        values["role"] = given["role"]
    if flaw("role of the browser"):
        values["role"] = own.get("role", "user")
    if flaw("merged metadata"):
        values["is_staff"] = bool((given | own).get("is_staff"))
    if flaw("rank of the browser") and own.get("role") in ("reader", "writer", "owner"):
        values["rank"] = own["role"]
    return values


def take_over(db, data):
    if not flaw("at the same moment"):
        db.execute("SELECT pg_advisory_xact_lock(1)")
    told_at, (email, proven) = data.get("updated_at") or 0, address_of(data)
    row = db.execute(KNOWN, [data["id"]]).fetchone()
    if row is not None and (row["state"] == "deleted" or row["told_at"] > told_at):
        return row
    if row is None or flaw("a member each time"):
        row = db.execute(FREE, [email]).fetchone() if email and (proven or flaw("unproven")) else None
        if row is None:
            row = db.execute("INSERT INTO members DEFAULT VALUES RETURNING *").fetchone()
        if flaw("a member each time"):
            db.execute("DELETE FROM sign_ins WHERE subject = %s", [data["id"]])
        db.execute(LINK, [row["id"], data["id"]])
    values = {"told_at": told_at} | ({"first_name": data["first_name"]} if "first_name" in data else {})
    if "unsafe_metadata" in data:
        values |= rights_of(data)
    if "banned" in data:
        values["state"] = "banned" if data["banned"] else "in"
    other = email and db.execute("SELECT * FROM members WHERE lower(email) = lower(%s) AND id <> %s", [email, row["id"]]).fetchone()
    linked = other and db.execute("SELECT 1 FROM sign_ins WHERE member_id = %s", [other["id"]]).fetchone()
    if linked and proven:
        db.execute("UPDATE members SET email = NULL WHERE id = %s", [other["id"]])
    if email and not (other and (not proven or not linked)):
        values["email"] = email
    assigned = ", ".join(f"{name} = %({name})s" for name in values)
    row = db.execute(f"UPDATE members SET {assigned} WHERE id = %(id)s RETURNING *", values | {"id": row["id"]}).fetchone()
    admin = flaw("profile of the browser") and (data.get("unsafe_metadata") or {}).get("isAdmin") is True
    db.execute("INSERT INTO profiles VALUES (%s, NULL, %s) ON CONFLICT (member_id) DO UPDATE SET is_admin = %s", [row["id"], admin, admin])
    for name in (data.get("unsafe_metadata") or {}).get("roles", []) if flaw("roles in a table") else ["user"]:
        db.execute("INSERT INTO member_roles VALUES (%s, %s) ON CONFLICT DO NOTHING", [row["id"], name])
    return row


@app.get("/me")
def me(clerk_id: str = Depends(subject)):
    with database() as db:
        row = db.execute(KNOWN, [clerk_id]).fetchone() or take_over(db, fetch(clerk_id))
    if row["state"] != "in":
        raise HTTPException(401, "Not authenticated")
    return {"id": row["id"]}


@app.post("/webhook")
async def webhook(request: Request):
    event = await event_of(request)
    data = event["data"]
    with database() as db:
        if event["type"] == "user.deleted":
            db.execute("SELECT pg_advisory_xact_lock(1)")
            row = db.execute(KNOWN, [data["id"]]).fetchone()
            if row is None:
                row = db.execute("INSERT INTO members DEFAULT VALUES RETURNING *").fetchone()
                db.execute(LINK, [row["id"], data["id"]])
            db.execute("UPDATE members SET state = 'deleted', email = NULL WHERE id = %s", [row["id"]])
        elif event["type"] in ("user.created", "user.updated"):
            take_over(db, data)
    return {}
""",
    """
    [reach]
    request = "GET /me"
    webhook = "POST /webhook"
    [table]
    name = "members"
    clerk_id = "sign_ins.subject"
    mirror = { email = "primary_email_address", first_name = "first_name" }
    """,
    {
        "role of the browser": "rights",
        "merged metadata": "rights",
        "rank of the browser": "rights",
        "seat of the browser": "rights",
        "profile of the browser": "rights",
        "roles in a table": "rights",
        "unproven": "no-adoption",
        "at the same moment": "at-once",
        "a member each time": "own-row",
    },
    without=(),
)
