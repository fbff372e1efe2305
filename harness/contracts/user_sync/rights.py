"""What gives a person rights: the columns and tables that are called so, and what somebody writes about themselves to get them.

Source: https://clerk.com/docs/guides/users/extending (unsafe metadata can be written by the front end); CWE-269, CWE-915.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import psycopg
from psycopg.rows import TupleRow

from harness.database.row_factory import TableSchema

_RIGHTS = re.compile(
    r"(^|_)(roles?|admins?|administrators?|is_?admin|(is_?)?staff|(is_?)?super_?(user|admin)s?|permissions?|scopes?|privileges?|rights?|"
    r"access_level|grants?|(is_?)?moderators?)(_|$)",
    re.IGNORECASE,
)
_NOT_A_PERSONS = re.compile(r"(^|_)(at|on|by|since|until|count)$", re.IGNORECASE)
_WISHES = re.compile(
    r"(^|_)(requests?|requested|desired|wanted|wished|claimed|appl(ied|ications?)|pending|proposed|job|work|occupation)(_|$)",
    re.IGNORECASE,
)
"""What somebody asks for, or does for a living: it gives nothing."""
_SAID = re.compile(
    r"(^|_)(title|job|position|occupation|profession|bio|about|headline|metadata|preferences|settings|onboarding|survey|notes?|comments?|"
    r"description|nick_?name|display_?name)(_|$)",
    re.IGNORECASE,
)
"""Where people say of themselves whatever they like."""
_HIGH = re.compile(r"super_?user|(super_?)?admin(istrator)?|owner|root|staff", re.IGNORECASE)
_LABELS = """
SELECT a.attname, array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_attribute a JOIN pg_enum e ON e.enumtypid = a.atttypid
WHERE a.attrelid = %s::regclass GROUP BY 1
UNION ALL
SELECT a.attname, ARRAY(SELECT match[1] FROM regexp_matches(pg_get_constraintdef(c.oid), '''([^'']+)''', 'g') AS match)
FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
WHERE c.contype = 'c' AND c.conrelid = %s::regclass
"""
ADMIN = "admin"
_MOST: dict[str, object] = {"boolean": True, "smallint": 99, "integer": 99, "bigint": 99}
_NOTHING = ("false", "0", "{}", "[]")
"""How texts say that there is no right."""


def is_right(name: str) -> bool:
    """Whether a column or a table is called as one that gives rights."""
    return bool(_RIGHTS.search(name)) and not _NOT_A_PERSONS.search(name) and not _WISHES.search(name)


def rights_to_ask_for(connection: psycopg.Connection[TupleRow], table: TableSchema) -> dict[str, object]:
    """The most that somebody may ask for, by column of a table: first those that take certain values of which one is high, of these those
    of rights; then other columns of rights.
    """
    name = table.identifier.as_string(connection)
    labels: dict[str, list[str]] = {}
    for column, known in connection.execute(_LABELS, [name, name]):
        labels.setdefault(str(column), []).extend(map(str, known))
    rights = [each for each in table.columns.values() if is_right(each.name)]
    high = {
        name: label
        for name, known in labels.items()
        for label in reversed(known)
        if (_HIGH.search if is_right(name) else _HIGH.fullmatch)(label)
    }
    first = {each.name: high[each.name] for each in rights if each.name in high}
    return first | high | {each.name: _MOST.get(each.type, ADMIN) for each in rights if each.name not in labels}


def boast(role: str, more: Mapping[str, object]) -> dict[str, Any]:
    """Unsafe metadata of somebody who calls themselves that, under the usual names, and under those of the columns, `more`."""
    own = {name: value for column, value in more.items() for name in (column, _camel(column))}
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
    return own | named | several | dict.fromkeys(flags, True) | {"access_level": 99, "accessLevel": 99}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def gained(roles: Collection[object], own: Mapping[str, object], anybody: Mapping[str, object]) -> Iterator[str]:
    """The columns of a row by which it has more than anybody's: those of rights that differ, and those in which a role stands."""
    for name, value in own.items():
        said = isinstance(value, str) and value in roles and not (_WISHES.search(name) or _SAID.search(name))
        if value and value not in _NOTHING and value != anybody.get(name) and (is_right(name) or said):
            yield f"{name} = {value!r}"
