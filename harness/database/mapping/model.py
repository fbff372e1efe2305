"""What is known of the mapping between users and the rows of other tables: names and counts, and no value of any row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from psycopg import sql

from harness.database.filling import Table

Kind = Literal["id", "clerk", "email"]
"""Which identifier of a user: the key of the table of users, Clerk's id, or the address."""
KINDS: tuple[Kind, ...] = ("id", "clerk", "email")


@dataclass(frozen=True)
class Named:
    """The names that somebody has said; None for what is to be found. `source`: who says so, for the reader; `certain`: they are of
    this database. Those of a declaration may be of the schema that it is to have: what is not there is looked for.
    """

    table: str | None = None
    id: str | None = None
    clerk: str | None = None
    email: str | None = None
    source: str = ""
    certain: bool = True


@dataclass(frozen=True)
class Users:
    """The table of users. `columns`: the column of each identifier that it has; `because`: why these were taken. Where Clerk's ids stand
    in a table of their own, `link` is that column, and `linked` the users with it.
    """

    table: Table
    columns: dict[Kind, str]
    because: tuple[str, ...] = ()
    link: tuple[str, str] = ("", "")
    linked: sql.Composed | None = None

    @property
    def rows(self) -> sql.Composed:
        """The users in a FROM, with all of their identifiers."""
        return self.linked if self.linked is not None else self.table.only

    def kind_of(self, column: str) -> Kind | None:
        """Which identifier a column of the table of users is; Clerk's id where it is the key as well."""
        for kind in ("clerk", "email", "id"):
            if self.columns.get(kind) == column:
                return kind
        return None


@dataclass
class UserFigures:
    """Counts of the table of users. `same_email` and `same_clerk`: addresses and Clerk ids that more than one row has, ignoring
    case; `both_sides`: addresses that a row with Clerk's id has and one without; `unlike_clerk`: Clerk ids that are none by their
    form. None where there is no such column. `unknown`: why nothing is known.
    """

    rows: int = 0
    without_clerk: int | None = None
    without_email: int | None = None
    unlike_clerk: int | None = None
    same_email: int | None = None
    same_clerk: int | None = None
    both_sides: int | None = None
    unknown: str = ""


@dataclass(frozen=True)
class Pointing:
    """A column that may point to users. `pairs`: columns that must agree as well, with those of the table of users, where a
    foreign key has several; `key`: the foreign key's name, where there is one, and `kind` what it refers to; `telling`: the
    column's name says that it means a user.
    """

    table: Table
    column: str
    telling: bool
    key: str = ""
    kind: Kind | None = None
    pairs: tuple[tuple[str, str], ...] = ()


@dataclass
class ColumnFigures:
    """What a column holds. `found`: rows by the identifier under which their user is; `orphans`: rows that are an identifier by
    their form, of nobody; `other`: rows that are none; `empty`: rows without a value; `share`: how much of the table was read,
    1.0 for all of it; `long_ids`: the keys that were found are so long that no other text is one by accident. `short`: why no
    more was read; `unknown`: why nothing is known.
    """

    pointing: Pointing
    type: str
    rows: int = 0
    empty: int = 0
    found: dict[Kind, int] = field(default_factory=dict)
    orphans: dict[Kind, int] = field(default_factory=dict)
    other: int = 0
    share: float = 1.0
    long_ids: bool = False
    short: str = ""
    unknown: str = ""

    @property
    def name(self) -> str:
        """As `table.column`."""
        return f"{self.pointing.table.name}.{self.pointing.column}"

    @property
    def kinds(self) -> list[Kind]:
        """The identifiers that its rows hold, those of nobody included."""
        return [kind for kind in KINDS if self.found.get(kind) or self.orphans.get(kind)]

    @property
    def mixed(self) -> bool:
        """Whether its rows hold different identifiers."""
        return len(self.kinds) > 1

    @property
    def nobody(self) -> int:
        """How many rows point to a user whom there is not. An address beside other people's is no pointer, by its name or a key."""
        strict = self.pointing.telling or bool(self.pointing.key)
        orphans = sum(count for kind, count in self.orphans.items() if strict or kind != "email")
        return orphans + (self.other if strict else 0)

    @property
    def agrees(self) -> bool:
        """Whether all its rows hold the same identifier, of somebody."""
        return not self.unknown and not self.mixed and not self.nobody


@dataclass
class Mapping:
    """A database's mapping. `unread`: tables with columns of which nobody knows whether they point to users, and why; `notes`: what was
    not looked at.
    """

    users: Users
    figures: UserFigures
    columns: list[ColumnFigures] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)

    @property
    def findings(self) -> list[str]:
        """What does not agree, a sentence each."""
        return [*_of_users(self.users, self.figures), *(text for each in self.columns for text in _of_column(each))]

    @property
    def unknown(self) -> list[str]:
        """What could not be read, so that nothing is known of it."""
        named = {each.name: each.unknown for each in self.columns if each.unknown} | self.unread
        named |= {each.name: f"{each.share:.2%} only: {each.short}" for each in self.columns if each.short}
        named |= {self.users.table.name: self.figures.unknown} if self.figures.unknown else {}
        return [f"{name}: {why}" for name, why in named.items()]


def _of_users(users: Users, figures: UserFigures) -> list[str]:
    name, columns = users.table.name, users.columns
    found = [
        (figures.same_email, f"address(es) of {columns.get('email')} are those of more than one row, ignoring case"),
        (figures.same_clerk, f"Clerk id(s) of {columns.get('clerk')} are those of more than one row, ignoring case"),
        (figures.both_sides, "address(es) have a row with Clerk's id and one without"),
        (figures.unlike_clerk, f"row(s) have in {columns.get('clerk')} what is no id of Clerk's users"),
    ]
    return [f"{name}: {count:,} {what}" for count, what in found if count]


def _of_column(column: ColumnFigures) -> list[str]:
    texts = []
    if column.mixed:
        held = ", ".join(
            f"{column.found.get(kind, 0) + column.orphans.get(kind, 0):,} {WORDS[kind]}" for kind in column.kinds
        )
        texts.append(f"{column.name} is mixed: {held}")
    if column.nobody:
        texts.append(f"{column.name}: {column.nobody:,} of {column.rows - column.empty:,} row(s) point to nobody")
    return texts


WORDS: dict[Kind, str] = {"id": "id", "clerk": "Clerk's id", "email": "address"}
"""What a reader calls each identifier."""
