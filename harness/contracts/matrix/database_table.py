"""`[database]` of `auth_matrix.toml`."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field, field_validator

from harness.core.toml import SystemText, Table, VariableName, listed

ADDRESS_PARTS = ("host", "port", "user", "password", "name", "url")
"""The parts of a database's address that a variable of the target may have."""


class DatabaseTable(Table):
    """`[database]`: how the target is told of its database, migrated and seeded."""

    url_env: Annotated[list[VariableName], BeforeValidator(listed, json_schema_input_type=str | list[str])] = Field(
        default=["DATABASE_URL"], description="the variables in which the app looks for its database's URL"
    )
    env: dict[VariableName, SystemText] = Field(
        default={},
        description='variables of parts of the address, DB_HOST = "{host}"; there are {host}, {port}, {user}, {password}, {name}, {url}',
    )
    scheme: SystemText = Field(
        default="postgresql", description="what stands before :// in that URL, such as postgresql+asyncpg"
    )
    migrate: SystemText | None = Field(
        default=None, description="the command that makes the tables, run in the app's folder"
    )
    seed: SystemText | None = Field(default=None, description="a file of SQL that fills them, relative to this file")

    @field_validator("env")
    @classmethod
    def _parts(cls, given: dict[str, str]) -> dict[str, str]:
        for name, text in given.items():
            for part in re.findall(r"\{(\w*)\}", text):
                if part not in ADDRESS_PARTS:
                    raise ValueError(
                        f"{name}: {{{part}}}: write one of {', '.join(f'{{{each}}}' for each in ADDRESS_PARTS)}"
                    )
        return given
