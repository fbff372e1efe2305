"""The form of `auth-matrix.json`, said once: the JSON report is made of it, its JSON Schema is made from it, readers hold files to it.

Keys may be added within a version; where one is removed or says something else, `VERSION` is another.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict  # Of pydantic: it takes those of `typing` from Python 3.12 on only.

from harness.contracts.base import Status
from harness.contracts.matrix.expectation import Expectation
from harness.contracts.matrix.verdicts import Evidence, Kind

SCHEMA: Literal["clerk-harness/auth-matrix"] = "clerk-harness/auth-matrix"
VERSION: Literal[2] = 2
SCHEMA_FILE = "auth-matrix.schema.json"
"""The schema's name: in docs/schemas, and beside each report, where editors look for it."""
DRAFT = "https://json-schema.org/draft/2020-12/schema"

Access = Literal["in", "out", "against", "kept-out", "either", "unknown"]
State = Literal["supported", "broken", "not examined"]
Expected = Expectation | Literal[""]
"""Empty for what is found of a route as such."""
Count = Annotated[int, Field(ge=0)]
PlaceEntry = Annotated[list[str | int], Field(min_length=2, max_length=2)]
"""A file and its line."""


class LocationEntry(TypedDict):
    """A line of a file, relative to the repository; `function`: what begins there."""

    file: str
    line: int
    function: NotRequired[str]


class CellEntry(TypedDict):
    """One cell. `detail`, `excerpt` and `repeat` are there unless it passed; `known`: a baseline knows it."""

    credential: str
    expected: Expectation
    verdict: Kind
    status: int | None
    evidence: Evidence
    seen: str
    mechanism: list[str]
    milliseconds: float
    twin: NotRequired[str]
    functions: NotRequired[list[str]]
    detail: NotRequired[str]
    excerpt: NotRequired[str]
    repeat: NotRequired[str]
    hint: NotRequired[str]
    needs: NotRequired[str]
    known: NotRequired[bool]


class RequestEntry(TypedDict):
    """The request of a route without a credential; `headers`: names only."""

    method: str
    path: str
    query: str
    headers: list[str]
    carriers: list[str]
    body: NotRequired[str]
    messages: NotRequired[list[str]]


class RouteEntry(TypedDict):
    """One route with its cells. `source`: where its handler begins; `declared`: its line of the declaration."""

    route: str
    policy: str
    source: LocationEntry | None
    declared: LocationEntry | None
    endpoint: str
    dependencies: list[str]
    hidden: bool
    writes: bool
    request: RequestEntry
    cells: list[CellEntry]


class RouterEntry(TypedDict):
    """The routes of one router."""

    router: str
    routes: list[RouteEntry]


class _Found(TypedDict):
    router: str
    route: str
    policy: str
    expected: Expected
    verdict: Kind
    evidence: Evidence
    seen: str
    detail: str
    mechanism: list[str]
    excerpt: str
    hint: str
    needs: str


class FindingEntry(_Found):
    """One thing to mend: cells of one route with the same verdict and the same story."""

    id: str
    credentials: list[str]
    known: bool
    repeat: str


class CauseEntry(TypedDict):
    """What made findings. `contract` and `check`: the broken check that it is; `shows`: the credentials of its findings by route."""

    id: str
    title: str
    verdict: Kind | Literal["broken"]
    contract: str
    check: str
    by: str
    shows: dict[str, list[str]]
    functions: list[str]
    locations: list[LocationEntry]
    routers: list[str]
    routes: list[str]
    credentials: list[str]
    cells: Count
    dependents: Count
    remedy: str
    page: str
    cwe: str
    source: str
    known: bool
    repeat: str


class CheckEntry(TypedDict):
    """One check of a contract; `figures`: in its own form; `unmeasured`: declared and not examined; `picture`: a file beside."""

    contract: str
    name: str
    description: str
    status: Status
    count: Count
    detail: str
    events: list[str]
    before: list[str]
    after: list[str]
    figures: list[dict[str, Any]]
    unmeasured: list[str]
    picture: str


class CriterionEntry(TypedDict):
    """One migration criterion, and what proves it."""

    number: int
    text: str
    state: State
    reason: str
    checks: list[str]


class ObjectEntry(TypedDict):
    """What one person got of another's, or of the own, row."""

    route: str
    person: str
    owner: str
    expected: Expectation
    verdict: Kind
    status: int | None
    detail: str


class PublicEntry(TypedDict):
    """A route that anybody may enter, or entered though nobody may (`declared` is false)."""

    router: str
    route: str
    policy: str
    writes: bool
    declared: bool


class AccessEntry(TypedDict):
    """Who may go to a route, and whether that is proven."""

    router: str
    route: str
    who: dict[str, Access]


class UnexaminedEntry(TypedDict):
    """What the run says nothing of; `count` is 0 where it cannot be counted, `verdict` what to look for in the matrix."""

    text: str
    count: Count
    verdict: Kind | Literal[""]


class OldTokenEntry(TypedDict):
    """How many routes of each router take the old token against their policy, by it, perhaps, or not."""

    accepts: dict[str, int]
    declared: dict[str, int]
    unknown: dict[str, int]
    refuses: dict[str, int]


class GlanceEntry(TypedDict):
    """What a reader asks first."""

    old_token: OldTokenEntry
    public: list[PublicEntry]
    access: list[AccessEntry]
    unexamined: list[UnexaminedEntry]


class SummaryEntry(TypedDict):
    """The figures of a run. `credentials_of_a_route`: the smallest and the largest number that was really tried on one."""

    routers: Count
    routes: Count
    credentials: Count
    credentials_of_a_route: Annotated[list[int], Field(min_length=2, max_length=2)]
    cells: Count
    planned: Count
    verdicts: dict[Kind, int]
    known: Count
    unreviewed: list[str]
    nobody_gets_in: str
    blocked_hosts: list[str]
    notes: list[str]


class PolicyEntry(TypedDict):
    """A policy, as `auth_matrix.toml` has it."""

    accept: list[str]
    reject: NotRequired[list[str]]
    tolerate: NotRequired[list[str]]
    mechanism: NotRequired[list[str]]
    until: NotRequired[str]
    refuse: NotRequired[dict[str, list[int]]]
    guard: NotRequired[Literal["door", "handler"]]
    carriers: NotRequired[list[str]]
    closed: NotRequired[bool]


class CredentialEntry(TypedDict):
    """What the catalogue says of a credential."""

    group: str
    cwe: str
    source: str
    why: str
    identity: str
    needs: str
    because: str


class TokenEntry(TypedDict, total=False):
    """What a credential puts on a request: names, and the decoded token. `length`: of one that cannot be decoded."""

    placed: Literal["token"]
    headers: list[str]
    cookies: list[str]
    query: list[str]
    fields: list[str]
    before: int
    forms: int
    header: dict[str, Any]
    claims: Any
    length: int


class LooseEntry(_Found):
    """A finding of a route as such, whole: what a merge makes a verdict of."""

    credential: str
    group: str
    status: int | None
    ran: list[str]
    micros: int
    notes: list[str]
    twin: str


class ShardEntry(TypedDict):
    """Of a part of a run: which it is, and what a merge must know."""

    index: Annotated[int, Field(ge=1)]
    count: Annotated[int, Field(ge=1)]
    fingerprint: dict[str, str]
    routes: list[str]
    narrowed: str
    suites: str
    repeat: str
    database: bool
    missing_variables: list[str]
    places: dict[Literal["functions", "handlers", "declared", "files"], dict[str, PlaceEntry]]
    criteria: list[list[str | list[str]]]
    loose: list[LooseEntry]


_Named = TypedDict("_Named", {"$schema": str})


@with_config(ConfigDict(extra="forbid", strict=True))
class Document(_Named):
    """A whole report. `part`: that it is of a part of the matrix, in words; `meaning` and `attackers`: words explained."""

    schema: Literal["clerk-harness/auth-matrix"]
    version: Literal[2]
    shard: NotRequired[ShardEntry]
    harness: str
    generated: str
    seconds: float
    command: str
    narrowed: str
    part: str
    target: dict[str, str]
    evidence: str
    passed: bool
    complete: bool
    incomplete: str
    summary: SummaryEntry
    glance: GlanceEntry
    provenance: dict[str, str]
    meaning: dict[str, str]
    criteria: list[CriterionEntry]
    contracts: list[CheckEntry]
    causes: list[CauseEntry]
    findings: list[FindingEntry]
    hardening: list[FindingEntry]
    objects: list[ObjectEntry]
    attackers: dict[str, str]
    policies: dict[str, PolicyEntry]
    credentials: dict[str, CredentialEntry]
    tokens: dict[str, TokenEntry]
    routers: list[RouterEntry]
