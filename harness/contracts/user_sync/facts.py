"""What is observed while a sequence of events runs. The runner hands each fact to the invariants, which judge it.

A step that shows something new hands out a fact of a type of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.contracts.user_sync.people import LegacyAccount, Person, Row
from harness.fake_clerk.webhooks import Message
from harness.targets.base import Observation

Dump = dict[str, list[str]]
"""All rows of a database as texts, by table."""


# What a step has shown


@dataclass(frozen=True)
class Answered:
    """A person's single request was answered, in the middle of the sequence."""

    person: Person
    answer: Observation


@dataclass(frozen=True)
class AnsweredAtOnce:
    """A person's requests, sent at the same moment, were answered. `rows`: how many rows the person has afterwards."""

    person: Person
    answers: list[Observation]
    rows: int


@dataclass(frozen=True)
class Impersonation:
    """A person's request named another person in header, query and body. The rows of both, before and after it."""

    person: Person
    other: Person
    answer: Observation
    own_before: Row | None
    own_after: Row | None
    other_before: Row | None
    other_after: Row | None


@dataclass(frozen=True)
class ConnectionKilled:
    """A request whose database connection was killed, and then one that was not. `row_before`: the person's row before both."""

    person: Person
    next_answer: Observation
    row_before: Row | None
    before: Dump
    between: Dump
    after: Dump


@dataclass(frozen=True)
class PartialUpdate:
    """An update that says only a part of a profile was delivered. The person's row, before and after it."""

    person: Person
    row_before: Row
    row_after: Row | None


@dataclass(frozen=True)
class OtherEvent:
    """A webhook message about no user was delivered. `added`: the Clerk ids of new rows of users that are nobody's."""

    type: str
    added: list[object]


# What the database shows after each step


@dataclass(frozen=True)
class RowsOfPerson:
    """The ids of a person's rows. `person.row_id` is that of an earlier look, None at the first one."""

    person: Person
    ids: list[object]


@dataclass(frozen=True)
class LegacyRow:
    """Whether a legacy account's row is there."""

    account: LegacyAccount
    found: bool


@dataclass(frozen=True)
class LegacyOwner:
    """Which Clerk id a legacy account's row has; None for none."""

    account: LegacyAccount
    owner: object


@dataclass(frozen=True)
class Dependent:
    """A row of another table that referred to a legacy account: to whom it refers now. Looked at in the end only."""

    account: LegacyAccount
    table: str
    column: str
    refers_to: object


@dataclass(frozen=True)
class BothSides:
    """What has become of a person with a row and of a legacy account with the same address. Looked at in the end only.

    `legacy`: the account's row; `own`: that which the person had; `now`: that which the person has, None for none; `legacy_there`:
    whether the account's row is. `hang`: a table and column, whether `legacy` or `own` was referred to there, and to which row it
    refers now; None where that row is gone. `shared`: tables and columns of which each user has one row at most, and has one now.
    """

    person: Person
    account: LegacyAccount
    legacy: object
    own: object
    now: object
    legacy_there: bool
    hang: list[tuple[tuple[str, str], str, object]]
    shared: set[tuple[str, str]]


@dataclass(frozen=True)
class RightsOfBoaster:
    """What a person has, who claims rights in the unsafe metadata, and somebody who claims none has not. Looked at in the end only."""

    person: Person
    gained: list[str]


# What holds when all events have arrived


@dataclass(frozen=True)
class Undeliverable:
    """A webhook message that is refused, however often it comes and whatever else has been delivered."""

    message: Message


@dataclass(frozen=True)
class AnsweredFinally:
    """A person's request was answered after all events had been delivered."""

    person: Person
    answer: Observation


@dataclass(frozen=True)
class Settled:
    """All events have been delivered, and everybody has sent a request."""


@dataclass(frozen=True)
class Replayed:
    """All events were delivered once more, and everybody sent a request again. The database, before and after it."""

    before: Dump
    after: Dump
