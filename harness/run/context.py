"""Puts a run together (fake Clerk, database, target, plan, engine) and takes it apart again, whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from harness.contracts.matrix import CellVerdict, Declaration, Engine, Judge, Mechanisms, Plan, make_plan, public_paths
from harness.contracts.matrix.fuzz import FUZZ
from harness.contracts.matrix.route_matching import framework_pages
from harness.contracts.matrix.runner import Resets
from harness.contracts.registry import chosen, contract
from harness.core.ending import held
from harness.core.errors import DeclarationError, TargetError
from harness.core.onlooker import Onlooker
from harness.core.text import many, sentence
from harness.credentials import Mint, SsrfListener, register, select
from harness.database import Server
from harness.fake_clerk import FakeClerk
from harness.fake_clerk.jwks_faults import JWKS_FAULTS
from harness.run.database import Prepared
from harness.run.environment import app_directory, env_file_notes, refuse_live_options, secrets_among
from harness.run.options import Options
from harness.run.starting import Starter
from harness.run.user_table import unlinked_people
from harness.targets import Target
from harness.targets.host_redirect import Names

_DEFAULT_MECHANISMS = {"clerk": ["*clerk*:*", "*:*clerk*"], "legacy": ["*legacy*:*", "*:*legacy*", "*:*base64*"]}

_MAY_BE_THE_DATABASE = ("fault", "lockout", "handler-error", "inconclusive")
"""Verdicts that a missing table makes of any route."""


def _judges_migrations(options: Options, declaration: Declaration) -> bool:
    """Whether migrations that fail are a finding of this run, which goes on then."""
    held = chosen(options.only, narrowed=bool(options.routers or options.routes or options.credentials))
    if "migrations" not in held:
        return False
    file = contract("migrations").load(declaration.root)
    return file is not None and not contract("migrations").unread(file)


class RunContext:
    """Everything that a run needs, started on entering and stopped on leaving. It is what contracts are verified on.

    `server` is a Postgres that somebody else started and will stop; `through` gives the URL by which the app reaches a
    database, where it is to be another than ours; `beside`: the directory of the reports in which another run names what this
    one tries to reach (`Names.directory`); `prepared`: the database that another run has made, and this one copies; `shared`:
    others copy this one's. `lazy`: the target starts when somebody asks for it, or for its database. Raises HarnessError on
    entering. `onlooker` is told what is done now.
    """

    def __init__(
        self,
        options: Options,
        declaration: Declaration,
        *,
        server: Server | None = None,
        through: Callable[[str], str] | None = None,
        beside: Path | None = None,
        onlooker: Onlooker | None = None,
        prepared: Prepared | None = None,
        shared: bool = False,
        lazy: bool = False,
    ) -> None:
        self.options = options
        self.declaration = declaration
        self.server: Server | None = server
        """The Postgres of the run, once it is there."""
        self._stack = ExitStack()
        self._onlooker = onlooker or Onlooker()
        self._lazy = lazy
        self._starter = Starter(
            options,
            declaration,
            self._stack,
            server,
            through or (lambda url: url),
            beside,
            self._onlooker,
            tolerant=_judges_migrations(options, declaration),
            prepared=prepared,
            shared=shared,
        )
        self._beside = beside
        self.names: Names
        self.clerk: FakeClerk
        self.mint: Mint
        self._target: Target | None = None
        self.unmade = prepared.unmade if prepared is not None else ""
        """Why the database is not what the migrations should make of it; empty where it is."""
        self.unstarted = ""
        """Why there is no target, where it does not start on such a database."""
        self._mechanisms: Mechanisms
        self.notes: list[str] = []
        """What a reader of the report must know beside the verdicts."""

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        """Stop everything, whole: a signal waits until nothing is left behind."""
        with held():
            self._stack.close()

    @property
    def agents(self) -> int:
        """How many agents work side by side."""
        return self._starter.agents

    def _start(self) -> None:
        matrix, options = self.declaration.matrix, self.options
        refuse_live_options(options)  # In the declaration they were refused when it was read.
        starter = self._starter
        self._onlooker.phase("start: issuer")
        self.clerk = starter.start_clerk()
        self.names = starter.names
        self._beside = self.names.directory
        identities = register(self.clerk, self.declaration.identities())
        url, command = starter.address
        # A server that runs already does not know our certificate authority.
        with held():
            ssrf_listener = SsrfListener(self.clerk.tls.context if url is None or command is not None else None)
            self._stack.callback(ssrf_listener.close)
        self.mint = Mint(
            self.clerk,
            identities,
            self.declaration.legacy,
            skew=matrix.settings.clock_skew,
            ssrf_listener=ssrf_listener,
            origin=matrix.settings.azp,
        )
        self.mint.target_secrets = secrets_among(
            dict(matrix.target.env) | options.env, (self.clerk.secret_key, self.clerk.publishable_key)
        )
        for note in env_file_notes(app_directory(options, self.declaration)):
            self.note(note)
        if not self._lazy:
            self._start_target()

    def _start_target(self) -> None:
        starter, matrix = self._starter, self.declaration.matrix
        keys = self.mint.warm()
        try:
            self._target = starter.start_target()
        except TargetError as error:
            if not starter.unmade:
                raise
            self.unstarted = f"the target does not start: {sentence(str(error))}; {starter.unmade}"
        self.server, self.unmade = starter.server, starter.unmade
        if self.unmade:
            self.note(f"routes were asked on a database that the migrations did not bring up to date: {self.unmade}")
        if self._target is None:
            keys.join()
            return
        self.mint.unlinked = unlinked_people(starter.database_url)
        for note in self._target.notes:
            self.note(note)
        patterns = matrix.mechanisms or _DEFAULT_MECHANISMS
        self._mechanisms = Mechanisms(patterns, self._target.functions, declared=bool(matrix.mechanisms))
        self._check_mechanisms(self._target)
        keys.join()

    def _wait_for_target(self) -> Target:
        """Start the target where that has not been done. Raises TargetError where there is none."""
        if self._target is None and not self.unstarted:
            self._start_target()
        if self._target is None:
            raise TargetError(self.unstarted)
        return self._target

    @property
    def target(self) -> Target:
        """What is tested. Raises TargetError where it does not start."""
        return self._wait_for_target()

    @property
    def mechanisms(self) -> Mechanisms:
        """Which functions of the target decide."""
        self._wait_for_target()
        return self._mechanisms

    @property
    def resets(self) -> list[Resets] | None:
        """What undoes writes in the databases of the agents; None where the run makes none."""
        self._wait_for_target()
        return self._starter.resets

    @property
    def database_url(self) -> str:
        """The database of the first agent; empty where there is none."""
        self._wait_for_target()
        return self._starter.database_url

    @property
    def prepared(self) -> Prepared | None:
        """The database that was made, for others to copy; None where there is none, or nobody is to copy it."""
        return self._starter.prepared

    def _check_mechanisms(self, target: Target) -> None:
        """A mechanism that a policy names must exist in the target, or nothing about it could be proven."""
        matrix = self.declaration.matrix
        routers = self.declaration.routers.values()
        used = {entry.policy for file in routers for entry in file.routes.values()} | {file.policy for file in routers}
        required = sorted({name for key, policy in matrix.policies.items() if key in used for name in policy.mechanism})
        where = f"{self.declaration.root}/auth_matrix.toml"
        if required and not target.probed:
            self.note(f"which mechanism let a request in ({', '.join(required)}) cannot be seen from outside")
            return
        for name in required:
            if self._mechanisms.known(name):
                continue
            if matrix.mechanisms:
                raise DeclarationError(
                    f"{where}: mechanisms.{name}: no function of the target matches "
                    f"{', '.join(matrix.mechanisms[name])}; `clerk-harness routes` shows their names"
                )
            self.note(
                f"mechanism {name!r} was not judged: no function of the target is called like it; say which are in "
                f"[mechanisms] of {where} (`clerk-harness routes` shows their names)"
            )

    def command_surroundings(self) -> tuple[str, Path, Callable[[str], dict[str, str]]]:
        """The target's Python, its directory, and the variables of a command of the target for a database's URL."""
        return self._starter.command_surroundings()

    def another(
        self,
        declaration: Declaration | None = None,
        *,
        through: Callable[[str], str] | None = None,
        **changes: Any,
    ) -> RunContext:
        """A run of its own beside this one, on the same Postgres; see `harness.contracts.base.Context`."""
        options = replace(self.options, **changes)
        held = declaration or self.declaration
        prepared = self.prepared if declaration is None else None
        return RunContext(options, held, server=self.server, through=through, beside=self._beside, prepared=prepared)

    # Running

    def plan(self) -> Plan:
        """What is to be judged. Raises DeclarationError."""
        plan = make_plan(
            self.declaration,
            self.target.routes,
            credentials=self.options.credentials,
            quick=self.options.depth == "quick",
            only_routers=self.options.routers,
            only_routes=self.options.routes,
            discovered=self.target.probed and self.target.sees_inside,
            drills=self._drills(),
            rotation=self.options.rotation,
            fuzz=FUZZ if self.options.fuzz else None,
        )
        if not (self.target.probed and self.target.sees_inside) and any(
            route.named is not None for route in plan.routes
        ):
            self.note(
                "named: what the target's source names was not tried, for only inside an app (--app) can anybody look"
            )
        pages = framework_pages(self.target.routes)
        if left := [route for route in pages if route.key not in {each.route.key for each in plan.routes}]:
            self.note(
                f"not examined: {many(len(left), 'page')} of Django's admin below {min((r.path for r in left), key=len)}, which signs "
                "people in by itself; a line of a router's file holds one all the same"
            )
        self.mint.public_paths = public_paths(self.declaration, self.target.routes)
        return plan

    def note(self, text: str) -> None:
        """Something that a reader must know, said once."""
        if text not in self.notes:
            self.notes.append(text)

    def _drills(self) -> frozenset[str]:
        """The drills that can be held, and notes about those that cannot."""
        names = [name.partition("@")[0] for name in self.options.credentials]
        every = {c.drill for c in select(names) if c.drill not in (None, "pair", "identity", "rotated")}
        if not every:
            return frozenset()
        if not self.options.drills:
            left = "issuer outage, tokens that run out, withdrawn keys" + (
                "" if self.options.rotation else ", rotation"
            )
            self.note(f"no drills ({left}): --drills holds them in a part run too")
            return frozenset()
        held = {drill for drill in every if self.target.renewable or drill not in (*JWKS_FAULTS, "heals", "shared")}
        if held != every:
            self.note(
                "the issuer's outages and what is remembered of answers were left out: they need a target that can be started anew "
                "(--app or --command)"
            )
        return frozenset(drill for drill in held if drill is not None)

    def run(self, plan: Plan, one_by_one: Callable[[], None] = lambda: None) -> Iterator[CellVerdict]:
        """Verdicts, as they are reached; `one_by_one` as in `Engine.run`."""
        verdicts = self.engine(plan).run(one_by_one)
        yield from map(self._undecided, verdicts) if self.unmade else verdicts
        for host in self.clerk.api.foreign_hosts:
            if host != self.mint.foreign.domain:
                told = f"the target asked for the keys of another instance, {host}: is that the domain of its configuration?"
                self.note(f"{told} The one under test is {self.clerk.domain} ([settings] domain)")

    def _undecided(self, verdict: CellVerdict) -> CellVerdict:
        """A verdict on a database that the migrations did not make: what may come from that says nothing of the route."""
        if verdict.verdict not in _MAY_BE_THE_DATABASE:
            return verdict
        why = f"it was asked on a database that is not what the migrations should make of it: {self.unmade}"
        return replace(verdict, verdict="inconclusive", detail=why)

    def engine(self, plan: Plan) -> Engine:
        """What judges a plan."""
        target = self.target
        judge = Judge(self.mechanisms, probed=target.probed, sees_inside=target.sees_inside, strict=self.options.strict)
        limit = self.options.time_limit or self.declaration.matrix.settings.time_limit
        return Engine(
            self.target,
            plan,
            self.mint,
            judge,
            resets=self.resets,
            limit=limit,
            heal_within=self.declaration.matrix.settings.heal_within,
            rotate_within=self.declaration.matrix.settings.rotate_within,
            withdrawn_within=self.declaration.matrix.settings.withdrawn_within,
            note=self.note,
            fuzz=self.options.fuzz,
            seed=self.options.seed,
            by_guards=self.options.depth == "guards",
            onlooker=self._onlooker,
        )
