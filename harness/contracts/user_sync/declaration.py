"""`suites/user_sync.toml`: how the target's sync is reached, and which columns mirror which fields of a Clerk user."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from harness.core.errors import DeclarationError
from harness.core.toml import ContractTable, Table, load_table
from harness.targets.request_builder import Example

SYNC_FILE = "user_sync.toml"
Mirrored = Literal["primary_email_address", "first_name", "last_name", "username", "image_url", "external_id"]
_ROUTE = r"^(GET|POST|PUT|PATCH|DELETE) /\S*$"


ARGUMENTS = (
    "user",
    "claims",
    "id",
    "primary_email_address",
    "first_name",
    "last_name",
    "username",
    "image_url",
    "external_id",
)
"""Words for a callable's arguments: the user as the Backend API shows it, a session token's claims, or a field of the profile.

A text `module:name` is replaced by what calling that name returns, which is closed after the call; all else is passed unchanged.
"""


class Reach(Table):
    """How the sync is reached. `request`: a route that any signed-in user may call, the first call of which makes the row;
    `callable`: a function of the app instead of it, `module:function` or `file.py:function` beside this file; `arguments`: what
    it is called with, see `ARGUMENTS`; `webhook`: the route to which Svix delivers; `refreshes`: whether later requests, or
    calls, take the profile over anew; the rest: how the request's route is called.
    """

    callable: str | None = Field(default=None, pattern=r"^[\w./-]+:[\w.]+$")
    arguments: list[Any] | dict[str, Any] = ["user"]
    request: str | None = Field(default=None, pattern=_ROUTE)
    webhook: str | None = Field(default=None, pattern=_ROUTE)
    refreshes: bool = False
    path: dict[str, Any] = {}
    query: dict[str, Any] = {}
    headers: dict[str, str] = {}
    json_body: Any = Field(default=None, alias="json")
    carrier: str = "bearer"

    @property
    def follows_changes(self) -> bool:
        """Whether the sync hears of changed profiles at all: by a webhook, or by asking Clerk anew."""
        return self.webhook is not None or self.refreshes

    @property
    def example(self) -> Example:
        """How to call the request's route."""
        return Example(
            path=self.path, query=self.query, headers=self.headers, json=self.json_body, carrier=self.carrier
        )


class UserTable(Table):
    """The table of users. `mirror`: column -> Clerk field; `volatile`: columns (`table.column` for other tables) that may
    differ on replay; `email_case`: whether addresses that differ in case are the same; `relations`: the foreign keys to users
    that are looked at, as `table.column`, all by default; `adopt`: whether legacy accounts are adopted; `both_sides`: what becomes
    of a person with a row who has a legacy account's verified primary address as well: `apart`, the two rows stay as they are;
    `merge`, they are made one; `either` of these; `refuse`, the person is kept out until somebody has decided.
    """

    name: str = "users"
    id: str = "id"
    clerk_id: str = "clerk_user_id"
    email: str = "email"
    mirror: dict[str, Mirrored] = {"email": "primary_email_address"}
    volatile: list[str] = []
    email_case: Literal["ignore", "exact"] = "ignore"
    relations: list[str] | None = None
    adopt: bool = True
    both_sides: Literal["either", "apart", "merge", "refuse"] = "either"


class SyncFile(ContractTable):
    """The file. `sequences`: how many sequences are generated, where no option says it."""

    reach: Reach
    table: UserTable = UserTable()
    sequences: int = Field(default=100, ge=1, le=1_000_000)


_KEYS = {
    "": list(SyncFile.model_fields),
    "reach": [field.alias or name for name, field in Reach.model_fields.items()],
    "table": list(UserTable.model_fields),
}


def load_sync(suites: Path) -> SyncFile | None:
    """Read the file, where there is one. Raises DeclarationError naming file and key."""
    path = suites / SYNC_FILE
    file = load_table(path, SyncFile, _KEYS)
    if file is None:
        return None
    reach = file.reach
    if (reach.request is None) == (reach.callable is None):
        raise DeclarationError(
            f"{path}: reach: name either request, a route whose first call by a signed-in user makes the row, or callable, "
            "a function of the app that does"
        )
    given = reach.arguments.values() if isinstance(reach.arguments, dict) else reach.arguments
    for entry in given:
        if isinstance(entry, str) and entry not in ARGUMENTS and re.fullmatch(r"[\w.]+:[\w.]+", entry) is None:
            raise DeclarationError(
                f"{path}: reach.arguments: {entry!r}: write one of {', '.join(ARGUMENTS)}, or module:name for what is opened for the call"
            )
    return file
