"""`suites/user_sync.toml`: how the target's sync is reached, and which columns mirror which fields of a Clerk user."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from harness.core.errors import DeclarationError
from harness.core.toml import ContractTable, Table, load_table, shape
from harness.targets.request_builder import Example

SYNC_FILE = "user_sync.toml"
Mirrored = Literal["primary_email_address", "first_name", "last_name", "username", "image_url", "external_id"]
_ROUTE = shape(r"^(GET|POST|PUT|PATCH|DELETE) /\S*$", "METHOD /path: POST /webhooks/clerk")


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
    """How the sync is reached: by a route, or by a function of the app."""

    callable: str | None = Field(
        default=None,
        pattern=shape(r"^[\w./-]+:[\w.]+$", "module:function, or file.py:function"),
        description="a function of the app instead of a route: module:function, or file.py:function beside this file",
    )
    arguments: list[Any] | dict[str, Any] = Field(
        default=["user"],
        description="what it is called with: user, claims, fields of the profile, module:name for what is opened for the call, or values",
    )
    request: str | None = Field(
        default=None,
        pattern=_ROUTE,
        description="a route that any signed-in user may call, the first call of which makes the row",
    )
    webhook: str | None = Field(default=None, pattern=_ROUTE, description="the route to which Svix delivers")
    works_off_within: float | None = Field(
        default=None,
        gt=0,
        le=60,
        description="where the webhook only queues what is delivered: so many seconds later it has been worked off",
    )
    refreshes: bool = Field(default=False, description="whether later requests, or calls, take the profile over anew")
    path: dict[str, Any] = Field(default={}, description="parameters of the request's path")
    query: dict[str, Any] = Field(default={}, description="parameters of its query")
    headers: dict[str, str] = Field(default={}, description="header fields beside the credential's")
    json_body: Any = Field(default=None, alias="json", description="its content, as JSON")
    carrier: str = Field(default="bearer", description="where its token goes")

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
    """The table of users."""

    name: str = Field(default="users", description="its name, with its schema where that is not public")
    id: str = Field(default="id", description="the column of its own key")
    clerk_id: str = Field(
        default="clerk_user_id",
        description="the column of Clerk's id; table.column where it stands in a table of its own that refers to users",
    )
    email: str = Field(default="email", description="the column of the e-mail address")
    mirror: dict[str, Mirrored] = Field(
        default={"email": "primary_email_address"},
        description="columns and the fields of a Clerk user that they mirror",
    )
    volatile: list[str] = Field(
        default=[],
        description="columns (table.column for other tables, table.* for a whole one) that may differ on replay",
    )
    email_case: Literal["ignore", "exact"] = Field(
        default="ignore", description="whether addresses that differ in case are the same"
    )
    relations: list[str] | None = Field(
        default=None, description="the foreign keys to users that are looked at, as table.column; all without it"
    )
    adopt: bool = Field(default=True, description="whether legacy accounts are adopted")
    adopt_by_username: bool = Field(
        default=False,
        description="whether they are adopted by their user name as well, because all of them were imported to Clerk with it, so that "
        "nobody else can have chosen it",
    )
    both_sides: Literal["either", "apart", "merge", "refuse"] = Field(
        default="either",
        description="what becomes of a person with a row who has a legacy account's verified primary address as well: "
        "apart, the rows stay as they are; merge, they are made one; "
        "either of these; refuse, the person is kept out until somebody has decided",
    )

    @property
    def lookup(self) -> str:
        """The column by which a person is found, as table.column."""
        return self.clerk_id if "." in self.clerk_id else f"{self.name}.{self.clerk_id}"


class SyncFile(ContractTable):
    """The file."""

    reach: Reach = Field(description="how the sync is reached")
    table: UserTable = Field(default=UserTable(), description="the table of users")
    sequences: int = Field(
        default=100, ge=1, le=1_000_000, description="how many sequences are generated, where no option says it"
    )


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
