"""`suites/configuration.toml`: the variables that the app reads, what each flaw in one must lead to, and where health is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from harness.core.errors import DeclarationError
from harness.core.toml import ContractTable, Table, load_table

CONFIGURATION_FILE = "configuration.toml"
Expect = Literal["refuse", "health", "either", "runs"]
"""`refuse`: the app does not start; `health`: it starts, and its health endpoint says so; `either` of these; `runs`: it
starts and is well, because the variable is optional or the flaw cannot be known.
"""
_FLAWS = ("absent", "empty", "malformed", "live")
_WORDS = ("refuse", "health", "either", "runs")


class Health(Table):
    """The health endpoint. `ok`: what it answers when all is well, by dotted name (`{ "clerk.jwks" = "ok" }`); without it
    only its status tells. `within`: seconds in which it must tell an outage of the issuer, and the recovery. `outage`:
    whether it tells an outage at all.
    """

    route: str = Field(pattern=r"^GET /\S*$")
    ok: dict[str, Any] = Field(default={})
    headers: dict[str, str] = Field(default={})
    outage: bool = True
    within: float = Field(default=15, gt=0, le=600)


class Variable(Table):
    """What a flaw in a variable must lead to. `value`: a genuine value, where the harness knows none; `wrong`: a malformed one."""

    absent: Expect = "either"
    empty: Expect = "either"
    malformed: Expect = "either"
    live: Expect = "either"
    value: str | None = None
    wrong: str | None = None


class Leftover(Table):
    """A variable of the old authentication. `value`: what it was set to."""

    expect: Expect = "either"
    value: str = "your_secret_key"


class ConfigurationFile(ContractTable):
    """The file. `variables`: all variables of Clerk that the app reads; `legacy`: those of the old authentication, which
    must not be set any more. A word alone stands for all flaws: `CLERK_SECRET_KEY = "refuse"`. `start_within`: seconds.
    """

    health: Health | None = None
    variables: dict[str, Variable] = Field(default={})
    legacy: dict[str, Leftover] = Field(default={})
    start_within: float = Field(default=20, gt=0, le=600)

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
