"""The declaration: who may enter which route. TOML, checked before anything is sent."""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, field_validator

from harness.contracts import registry
from harness.contracts.matrix.database_table import DatabaseTable
from harness.contracts.refusal import REFUSING_STATUSES
from harness.contracts.registry import MATRIX_FILE
from harness.core.errors import DeclarationError
from harness.core.files import read_toml
from harness.core.text import instead
from harness.core.toml import HeaderName, HeaderValue, JsonValue, SystemText, Table, VariableName, explain
from harness.core.urls import check_host_name
from harness.credentials import CATALOGUE, Credential, closest, groups
from harness.credentials.legacy import Legacy, load_legacy
from harness.targets.request_builder import Example

MATRIX_PROOFS = ("admissions", "legacy", "refusals", "newcomers")
"""What the matrix can prove of a criterion; see `harness.report.criteria`."""
_ROUTE_KEY = re.compile(r"(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|TRACE|WS) (/\S*)")
_CARRIER = re.compile(r"bearer|subprotocol|message|(header|cookie|query):[A-Za-z0-9_.-]+")
_CARRIERS = "bearer, header:NAME, cookie:NAME, query:NAME, subprotocol or message"


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, (str, int)) else value


def _by_default(value: Any) -> Any:
    return value if isinstance(value, dict) else {"default": value}


Names = Annotated[list[str], BeforeValidator(_listed, json_schema_input_type=str | list[str])]
_Status = Annotated[int, Field(ge=300, le=599)]
_OneOrMore = _Status | list[_Status]
Statuses = Annotated[list[_Status], BeforeValidator(_listed, json_schema_input_type=_OneOrMore)]
_Refuse = BeforeValidator(_by_default, json_schema_input_type=_OneOrMore | dict[str, _OneOrMore])


class Policy(Table):
    """Which credentials a route accepts; all others of the catalogue must be rejected.

    `accept`: names, groups or `*`. `reject` and `tolerate` pin what would otherwise follow from the catalogue.
    `mechanism`: the authentication code that must have let the request in. `until`: the first day on which the policy
    is over. `refuse`: the statuses that count as a refusal, for all or by credential or group (`default` for the
    others): `{ missing = 403, default = 401 }`. `guard`: `handler` where the route decides inside its
    handler (found out by itself where the probe can see it). `carriers`: the ways in, of which each must admit and is tried
    with what is bad. `closed`: a person's word that nobody may enter, where `accept` is empty.
    """

    accept: Names
    reject: Names = []
    tolerate: Names = []
    mechanism: Names = []
    until: datetime.date | None = None
    refuse: Annotated[dict[str, Statuses], _Refuse] = {"default": list(REFUSING_STATUSES)}
    guard: Literal["door", "handler"] | None = None
    carriers: Names = []
    closed: bool = False

    @property
    def optional(self) -> bool:
        """Whether people may come without a credential as well as with one."""
        return "missing" in self.accept and "*" not in self.accept

    def refusing(self, credential: Credential) -> list[int]:
        """The statuses by which this credential may be refused."""
        for name in (credential.name, credential.group, "default"):
            if name in self.refuse:
                return self.refuse[name]
        return list(REFUSING_STATUSES)


class RouteEntry(Table):
    """One line of `[routes]`: the policy, and how to call the route. A value may be a table by identity (see `owners`).

    `reviewed`: false where `init` wrote the line and nobody has read it yet; a run with such lines does not pass.
    """

    policy: str
    path: dict[str, Any] = {}
    query: dict[str, Any] = {}
    headers: dict[HeaderName, HeaderValue] = {}
    json_body: JsonValue = Field(default=None, alias="json")
    form: dict[str, Any] | None = None
    files: dict[str, dict[str, str]] | None = None
    body: str | None = None
    messages: list[str] = []
    carrier: str | None = None
    carriers: Names = []
    guard: Literal["door", "handler"] | None = None
    reviewed: bool = True

    def ways(self, file: RouterFile, policy: Policy) -> tuple[str, ...]:
        """Where the route takes tokens, the usual place first: the line says so, else its file, else its policy."""
        own = self.carriers or ([self.carrier] if self.carrier else [])
        return tuple(dict.fromkeys(own or file.ways(policy)))

    def example(self, carrier: str) -> Example:
        """The request that the line describes."""
        return Example(
            path=self.path,
            query=self.query,
            headers=self.headers,
            json=self.json_body,
            form=self.form,
            files=self.files,
            body=self.body,
            messages=tuple(self.messages),
            carrier=carrier,
        )


class RouterFile(Table):
    """`suites/routers/NAME.toml`: the routes of one router.

    `policy` is for every route of the router that has no line; `prefix` says which those are, where neither the
    module nor a tag is called like the router.
    """

    router: str
    policy: str | None = None
    prefix: str | None = None
    carrier: str | None = None
    routes: dict[str, RouteEntry] = {}

    def ways(self, policy: Policy) -> tuple[str, ...]:
        """Where its routes take tokens whose line says nothing."""
        return (self.carrier,) if self.carrier else tuple(dict.fromkeys(policy.carriers)) or ("bearer",)


class TargetTable(Table):
    """`[target]`: what is tested, when the command line does not say."""

    app: SystemText | None = None
    app_dir: SystemText = "."
    python: SystemText | None = None
    url: str | None = None
    command: SystemText | None = None
    openapi: str = "/openapi.json"
    env: dict[VariableName, SystemText] = {}
    agents: int | None = Field(default=None, ge=1, le=64)


class SettingsTable(Table):
    """`[settings]`, in seconds: clock skew that verifiers may allow, time limit of a request, how soon genuine tokens must
    get in again after an outage of the issuer (`heal_within`) and by a new key of its (`rotate_within`), and how soon those
    of a withdrawn key must stop (`withdrawn_within`; unless it is given, either answer is right, for caches keep keys).

    `origin`: the front end's, which is the `azp` of sessions; where it is given, browsers' questions (CORS) are judged.
    """

    clock_skew: int = Field(default=5, ge=0, le=300)
    time_limit: float = Field(default=10.0, gt=0, le=600)
    heal_within: float = Field(default=15.0, gt=0, le=600)
    rotate_within: float = Field(default=45.0, gt=0, le=600)
    withdrawn_within: float | None = Field(default=None, gt=0, le=3600)
    origin: str | None = Field(default=None, pattern=r"^https?://[!-\"$-.0->@-~]+$")
    domain: Annotated[str, AfterValidator(check_host_name)] = "harness-under-test.clerk.accounts.dev"


class IdentityTable(Table):
    """`[identities.NAME]`: a person known to the fake Clerk and to the seed."""

    email: str
    clerk_id: str | None = None
    database_id: int | str | None = None
    first_name: str | None = None
    last_name: str | None = None
    role: str | None = None
    onboarding_completed: bool = True


class CriterionTable(Table):
    """`[[criteria]]`: a criterion of the migration in the project's own words, and what proves it: parts of the matrix
    (`MATRIX_PROOFS`), contracts (`user_sync`) or single checks of them (`user_sync: one-row`).
    """

    text: str
    proof: Names

    @field_validator("proof")
    @classmethod
    def known(cls, proof: list[str]) -> list[str]:
        """Each word names something that a run can prove."""
        for word in proof:
            name, _, check = word.partition(": ")
            if name in registry.BESIDE_THE_MATRIX:
                checks = [spec.name for spec in registry.contract(name).checks]
                if check and check not in checks:
                    raise ValueError(f"{name} has no check {check!r}; there are {', '.join(checks)}")
            elif word not in MATRIX_PROOFS:
                raise ValueError(f"{word!r}: write one of {', '.join((*MATRIX_PROOFS, *registry.BESIDE_THE_MATRIX))}")
        if not proof:
            raise ValueError("names nothing that proves it")
        return proof


class MatrixFile(Table):
    """`auth_matrix.toml`."""

    policies: dict[str, Policy]
    target: TargetTable = TargetTable()
    database: DatabaseTable | None = None
    settings: SettingsTable = SettingsTable()
    identities: dict[str, IdentityTable] = {}
    mechanisms: dict[str, Names] = {}
    legacy: dict[str, str] = {}
    criteria: list[CriterionTable] = []


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
            raise DeclarationError(f"{where}: {name!r}: write {_CARRIERS}")


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
