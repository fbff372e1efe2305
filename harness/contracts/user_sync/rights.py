"""What gives a person rights: the columns and tables that are called so, and what somebody writes about themselves to get them.

Source: https://clerk.com/docs/guides/users/extending (unsafe metadata can be written by the front end); CWE-269, CWE-915.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from harness.contracts.user_sync.people import Row

_RIGHTS = re.compile(
    r"(^|_)(roles?|admins?|administrators?|is_?admin|(is_?)?staff|(is_?)?super_?(user|admin)s?|permissions?|scopes?|privileges?|rights?|"
    r"access_level|grants?|(is_?)?moderators?)(_|$)",
    re.IGNORECASE,
)
_NOT_A_PERSONS = re.compile(r"(^|_)(at|on|by|since|until|count)$", re.IGNORECASE)
_HIGH = re.compile(r"super_?user|(super_?)?admin(istrator)?|owner|root|staff", re.IGNORECASE)
_LABELS = """
SELECT a.attname, array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_attribute a JOIN pg_enum e ON e.enumtypid = a.atttypid
WHERE a.attrelid = %s::regclass GROUP BY 1
UNION ALL
SELECT a.attname, ARRAY(SELECT match[1] FROM regexp_matches(pg_get_constraintdef(c.oid), '''([^'']+)''', 'g') AS match)
FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
WHERE c.contype = 'c' AND c.conrelid = %s::regclass
"""
_ADMIN = "admin"


def is_right(name: str) -> bool:
    """Whether a column or a table is called as one that gives rights."""
    return bool(_RIGHTS.search(name)) and not _NOT_A_PERSONS.search(name)


def role_to_ask_for(connection: psycopg.Connection[TupleRow], table: sql.Identifier) -> str:
    """The high role that a column of the table takes, those of rights first; `admin` where they take any text, or none that is high."""
    name = table.as_string(connection)
    known = [(column, str(label)) for column, labels in connection.execute(_LABELS, [name, name]) for label in labels]
    own = [label for column, label in known if is_right(column) and _HIGH.search(label)]
    return next(iter([*own, *(label for _, label in known if _HIGH.fullmatch(label))]), _ADMIN)


def boast(role: str) -> dict[str, Any]:
    """Unsafe metadata of somebody who calls themselves that, under the usual names."""
    named = dict.fromkeys(("role", "user_role", "userRole", "account_role", "accountRole"), role)
    several = {name: [role] for name in ("roles", "permissions", "scopes", "groups")}
    flags = (
        "admin",
        "is_admin",
        "isAdmin",
        "is_staff",
        "isStaff",
        "staff",
        "is_superuser",
        "isSuperuser",
        "superuser",
        "super_admin",
    )
    return named | several | dict.fromkeys(flags, True) | {"access_level": 99, "accessLevel": 99}


def gained(role: str, own: Row, anybody: Row) -> Iterator[str]:
    """The columns of a row by which it has more than anybody's: those of rights that differ, and those in which the role stands."""
    for name, value in own.items():
        if value and value != anybody.get(name) and (is_right(name) or value == role):
            yield f"{name} = {value!r}"
