"""What a contract is, what its checks are, and what it says of each of them in a run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from harness.core.errors import DeclarationError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from harness.contracts.matrix import CellVerdict, Declaration, Engine, Plan
    from harness.contracts.matrix.runner import Resets
    from harness.database import Server
    from harness.fake_clerk import FakeClerk
    from harness.targets import Target

Status = Literal["proven", "broken", "not examined"]
Progress = Callable[..., None]
"""Is told how many of how many are done, or in words what is done now."""
EXAMINATION = "examination"
"""The check that stands for a contract which could not be examined to its end."""


@dataclass(frozen=True)
class CheckSpec:
    """One thing that a contract looks at. `sentence`: what is proven by it; `source`: where the rule comes from; `function`:
    what judges it, where it is judged by itself.
    """

    name: str
    sentence: str
    source: str = ""
    function: Callable[..., Any] | None = None


@dataclass
class Check:
    """What a contract says of one of its checks. `count`: how often it was looked at; `events`: the shortest way to break it,
    in plain words; `before` and `after`: the rows there. `figures`: what was measured, a row for each route or trial.
    `unmeasured`: what its file declares of it and nobody examined, and why; with any, the run does not pass.
    `picture`: a file beside the reports that shows it.
    """

    contract: str
    name: str
    description: str
    status: Status
    count: int = 0
    detail: str = ""
    events: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    figures: list[dict[str, Any]] = field(default_factory=list)
    unmeasured: list[str] = field(default_factory=list)
    picture: str = ""

    @property
    def failed(self) -> bool:
        """Whether it is a finding."""
        return self.status == "broken"

    def story(self) -> list[str]:
        """What a reader needs of a broken check, line by line; what goes on in a further line is set in, as no line of ours is."""
        lines = [f"{self.contract}: {self.name}: {self.description}", f"  {self.detail}"]
        lines += [f"  {number}. {event}" for number, event in enumerate(self.events, 1)]
        lines += [f"  before: {row}" for row in self.before] + [f"  after:  {row}" for row in self.after]
        lines += [f"  picture: {self.picture}, beside the reports"] if self.picture else []
        return [line.replace("\n", "\n    ") for line in lines]


class RunOptions(Protocol):
    """The options of a run, as far as contracts read them; see `harness.run.options.Options`."""

    env: dict[str, str]
    seed: int
    sequences: int | None
    rows: int | None
    browser: str | None
    reports: Path


class Context(Protocol):
    """What a run offers to its contracts; `harness.run.context.RunContext` is it."""

    @property
    def options(self) -> RunOptions: ...

    @property
    def target(self) -> Target: ...

    @property
    def resets(self) -> list[Resets] | None: ...

    @property
    def database_url(self) -> str: ...

    declaration: Declaration
    clerk: FakeClerk
    server: Server | None
    unmade: str

    def plan(self) -> Plan:
        """The cells of this run."""

    def engine(self, plan: Plan) -> Engine:
        """What judges a plan."""

    def run(self, plan: Plan) -> Iterable[CellVerdict]:
        """Verdicts, as they are reached."""

    def note(self, text: str) -> None:
        """Something that a reader of the report must know."""

    def command_surroundings(self) -> tuple[str, Path, Callable[[str], dict[str, str]]]:
        """The target's Python, its directory, and the variables of a command of the target for a database's URL."""

    def another(
        self,
        declaration: Declaration | None = None,
        *,
        through: Callable[[str], str] | None = None,
        **changes: Any,
    ) -> AbstractContextManager[Context]:
        """A run of its own beside this one, on the same Postgres, of the same options but for `changes`.

        `through` gives the URL by which its app reaches a database.
        """


class Contract(ABC):
    """One contract beside the matrix. Its name is that of its package, its file, its `--only` and its part of the report."""

    name: ClassVar[str]
    model: ClassVar[type[BaseModel]]
    """What reads its file."""
    checks: ClassVar[tuple[CheckSpec, ...]]
    counted: ClassVar[str] = ""
    """What its progress counts."""
    seeded: ClassVar[bool] = False
    """Whether `--seed` changes what it tries."""
    optional: ClassVar[bool] = False
    """Whether it can be verified without its file, by its defaults."""
    criterion: ClassVar[str] = ""
    """The migration criterion that it proves, as a sentence; empty for none."""
    needs_database: ClassVar[bool] = True
    """Whether it says anything only on a database that the target's migrations could make, where one is declared."""
    needed: ClassVar[tuple[str, ...]] = ()
    """The checks without which that criterion is not supported."""
    length: ClassVar[float] = 10.0
    """Seconds that it takes on the reference platform: where contracts are verified side by side, the longest begins first."""

    @property
    def file(self) -> str:
        """The name of the file that declares it, beside auth_matrix.toml."""
        return f"{self.name}.toml"

    @abstractmethod
    def load(self, suites: Path) -> object | None:
        """Its declaration; None where there is no file. Raises DeclarationError naming file and key."""

    @abstractmethod
    def examine(self, context: Context, file: Any, progress: Progress | None) -> list[Check]:
        """Its checks on a run's target and database, `file` being what `load` gave. Raises HarnessError."""

    def verify(self, context: Context, *, asked: bool, progress: Progress | None = None) -> list[Check]:
        """Its checks; none where nothing declares it. `asked`: the user named it, so that its file must be there.

        Raises DeclarationError where it is not.
        """
        file = self.declared(context.declaration.root, asked=asked)
        if file is None and not asked:
            return []
        if why := self.unread(file):
            context.note(why)
            return self.unexamined(why) if asked else []
        if context.unmade and self.needs_database:
            return self.unexamined(f"the database is not what the migrations should make of it: {context.unmade}")
        return self.examine(context, file, progress)

    def examines(self, context: Context, *, asked: bool) -> bool:
        """Whether `verify` has something to examine, and not only something to say. Raises DeclarationError as that does."""
        file = self.declared(context.declaration.root, asked=asked)
        return (file is not None or asked) and not self.unread(file) and not (context.unmade and self.needs_database)

    def declared(self, suites: Path, *, asked: bool) -> object | None:
        """What `load` gives. Raises DeclarationError for a mistake in the file, and for none where there must be one."""
        file = self.load(suites)
        if file is None and asked and not self.optional:
            raise DeclarationError(
                f"--only {self.name}: {suites / self.file} does not exist; docs/{self.name.replace('_', '-')}.md shows one"
            )
        return file

    def unread(self, file: object | None) -> str:
        """That nobody has read a file which `init` wrote, so that it declares nothing yet; empty where somebody has."""
        from harness.core.toml import ContractTable  # Late: --help must not wait for pydantic.

        if not isinstance(file, ContractTable) or file.reviewed:
            return ""
        return (
            f"{self.name}: nothing was examined: nobody has read {self.file} since init wrote it; read it, mend it, and take out "
            "`reviewed = false`"
        )

    def failed(self, why: str) -> Check:
        """What is said instead of its checks where it could not be examined to its end."""
        sentence = "the contract can be examined to its end"
        return Check(self.name, EXAMINATION, sentence, "broken", detail=f"nothing is known of its checks: {why}")

    def unexamined(self, why: str) -> list[Check]:
        """Each check, not examined."""
        return [self.check(spec, detail=why) for spec in self.checks]

    def check(self, spec: CheckSpec, **more: Any) -> Check:
        """A check of which nothing is known yet."""
        return Check(self.name, spec.name, spec.sentence, "not examined", **more)


def unexamined(checks: Iterable[Check]) -> dict[str, str]:
    """Contracts of which nothing was examined, and why: whoever asked for them knows nothing, and may not say that all is well."""
    found: dict[str, str] = {}
    by_contract: dict[str, list[Check]] = {}
    for check in checks:
        by_contract.setdefault(check.contract, []).append(check)
    for contract, own in by_contract.items():
        if all(check.status == "not examined" for check in own):
            found[contract] = next((check.detail for check in own if check.detail), "nothing bears on it")
    return found
