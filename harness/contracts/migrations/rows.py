"""The rows of the stage before: those that the user declares, and generated ones in every other table."""

from __future__ import annotations

import re

import psycopg

from harness.contracts.migrations.declaration import MigrationsFile
from harness.contracts.migrations.migrators import Migrator
from harness.contracts.migrations.results import CheckFailed
from harness.core.errors import DeclarationError
from harness.database.errors import first_line
from harness.database.filling import fill, read_tables

_SOME = 60
"""How many rows a table gets that is not the users'."""
_CALLABLE = re.compile(r"[\w.]+:[\w.]+")


def populate(url: str, file: MigrationsFile, migrator: Migrator, some: int = _SOME) -> dict[str, str]:
    """Fill every table of the database at `url` but the migrator's own; return those that are empty still, and why.

    `some`: how many rows a table gets that is not the users'.

    Raises CheckFailed where there is no table of users, DeclarationError where declared rows cannot be inserted.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        tables = {name: table for name, table in read_tables(connection).items() if name not in migrator.tables}
        if file.users not in tables:
            there = ", ".join(list(tables)[:20]) or "none"
            raise CheckFailed(
                f"the legacy revision has no table {file.users}: name it as `users` in migrations.toml; there are {there}"
            )
        if unknown := sorted(set(file.fill) - set(tables)):
            raise DeclarationError(f"migrations.toml: fill: the legacy revision has no table {unknown[0]}")
        declared = {name: "" if _CALLABLE.fullmatch(rows) else rows for name, rows in file.fill.items()}
        try:
            empty = fill(connection, tables, {file.users: file.rows}, some, declared)
        except psycopg.Error as error:
            raise DeclarationError(f"migrations.toml: fill: {first_line(error)}") from error
        called = {name: rows for name, rows in file.fill.items() if not declared[name]}
        for name, function in called.items():
            result = migrator.call(function, url)
            if result.code != 0:
                raise DeclarationError(f"migrations.toml: fill: {name}: {function}: {result.error_line}")
        if called:  # Others may refer to what the app's functions inserted.
            left = dict.fromkeys(set(tables) - set(empty) | set(file.fill), "")
            empty = {**empty, **(again := fill(connection, tables, {file.users: file.rows}, some, left))}
            empty = {name: why for name, why in empty.items() if name in again}
    return empty
