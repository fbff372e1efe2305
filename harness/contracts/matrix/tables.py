"""The tables of `auth_matrix.toml` and of a router's file: every key with its type, its limits, and what it says."""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator

from harness.contracts import registry
from harness.contracts.matrix.database_table import DatabaseTable
from harness.contracts.refusal import REFUSING_STATUSES
from harness.core.toml import HeaderName, HeaderValue, JsonValue, SystemText, Table, VariableName, listed, shape
from harness.core.urls import check_host_name
from harness.credentials import ORIGIN, Credential
from harness.targets.request_builder import Example

MATRIX_PROOFS = ("admissions", "legacy", "refusals", "newcomers")
"""What the matrix can prove of a criterion; see `harness.report.criteria`."""


def _by_default(value: Any) -> Any:
    return value if isinstance(value, dict) else {"default": value}


Names = Annotated[list[str], BeforeValidator(listed, json_schema_input_type=str | list[str])]
_Status = Annotated[int, Field(ge=300, le=599)]
_OneOrMore = _Status | list[_Status]
Statuses = Annotated[list[_Status], BeforeValidator(listed, json_schema_input_type=_OneOrMore)]
_Refuse = BeforeValidator(_by_default, json_schema_input_type=_OneOrMore | dict[str, _OneOrMore])
CARRIERS = "bearer, header:NAME, cookie:NAME, query:NAME, subprotocol or message"
_GUARD = "handler where the handler decides by itself, door where it does not; found out by the probe"


class Policy(Table):
    """Which credentials a route accepts; all others of the catalogue must be rejected."""

    accept: Names = Field(description="the credentials that may enter: names, groups, or * for all")
    reject: Names = Field(default=[], description="credentials that must be refused where the catalogue leaves it open")
    tolerate: Names = Field(default=[], description="credentials for which either answer is right")
    mechanism: Names = Field(
        default=[], description="which of [mechanisms] must have let the request in; any without it"
    )
    until: datetime.date | None = Field(default=None, description="the first day on which the policy is over")
    refuse: Annotated[dict[str, Statuses], _Refuse] = Field(
        default={"default": list(REFUSING_STATUSES)},
        description="the statuses that count as a refusal: for all, or by credential or group, with default for the others",
    )
    guard: Literal["door", "handler"] | None = Field(default=None, description=_GUARD)
    carriers: Names = Field(
        default=[], description=f"the ways in, of which each must admit, the usual first: {CARRIERS}"
    )
    closed: bool = Field(default=False, description="a person's word that nobody may enter; only where accept is empty")

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
    """One line of `[routes]`: the policy, and how to call the route. A value may be a table by identity: whose row is whose."""

    policy: str = Field(description="the policy of the route")
    path: dict[str, Any] = Field(
        default={}, description="parameters of the path; a value by identity says whose row is whose"
    )
    query: dict[str, Any] = Field(default={}, description="parameters of the query")
    headers: dict[HeaderName, HeaderValue | dict[str, HeaderValue | int]] = Field(
        default={}, description="header fields beside the credential's; a value by identity says whose row is whose"
    )
    json_body: JsonValue = Field(default=None, alias="json", description="the content, as JSON")
    form: dict[str, Any] | None = Field(default=None, description="the content, as fields of a form")
    files: dict[str, dict[str, str]] | None = Field(
        default=None, description="files of a multipart form, by field: name, content, type"
    )
    body: str | None = Field(default=None, description="the content, as it is")
    messages: list[str] = Field(
        default=[], description="what a websocket's client sends first; {token} stands for its token"
    )
    carrier: str | None = Field(default=None, description=f"where the token goes: {CARRIERS}")
    carriers: Names = Field(default=[], description="the same for several ways in, of which each must admit")
    guard: Literal["door", "handler"] | None = Field(default=None, description=_GUARD)
    reviewed: bool = Field(
        default=True, description="false where init wrote the line and nobody has read it; such a run does not pass"
    )

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
    """`suites/routers/NAME.toml`: the routes of one router."""

    router: str = Field(description="the router's name: its module's, or a tag")
    policy: str | None = Field(default=None, description="the policy of every route of the router that has no line")
    prefix: str | None = Field(
        default=None, description="which routes are its own, where neither a module nor a tag is called like the router"
    )
    carrier: str | None = Field(default=None, description="where its routes take tokens whose line says nothing")
    routes: dict[str, RouteEntry] = Field(
        default={}, description="METHOD /path, WS for a websocket: a policy's name, or a table"
    )

    def ways(self, policy: Policy) -> tuple[str, ...]:
        """Where its routes take tokens whose line says nothing."""
        return (self.carrier,) if self.carrier else tuple(dict.fromkeys(policy.carriers)) or ("bearer",)


class TargetTable(Table):
    """`[target]`: what is tested, when the command line does not say."""

    app: SystemText | None = Field(default=None, description="the app, module:name; a factory is module:name()")
    app_dir: SystemText = Field(default=".", description="the folder of the app, relative to this file")
    python: SystemText | None = Field(
        default=None, description="the app's Python; the one of its virtual environment without it"
    )
    url: str | None = Field(default=None, description="a server that runs already, instead of app")
    command: SystemText | None = Field(
        default=None, description="what starts a server, instead of app; {port} is the port it must take"
    )
    openapi: str = Field(
        default="/openapi.json", description="where a server tells its routes; empty where it does not"
    )
    env: dict[VariableName, SystemText] = Field(
        default={},
        description="variables that are set before the app is imported; {CLERK_ISSUER} and the like stand for the fake Clerk's",
    )
    agents: int | None = Field(
        default=None, ge=1, le=64, description="how many processes of the app answer side by side"
    )


class SettingsTable(Table):
    """`[settings]`: what may be allowed, and how long; times in seconds."""

    clock_skew: int = Field(default=5, ge=0, le=300, description="the clock skew that verifiers may allow")
    time_limit: float = Field(default=10.0, gt=0, le=600, description="after so long a request hangs")
    heal_within: float = Field(
        default=15.0,
        gt=0,
        le=600,
        description="how soon genuine tokens must get in again after an outage of the issuer",
    )
    rotate_within: float = Field(
        default=45.0, gt=0, le=600, description="how soon tokens of a new key of the issuer must get in"
    )
    withdrawn_within: float | None = Field(
        default=None,
        gt=0,
        le=3600,
        description="how soon those of a withdrawn key must stop; without it either answer is right",
    )
    origin: str | None = Field(
        default=None, pattern=shape(r"^https?://[!-\"$-.0->@-~]+$", "scheme and host alone: http://localhost:3000"),
        description="the front end's origin, the azp of sessions; where it is given, CORS is judged",
    )  # fmt: skip
    domain: Annotated[str, AfterValidator(check_host_name)] = Field(
        default="harness-under-test.clerk.accounts.dev", description="the Frontend API's domain of the fake Clerk"
    )

    @property
    def azp(self) -> str:
        """The origin from which people come in a run: that of the front end, or the usual one of a developer's machine."""
        return self.origin or ORIGIN


class IdentityTable(Table):
    """`[identities.NAME]`: a person known to the fake Clerk and to the seed."""

    email: str | None = Field(default=None, description="the primary e-mail address; name@example.com without it")
    clerk_id: str | None = Field(default=None, description="the id at Clerk, user_…; made up without it")
    database_id: int | str | None = Field(
        default=None, description="the key of the row in the app's table of users; in the old token as well"
    )
    first_name: str | None = Field(default=None, description="the first name")
    last_name: str | None = Field(default=None, description="the last name")
    role: str | None = Field(default=None, description="the role in the active organization, without org:")
    permissions: (
        list[Annotated[str, Field(pattern=shape(r"^org:[a-z0-9_-]+:[a-z0-9_-]+$", "org:feature:permission"))]] | None
    ) = Field(default=None, description="the permissions in the active organization, such as org:invoices:manage")
    onboarding_completed: bool = Field(default=True, description="the onboarding flag in the old token")


class CriterionTable(Table):
    """`[[criteria]]`: a criterion of the migration in the project's own words."""

    text: str = Field(description="the criterion")
    proof: Names = Field(
        description=f"what proves it: {', '.join(MATRIX_PROOFS)}; a contract, such as user_sync; a check of one, user_sync: one-row"
    )

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

    policies: dict[str, Policy] = Field(description="who may enter, by the names that routes use")
    target: TargetTable = Field(default=TargetTable(), description="what is tested")
    database: DatabaseTable | None = Field(
        default=None, description="the app's database; leave it out where it needs none"
    )
    settings: SettingsTable = Field(default=SettingsTable(), description="times, origin and domain")
    identities: dict[str, IdentityTable] = Field(default={}, description="people of the app's seed, by name")
    mechanisms: dict[str, Names] = Field(
        default={}, description="which functions are which mechanism: patterns of module:function"
    )
    legacy: dict[str, str] = Field(
        default={},
        description="the old token: template, as {email}:{id}:{onboarding}:{timestamp}, "
        "or callable, as file.py:function; encoding, cookie, query, secret",
    )
    criteria: list[CriterionTable] = Field(
        default=[], description="what the migration must have reached, and what proves it"
    )
