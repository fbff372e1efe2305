"""The declaration: who may enter which route. TOML, checked before anything is sent."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import ValidationError

from harness.contracts.matrix.database_table import DatabaseTable
from harness.contracts.matrix.tables import (
    CARRIERS,
    CriterionTable,
    IdentityTable,
    MatrixFile,
    Policy,
    RouteEntry,
    RouterFile,
    SettingsTable,
    TargetTable,
)
from harness.contracts.registry import MATRIX_FILE
from harness.core.errors import DeclarationError
from harness.core.files import read_toml
from harness.core.text import instead
from harness.core.toml import explain
from harness.credentials import CATALOGUE, closest, groups
from harness.credentials.legacy import Legacy, load_legacy

_ROUTE_KEY = re.compile(r"(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|TRACE|WS) (/\S*)")
_CARRIER = re.compile(r"bearer|subprotocol|message|(header|cookie|query):[A-Za-z0-9_.-]+")


class Declaration:
    """A whole declaration, read and checked."""

    def __init__(self, matrix: MatrixFile, routers: dict[Path, RouterFile], root: Path, legacy: Legacy) -> None:
        self.matrix = matrix
        self.routers = routers
        self.root = root
        self.legacy = legacy

    @property
    def policies(self) -> dict[str, Policy]:
        """The policies by name."""
        return self.matrix.policies

    def identities(self) -> dict[str, dict[str, object]]:
        """The declared identities as `credentials.register` takes them."""
        return {name: table.model_dump(exclude_none=True) for name, table in self.matrix.identities.items()}


_MATRIX_KEYS = {
    "": list(MatrixFile.model_fields),
    "policies": list(Policy.model_fields),
    "target": list(TargetTable.model_fields),
    "database": list(DatabaseTable.model_fields),
    "settings": list(SettingsTable.model_fields),
    "identities": list(IdentityTable.model_fields),
    "criteria": list(CriterionTable.model_fields),
}
_ROUTER_KEYS = {
    "": list(RouterFile.model_fields),
    "routes": [field.alias or name for name, field in RouteEntry.model_fields.items()],
}


def load_matrix(path: Path) -> tuple[MatrixFile, Legacy]:
    """Read `auth_matrix.toml`. Raises DeclarationError."""
    raw = read_toml(path)
    try:
        matrix = MatrixFile.model_validate(raw)
    except ValidationError as error:
        raise explain(path, error, _MATRIX_KEYS) from None
    for name, policy in matrix.policies.items():
        for field in ("accept", "reject", "tolerate", "refuse"):
            for credential in getattr(policy, field):
                if credential not in ("default" if field == "refuse" else "*", *CATALOGUE, *groups()):
                    raise DeclarationError(
                        f"{path}: policies.{name}.{field}: no credential or group {credential!r}{closest(credential)}"
                    )
        if policy.closed and policy.accept:
            raise DeclarationError(
                f"{path}: policies.{name}.closed: nobody may enter, yet accept names {', '.join(policy.accept)}: take one of them out"
            )
        _check_carriers(policy.carriers, f"{path}: policies.{name}.carriers")
        for mechanism in policy.mechanism:
            if matrix.mechanisms and mechanism not in matrix.mechanisms:
                raise DeclarationError(
                    f"{path}: policies.{name}.mechanism: {mechanism!r} is not in [mechanisms] ({', '.join(matrix.mechanisms)})"
                )
    return matrix, load_legacy(matrix.legacy, path.parent, str(path))


def load_router(path: Path, matrix: MatrixFile) -> RouterFile:
    """Read one router's file. Raises DeclarationError."""
    raw = read_toml(path)
    routes = raw.get("routes")
    if isinstance(routes, dict):
        raw["routes"] = {key: {"policy": entry} if isinstance(entry, str) else entry for key, entry in routes.items()}
    try:
        router = RouterFile.model_validate(raw)
    except ValidationError as error:
        raise explain(path, error, _ROUTER_KEYS) from None
    for key, entry in router.routes.items():
        if _ROUTE_KEY.fullmatch(key) is None:
            raise DeclarationError(
                f'{path}: routes."{key}": write METHOD /path, for example "GET /users/{{user_id}}" (WS for a websocket)'
            )
        if entry.policy not in matrix.policies:
            raise DeclarationError(
                f'{path}: routes."{key}": no policy {entry.policy!r}{instead(entry.policy, matrix.policies)}'
            )
        _check_carriers([entry.carrier] if entry.carrier else [], f'{path}: routes."{key}".carrier')
        _check_carriers(entry.carriers, f'{path}: routes."{key}".carriers')
        if entry.carrier and entry.carriers:
            raise DeclarationError(f'{path}: routes."{key}": carrier and carriers: write one of them')
        if "message" in (entry.carrier, *entry.carriers) and not key.startswith("WS "):
            raise DeclarationError(f'{path}: routes."{key}".carrier: only a websocket takes its token in a message')
    if router.policy is not None and router.policy not in matrix.policies:
        raise DeclarationError(f"{path}: policy: no policy {router.policy!r}{instead(router.policy, matrix.policies)}")
    _check_carriers([router.carrier] if router.carrier else [], f"{path}: carrier")
    return router


def _check_carriers(names: list[str], where: str) -> None:
    for name in names:
        if _CARRIER.fullmatch(name) is None:
            raise DeclarationError(f"{where}: {name!r}: write {CARRIERS}")


def load(suites: Path, only: list[Path] | None = None) -> Declaration:
    """Read a directory of suites: `auth_matrix.toml` and `routers/*.toml` (or `only` some of these).

    Raises DeclarationError, before anything is sent, for every mistake; the message names file and key.
    """
    if not suites.is_dir():
        raise DeclarationError(f"{suites}: no such directory; `clerk-harness init` writes one")
    matrix, legacy = load_matrix(suites / MATRIX_FILE)
    routers: dict[Path, RouterFile] = {}
    declared: dict[str, Path] = {}
    for path in sorted((suites / "routers").glob("*.toml")):
        router = load_router(path, matrix)
        for key in router.routes:
            if key in declared:
                raise DeclarationError(f'{path}: routes."{key}" is declared in {declared[key].name} already')
            declared[key] = path
        if only is None or path in only:
            routers[path] = router
    if not routers:
        raise DeclarationError(f"{suites}/routers: no declarations; `clerk-harness init` writes them")
    return Declaration(matrix, routers, suites, legacy)
