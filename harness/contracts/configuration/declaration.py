"""`suites/configuration.toml`: the variables that the app reads, what each flaw in one must lead to, and where health is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from harness.core.errors import DeclarationError
from harness.core.toml import ContractTable, Table, load_table, shape

CONFIGURATION_FILE = "configuration.toml"
Expect = Literal["refuse", "health", "either", "runs"]
"""`refuse`: the app does not start; `health`: it starts, and its health endpoint says so; `either` of these; `runs`: it
starts and is well, because the variable is optional or the flaw cannot be known.
"""
_FLAWS = ("absent", "empty", "malformed", "live")
_WORDS = ("refuse", "health", "either", "runs")


class Health(Table):
    """The health endpoint."""

    route: str = Field(pattern=shape(r"^GET /\S*$", "GET /path"), description="the route that tells it, GET /path")
    ok: dict[str, Any] = Field(
        default={},
        description="what it answers when all is well, by dotted name (clerk.jwks); without it only its status tells",
    )
    headers: dict[str, str] = Field(default={}, description="header fields of the request")
    outage: bool = Field(default=True, description="whether it tells an outage of the issuer at all")
    within: float = Field(
        default=15, gt=0, le=600, description="seconds in which it must tell an outage of the issuer, and the recovery"
    )


class Variable(Table):
    """What each flaw in a variable must lead to."""

    absent: Expect = Field(default="either", description="when it is not set")
    empty: Expect = Field(default="either", description="when it is set to nothing")
    malformed: Expect = Field(default="either", description="when its value has not the shape of such a variable")
    live: Expect = Field(default="either", description="when it holds the key of a production instance")
    value: str | None = Field(default=None, description="a genuine value, where the harness knows none")
    wrong: str | None = Field(default=None, description="a malformed value, where the harness knows none")


class Leftover(Table):
    """A variable of the old authentication."""

    expect: Expect = Field(default="either", description="what it must lead to that it is still set")
    value: str = Field(default="your_secret_key", description="what it was set to")


class ConfigurationFile(ContractTable):
    """The file. A word alone stands for all flaws: `CLERK_SECRET_KEY = "refuse"`."""

    health: Health | None = Field(default=None, description="where the app tells that it is not well")
    variables: dict[str, Variable] = Field(default={}, description="all variables of Clerk that the app reads")
    legacy: dict[str, Leftover] = Field(
        default={}, description="those of the old authentication, which must not be set any more"
    )
    start_within: float = Field(default=20, gt=0, le=600, description="seconds in which the app starts, or refuses to")

    @field_validator("variables", mode="before")
    @classmethod
    def _flaws(cls, given: Any) -> Any:
        spelled = _spelled_out(given, _FLAWS)
        for name, entry in given.items() if isinstance(given, dict) else ():
            if isinstance(entry, str):  # A word alone asks for no live key of what is no key.
                spelled[name] = Variable.model_construct({*_FLAWS} - {"live"}, **spelled[name])
        return spelled

    @field_validator("legacy", mode="before")
    @classmethod
    def _leftovers(cls, given: Any) -> Any:
        return _spelled_out(given, ("expect",))


def _spelled_out(given: Any, keys: tuple[str, ...]) -> Any:
    if not isinstance(given, dict):
        return given
    for name, entry in given.items():
        if isinstance(entry, str) and entry not in _WORDS:
            raise ValueError(f"{name}: {entry!r}: write one of {', '.join(_WORDS)}")
    return {name: dict.fromkeys(keys, entry) if isinstance(entry, str) else entry for name, entry in given.items()}


_KEYS = {
    "": list(ConfigurationFile.model_fields),
    "health": list(Health.model_fields),
    "variables": list(Variable.model_fields),
    "legacy": list(Leftover.model_fields),
}


def load_configuration(suites: Path) -> ConfigurationFile | None:
    """Read the file, where there is one. Raises DeclarationError naming file and key."""
    path = suites / CONFIGURATION_FILE
    file = load_table(path, ConfigurationFile, _KEYS)
    if file is None:
        return None
    if not file.variables:
        raise DeclarationError(
            f'{path}: variables: name the Clerk variables that the app reads: CLERK_SECRET_KEY = "refuse"'
        )
    wants = [e for v in file.variables.values() for e in (v.absent, v.empty, v.malformed, v.live)]
    if file.health is None and "health" in (*wants, *(entry.expect for entry in file.legacy.values())):
        raise DeclarationError(
            f'{path}: something is to be told by health, and there is no [health]: route = "GET /health"'
        )
    return file
