"""What belonged to a person belongs to the same one after the migrations, or the check `mapping` says so."""

from __future__ import annotations

import pytest

from tests.migrations.histories import BACK, FIRST, UP, Project, states

UID = (
    UP
    + """
op.add_column("users", sa.Column("uid", sa.Uuid, unique=True))
op.execute("UPDATE users SET uid = gen_random_uuid()")
"""
)
OWNER = (
    UID
    + """
op.add_column("notes", sa.Column("owner_uid", sa.Uuid, sa.ForeignKey("users.uid")))
op.execute("UPDATE notes n SET owner_uid = u.uid FROM users u WHERE u.id = {joined}")
"""
)
OFFSET = (
    UID
    + """
op.add_column("notes", sa.Column("owner_uid", sa.Uuid, sa.ForeignKey("users.uid")))
for start in range(0, 60, 20):
    op.execute("UPDATE notes n SET owner_uid = u.uid FROM users u WHERE u.id = n.user_id AND n.id IN "
               f"(SELECT id FROM notes {where} ORDER BY id LIMIT 20 OFFSET {{start}})")
op.drop_column("notes", "user_id")
"""
)
ANOTHER = (
    UP
    + """
op.add_column("notes", sa.Column("other", sa.Integer, sa.ForeignKey("users.id")))
op.execute("UPDATE notes SET other = id")
"""
)
CHANGED = (
    UP
    + """
op.execute("UPDATE notes SET user_id = (SELECT id FROM users u ORDER BY u.id OFFSET notes.user_id % 7 LIMIT 1)")
"""
)
REPLIES = (
    FIRST
    + """
op.create_table("replies", sa.Column("id", sa.Integer, primary_key=True), sa.Column("note_id", sa.Integer, sa.ForeignKey("notes.id"), nullable=False),
                sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id"), nullable=False))
"""
)
BESIDE = (
    UP
    + """
op.add_column("replies", sa.Column("answered", sa.Integer, sa.ForeignKey("users.id")))
op.execute("UPDATE replies r SET answered = n.user_id FROM notes n WHERE n.id = r.note_id")
op.add_column("notes", sa.Column("replied_by", sa.Integer, sa.ForeignKey("users.id")))
op.execute("UPDATE notes n SET replied_by = (SELECT min(r.user_id) FROM replies r WHERE r.note_id = n.id)")
"""
)
ONE = (
    UP
    + """
op.add_column("notes", sa.Column("approved_by", sa.Integer, sa.ForeignKey("users.id")))
op.execute("UPDATE notes SET approved_by = (SELECT min(id) FROM users)")
"""
)
FLAWS = {
    "joined by the wrong column": (OWNER.format(joined="n.id"), [], "notes.owner_uid gives 60 of 60 rows to somebody else than user_id did"),
    "by a key without another name": (ANOTHER, [], "notes.other gives 60 of 60 rows to somebody else than user_id did"),
    "changed on purpose": (CHANGED, ["notes.user_id"], "rows to somebody else than user_id did"),
    "a set that shrinks": (
        OFFSET.format(where="WHERE owner_uid IS NULL"), [],
        "notes.user_id is gone, and owner_uid in its place names nobody in 20 of the 60 rows that had somebody",
    ),
}  # fmt: skip
RIGHT = {
    "joined by the right column": (OWNER.format(joined="n.user_id"), FIRST),
    "in the place of the old one": (OFFSET.format(where=""), FIRST),
    "of a row beside it": (BESIDE, REPLIES),
    "all to one person": (ONE, FIRST),
}


@pytest.mark.parametrize("flaw", FLAWS)
def test_whoever_gets_what_was_anothers_is_told(project: Project, flaw: str) -> None:
    up, changes, told = FLAWS[flaw]
    (check,) = project(up, BACK, changes=changes).verify(["mapping"])
    assert check.status == "broken"
    assert told in check.detail


@pytest.mark.parametrize("name", RIGHT)
def test_who_keeps_what_was_theirs_is_left_alone(project: Project, name: str) -> None:
    up, first = RIGHT[name]
    assert states(project(up, BACK, first=first).verify(["mapping"]))["mapping"][0] == "proven"


def test_what_is_meant_is_allowed(project: Project) -> None:
    allow = ["mapping:notes.other"]
    assert states(project(ANOTHER, BACK, allow=allow).verify(["mapping"]))["mapping"][0] == "proven"
