"""`[database]` of a declaration: which parts of an address its variables may have."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from harness.contracts.matrix.database_table import ADDRESS_PARTS, DatabaseTable


@pytest.mark.parametrize(
    "env",
    [
        {},
        {"DB_HOST": "{host}"},
        {"DB": "{user}:{password}@{host}:{port}/{name}", "DB_URL": "{url}?sslmode=disable"},
        {f"DB_{part.upper()}": f"{{{part}}}" for part in ADDRESS_PARTS},
        {"DB_HOST": "localhost", "DB_OPTIONS": "{not one word}"},
    ],
)
def test_variables_of_parts_of_the_address(env: dict[str, str]) -> None:
    assert DatabaseTable.model_validate({"env": env}).env == env


@pytest.mark.parametrize(
    ("env", "told"),
    [
        ({"DB_HOST": "{hots}"}, "DB_HOST: {hots}"),
        ({"DB_HOST": "{}"}, "DB_HOST: {}"),
        ({"DB_HOST": "{host}", "DB_PORT": "{port}/{db}"}, "DB_PORT: {db}"),
    ],
)
def test_a_part_that_there_is_not_is_named_with_those_that_there_are(env: dict[str, str], told: str) -> None:
    with pytest.raises(ValidationError) as caught:
        DatabaseTable.model_validate({"env": env})
    (error,) = caught.value.errors()
    assert error["loc"] == ("env",)
    assert error["msg"] == (
        f"Value error, {told}: write one of {{host}}, {{port}}, {{user}}, {{password}}, {{name}}, {{url}}"
    )
