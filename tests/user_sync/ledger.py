"""A backend that writes down which deliveries it has worked off, in the transaction that does it, and that adopts accounts by address.

Its adoption compares by ILIKE, escaped, and goes by an id that only the backend's own key writes (`private_metadata`), and by a
verified phone number.
"""

from __future__ import annotations

from tests.user_sync.shapes import Shape

LEDGER = Shape(
    "ledger",
    """
    CREATE TABLE accounts (id bigserial PRIMARY KEY, clerk_id text UNIQUE, email text, first_name text, state text NOT NULL DEFAULT 'in',
        told_at bigint NOT NULL DEFAULT 0, password_hash text, login text, phone text);
    CREATE UNIQUE INDEX ON accounts (lower(email));
    CREATE TABLE orders (id bigserial PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE, title text NOT NULL);
    CREATE TABLE deliveries (message text PRIMARY KEY);
    CREATE TABLE greetings (id bigserial PRIMARY KEY, clerk_id text NOT NULL);
    """,
    r"""
app = FastAPI()
DONE = set()


def legacy_account(db, data, email):
    known = (data.get("unsafe_metadata" if flaw("unsafe metadata") else "private_metadata") or {}).get("legacy_id")
    if known is not None:
        return db.execute("SELECT * FROM accounts WHERE id = %s AND clerk_id IS NULL", [known]).fetchone()
    if flaw("tags"):
        plain = "regexp_replace(lower({}), '\\+[^@]*', '')"
        same = f"{plain.format('email')} = {plain.format('%s')}"
        return db.execute(f"SELECT * FROM accounts WHERE {same} AND clerk_id IS NULL", [email]).fetchone()
    pattern = email if flaw("like") else "".join("\\" + c if c in "\\_%" else c for c in email)
    return db.execute("SELECT * FROM accounts WHERE email ILIKE %s AND clerk_id IS NULL", [pattern]).fetchone()


def namesake(db, data):
    # The legacy account of somebody whose address is nobody's: by a number that is the person's.
    free = "SELECT * FROM accounts WHERE {} = %s AND clerk_id IS NULL"
    if flaw("user names") and data.get("username"):
        return db.execute(free.format("login"), [data["username"]]).fetchone()
    for entry in data.get("phone_numbers") or []:
        if entry["verification"]["status"] == "verified" or flaw("any number"):
            return db.execute(free.format("phone"), [entry["phone_number"]]).fetchone()


def any_verified(data):
    return any(entry["verification"]["status"] == "verified" for entry in data.get("email_addresses") or [])


def take_over(db, data):
    db.execute("SELECT pg_advisory_xact_lock(1)")
    told_at, (email, proven) = data.get("updated_at") or 0, address_of(data)
    row = db.execute("SELECT * FROM accounts WHERE clerk_id = %s", [data["id"]]).fetchone()
    if row is not None and (row["state"] == "deleted" or row["told_at"] > told_at):
        return row
    proof = any_verified(data) if flaw("one of them is verified") else proven
    if row is None and (row := (proof and legacy_account(db, data, email)) or namesake(db, data)) is not None:
        db.execute("UPDATE accounts SET clerk_id = %s WHERE id = %s", [data["id"], row["id"]])
    if row is None:
        row = db.execute("INSERT INTO accounts (clerk_id) VALUES (%s) RETURNING *", [data["id"]]).fetchone()
    values = {"told_at": told_at} | ({"first_name": data["first_name"]} if "first_name" in data else {})
    if "banned" in data:
        values["state"] = "banned" if data["banned"] else "in"
    other = email and db.execute("SELECT * FROM accounts WHERE lower(email) = lower(%s) AND id <> %s", [email, row["id"]]).fetchone()
    if other and proven and other["clerk_id"]:
        db.execute("UPDATE accounts SET email = NULL WHERE id = %s", [other["id"]])
    if email and not (other and (not proven or other["clerk_id"] is None)):
        values["email"] = email
    assigned = ", ".join(f"{name} = %({name})s" for name in values)
    return db.execute(f"UPDATE accounts SET {assigned} WHERE id = %(id)s RETURNING *", values | {"id": row["id"]}).fetchone()


@app.get("/me")
def me(clerk_id: str = Depends(subject)):
    with database() as db:
        row = db.execute("SELECT * FROM accounts WHERE clerk_id = %s", [clerk_id]).fetchone() or take_over(db, fetch(clerk_id))
    if row["state"] != "in":
        raise HTTPException(401, "Not authenticated")
    return {"id": row["id"]}


def work(db, event):
    data = event["data"]
    if event["type"] == "user.deleted":
        db.execute("SELECT pg_advisory_xact_lock(1)")
        gone = "UPDATE accounts SET state = 'deleted', email = NULL WHERE clerk_id = %s"
        if not db.execute(gone, [data["id"]]).rowcount:
            db.execute("INSERT INTO accounts (clerk_id, state) VALUES (%s, 'deleted')", [data["id"]])
    elif event["type"] in ("user.created", "user.updated") or flaw("any event"):
        take_over(db, data)
        if event["type"] == "user.created":
            db.execute("INSERT INTO greetings (clerk_id) VALUES (%s)", [data["id"]])


@app.post("/webhook")
async def webhook(request: Request):
    event, message = await event_of(request), request.headers["svix-id"]
    if flaw("a process remembers"):
        if message not in DONE:
            with database() as db:
                work(db, event)
            DONE.add(message)
        return {}
    try:
        with database() as db:
            if db.execute("INSERT INTO deliveries VALUES (%s) ON CONFLICT DO NOTHING RETURNING 1", [message]).fetchone():
                if flaw("done before it is done"):
                    db.commit()
                work(db, event)
    except psycopg.Error:
        if not flaw("answers anyway"):
            raise
    return {}
""",
    """
    [reach]
    request = "GET /me"
    webhook = "POST /webhook"
    [table]
    name = "accounts"
    clerk_id = "clerk_id"
    mirror = { email = "primary_email_address", first_name = "first_name" }
    """,
    {
        "any event": "one-row",
        "a process remembers": "replay",
        "done before it is done": "newest",
        "answers anyway": "no-resurrection",
        "like": "no-adoption",
        "tags": "no-adoption",
        "unsafe metadata": "no-adoption",
        "one of them is verified": "no-adoption",
        "user names": "no-adoption",
        "any number": "no-adoption",
    },
    without=(),
)
