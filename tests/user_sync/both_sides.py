"""What the small backend does with a person who has a row and a legacy account with the same address: ways, and flaws in them.

A module of that backend, written beside it; see `tests.user_sync.backend`.
"""

CODE = '''
OWNED = ("conversations", "messages")


def legacy_row(db, clerk_id, email):
    own = db.execute("SELECT id, told_at FROM users WHERE clerk_user_id = %s AND NOT deleted", [clerk_id]).fetchone()
    legacy = db.execute("SELECT id FROM users WHERE lower(email) = lower(%s) AND clerk_user_id IS NULL AND NOT deleted", [email]).fetchone()
    return (own["id"], own["told_at"], legacy["id"]) if own and legacy else None


def hand_over(db, giver, taker, tables=OWNED):
    """All that refers to one row refers to the other; each has one profile, and the taker's stays."""
    for table in tables:
        db.execute(f"UPDATE {table} SET user_id = %s WHERE user_id = %s", [taker, giver])
    db.execute("DELETE FROM profiles WHERE user_id = %s", [giver])


def settle(db, data, email, flaw):
    """Whether the person is kept out. `email`: the verified primary address, None where there is none."""
    addresses = [email] if email is not None else []
    if flaw("goes over unproven"):
        addresses = [entry["email_address"] for entry in data.get("email_addresses") or []]
    rows = next(filter(None, (legacy_row(db, data["id"], address) for address in addresses)), None)
    if rows is None:
        return False
    own, told_at, legacy = rows
    if flaw("no flaw: refuses") or flaw("refuses by failing"):
        db.execute("UPDATE users SET seen = -1 WHERE id = %s", [own])
        return True
    if flaw("no flaw: merges into the own row") or flaw("merges a part"):
        hand_over(db, legacy, own, OWNED if not flaw("merges a part") else ("conversations",))
        db.execute("DELETE FROM users WHERE id = %s", [legacy])
    if flaw("no flaw: keeps what is left as deleted"):
        hand_over(db, legacy, own)
        db.execute("UPDATE users SET deleted = true, email = NULL WHERE id = %s", [legacy])
    if flaw("no flaw: goes over to the legacy row") or flaw("goes over unproven"):
        hand_over(db, own, legacy)
    if flaw("leaves its own behind"):
        db.execute("UPDATE users SET clerk_user_id = NULL, email = NULL WHERE id = %s", [own])
    elif flaw("no flaw: goes over to the legacy row") or flaw("loses its own") or flaw("goes over unproven"):
        db.execute("DELETE FROM users WHERE id = %s", [own])
    else:
        return False
    db.execute("UPDATE users SET clerk_user_id = %s, told_at = %s WHERE id = %s", [data["id"], told_at, legacy])
    return False
'''

FLAWS = {
    "webhook inserts": "adoption",
    "two rows": "at-once",
    "goes over unproven": "no-adoption",
    "merges a part": "both-sides",
    "leaves its own behind": "both-sides",
    "loses its own": "both-sides",
}
"""Flaw -> the check that must find it."""
WAYS = {
    "no flaw: merges into the own row": "merge",
    "no flaw: goes over to the legacy row": "merge",
    "no flaw: keeps what is left as deleted": "merge",
    "no flaw: refuses": "refuse",
    "no flaw: apart": "apart",
}
"""Correct way -> what is declared of it."""
