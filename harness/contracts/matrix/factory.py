"""Makes the requests of a cell when they are sent, so that no token grows old while something else is waited for."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from harness.contracts.matrix.plan import RoutePlan
from harness.contracts.matrix.ways import Way, base_for
from harness.credentials import Credential, Mint
from harness.credentials.model import Presentation
from harness.targets.base import Call, Request, Route
from harness.targets.request_builder import fields_of, with_path_value, with_presentation

_NOWHERE = "/clerk-harness-nowhere"
MAX_AGE = 5.0
"""Seconds after which requests that were prepared are made again."""


@dataclass
class Prepared:
    """The requests of one cell. `before` is sent first, then `then` is called, and each of the `forms` is judged.

    `canary_urls`: for each form the address of the SSRF listener that its token names, or None.
    """

    before: list[Request]
    forms: list[Request]
    canary_urls: list[str | None]
    words: list[str] = field(default_factory=list)
    """For each form which one it is, in words; the empty text where there is one only."""
    then: Callable[[], object] | None = None
    control: list[Request] = field(default_factory=list)
    """The forms of a bypass for a path that nothing serves: the answer that every request gets."""


class RequestFactory:
    """Makes the requests of routes. `probed` and `sees_inside`: see `Target`."""

    def __init__(self, mint: Mint, *, probed: bool, sees_inside: bool = True) -> None:
        self.mint = mint
        self._probed = probed
        self.sees_inside = probed and sees_inside
        self.named: set[tuple[object, ...]] = set()
        """What the source of the routes names that were tried already (see `named`)."""
        self.waiting: set[object] = set()
        """The doors that were seen to wait (see `overlap`)."""
        self.jar: dict[str, str] = {}
        """The cookies that genuine answers have set (see `own_session`)."""

    def prepare(
        self, plan: RoutePlan, credential: Credential, way: Way | None = None, base: Credential | None = None
    ) -> Prepared:
        """Return the requests of a credential in a way. `base`: the genuine credential that the route really admits there."""
        way = way or plan.ways[0]
        if base is None or base.kind not in credential.damages:
            base = base_for(credential, way)
        usual = base.identity if base is not None else "alice"
        person = usual if credential.identity == "alice" else credential.identity
        presented = self.mint.present(credential, base)
        forms = (presented, *(form for form in presented.also if plan.examines_verifier or not form.sparse))
        if credential.group == "roles":
            forms = tuple(_without_declared(form, plan, way.carrier) for form in forms)
        prepared = Prepared(
            [self._request(plan, way, form, person) for form in presented.before],
            [self._request(plan, way, form, person) for form in forms],
            [form.canary_url for form in forms],
            [form.form for form in forms],
            presented.then,
        )
        if credential.bypass and not self.probes(plan.route):
            nowhere = replace(plan.base, path=_NOWHERE)
            prepared.control = [with_presentation(nowhere, form, way.carrier) for form in forms]
        return prepared

    def probes(self, route: Route) -> bool:
        """Whether the target tells that a route's handler was entered."""
        return self._probed and (self.sees_inside or bool(route.handlers))

    def _request(self, plan: RoutePlan, way: Way, form: Presentation, person: str) -> Request:
        base = plan.base_of(person)
        if form.path_value is not None:
            path = with_path_value(plan.route, plan.example, form.path_value)
            # One handler may serve a pattern, and leave open what is declared to be.
            base = base if path in self.mint.public_paths else replace(base, path=path)
        return with_presentation(base, form, way.carrier)


_TELLING = ("impersonate", "as_user", "sub")
"""Fields by which nobody filters."""


_TOKEN = re.compile(r"(Bearer )?eyJ[\w-]+\.[\w-]+\.[\w-]*")


def _without_declared(form: Presentation, plan: RoutePlan, carrier: str) -> Presentation:
    """Return a presentation without the fields that the route declares: what these say is its own affair.

    Where the route has no schema, its query may be anything: only what nobody filters by is left in it. A token is never
    a field's own affair, but the place from which the route takes its token keeps the genuine one.
    """
    operation = plan.route.operation
    known = {name.lower() for name in fields_of(plan.route, plan.base)}
    own = carrier.partition(":")[2].lower()

    def left(fields: tuple[tuple[str, str], ...], *, named: bool) -> tuple[tuple[str, str], ...]:
        return tuple(
            (name, value)
            for name, value in fields
            if name.lower() != own
            and (
                _TOKEN.fullmatch(value)
                or (name.lower() not in known and (named or name in _TELLING or "role" in name.lower()))
            )
        )

    return replace(
        form,
        cookies=left(form.cookies, named=True),
        headers=left(form.headers, named=True),
        query=left(form.query, named=operation is not None),
        body=left(form.body, named=True),
    )


class Sequence:
    """The requests of one cell while they are sent. A late request is made anew, unless requests of the sequence were sent already."""

    def __init__(
        self, factory: RequestFactory, plan: RoutePlan, credential: Credential, way: Way, base: Credential | None
    ) -> None:
        self.plan = plan
        self.credential = credential
        self.label = way.named(credential)
        """The name of the cell within its route."""
        self._factory, self._arguments = factory, (credential, way, base)
        self.prepared = self._make()
        self._made = time.monotonic()
        self._begun = False

    def _make(self) -> Prepared:
        return self._factory.prepare(self.plan, *self._arguments)

    def _fresh(self) -> Prepared:
        """Return the requests to send now. Once a sequence has begun it goes on with the same token."""
        if not self._begun and time.monotonic() - self._made > MAX_AGE:
            self.prepared, self._made = self._make(), time.monotonic()
        return self.prepared

    def before(self, stop: bool) -> list[Sending]:
        """Return the requests that come before the forms that are judged."""
        return [Sending(self, "before", number, stop) for number in range(len(self.prepared.before))]

    def forms(self, stop: bool) -> list[Sending]:
        """Return the forms that are judged."""
        return [Sending(self, "forms", number, stop) for number in range(len(self.prepared.forms))]

    def control(self, stop: bool) -> list[Sending]:
        """Return the forms for a path that nothing serves."""
        return [Sending(self, "control", number, stop) for number in range(len(self.prepared.control))]

    def pinned(self) -> Sequence:
        """Return this sequence, which keeps its token from now on however late it is sent."""
        self._begun = True
        return self

    def then(self) -> None:
        """Do what belongs between the requests before and the forms."""
        self._begun = True
        if self.prepared.then is not None:
            self.prepared.then()

    def request(self, part: str, number: int) -> Request:
        """Return one request, made anew where it has become old."""
        prepared = self._fresh()
        if prepared.before and part == "before":
            self._begun = True
        requests: list[Request] = getattr(prepared, part)
        return requests[number]


@dataclass(slots=True)
class Sending:
    """A request that will be sent. `stop`: the probe stops it at the handler's door; `learn`: it notes what the app asks for."""

    sequence: Sequence
    part: str
    number: int
    stop: bool
    learn: bool = False
    rows: bool = False
    """Whether the rows that it writes are wanted; it must be sent alone then."""

    def call(self) -> Call:
        """Make the call."""
        request = self.sequence.request(self.part, self.number)
        return Call(self.sequence.plan.route, request, self.stop, self.learn)
