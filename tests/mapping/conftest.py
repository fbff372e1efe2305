"""Databases of `databases.py` on the tests' server, each made and dropped for its test."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest

from harness.database import Server

NAME = "clerk_harness_mapping_tests"


@pytest.fixture
def database(postgres: Server) -> Iterator[Callable[[str], str]]:
    """Makes a database with a schema; gives its URL."""

    def make(schema: str) -> str:
        postgres.drop(NAME)
        url = postgres.create(NAME)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(schema.encode())
        return url

    yield make
    postgres.drop(NAME)
