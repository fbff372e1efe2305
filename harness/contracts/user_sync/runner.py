"""Runs one sequence of steps, and hands what it observes to the invariants."""

from __future__ import annotations

from collections.abc import Sequence

from harness.contracts.refusal import is_admission
from harness.contracts.user_sync.compare import describe_answer
from harness.contracts.user_sync.environment import SyncEnvironment
from harness.contracts.user_sync.facts import (
    AnsweredFinally,
    BothSides,
    Dependent,
    LegacyOwner,
    LegacyRow,
    Replayed,
    RightsOfBoaster,
    RowsOfPerson,
    Settled,
    Undeliverable,
)
from harness.contracts.user_sync.invariants import INVARIANTS
from harness.contracts.user_sync.people import LegacyAccount, Person
from harness.contracts.user_sync.steps import BY_KIND
from harness.contracts.user_sync.steps.base import Step
from harness.contracts.user_sync.violations import violation_type
from harness.fake_clerk.webhooks import Message
from harness.targets.base import Observation

_SHOWN_ROWS = 12


class StepRunner:
    """One sequence. `known`: checks that are broken already, and are not looked at; `counts`: how often each check was."""

    def __init__(self, environment: SyncEnvironment, known: set[str], counts: dict[str, int]) -> None:
        self.environment, self.known, self.counts = environment, known, counts
        self._rows_before: list[str] = []
        self._came_back = False
        """Whether somebody who was deleted was let in, in the end."""

    def run(self, steps: Sequence[Step]) -> None:
        """Run a sequence, from an empty Clerk to the last look. Raises Violation."""
        self.environment.begin()
        addresses = " and ".join(account.email for account in self.environment.legacy)
        what = "accounts of other people" if self.environment.database.all_have_clerk_ids else "legacy accounts"
        self.environment.log.append(f"{what} exist for {addresses}")
        for step in steps:
            BY_KIND[step.kind].perform(self, step)
            self.watch()
        self.settle()

    # For steps

    def note(self, event: str) -> None:
        """Write down what happens next, in plain words. The rows before it are kept."""
        self._rows_before = self._rows()
        self.environment.log.append(event)

    def judge(self, fact: object) -> None:
        """Have the invariants judge a fact. Raises Violation for the first that does not hold."""
        for invariant in INVARIANTS:
            if invariant.name in self.known:
                continue
            for judgement in invariant.judge(self.environment, fact):
                self.counts[invariant.name] += 1
                if not judgement.holds:
                    events = list(self.environment.log)
                    raised = violation_type(invariant.name)
                    raise raised(invariant.name, judgement.message, events, self._rows_before, self._rows())

    def describe_request(self, person: Person, times: int = 1) -> str:
        """How the sync is reached for the person, in words."""
        if self.environment.client.calls_function:
            often = f" {times} times at once" if times > 1 else ""
            return f"{self.environment.file.reach.callable} is called for {person.name}{often}"
        processes = (
            f" to {self.environment.client.processes} processes" if self.environment.client.processes > 1 else ""
        )
        return f"{person.name} sends {'a request' if times == 1 else f'{times} requests at once{processes}'}"

    def deliver(self, message: Message) -> None:
        """Deliver a webhook message. One that is not taken stays pending, as with Svix."""
        self.take(message, self.environment.client.deliver(message))

    def take(self, message: Message, answer: Observation) -> None:
        """Note how a delivery of a message was answered."""
        message.attempts.append(answer.status or 0)
        self.environment.answers[message.id] = describe_answer(answer)
        if is_admission(answer) and message in self.environment.pending:
            self.environment.pending.remove(message)
            self.environment.delivered.append(message)

    def _rows(self) -> list[str]:
        """The rows of users that this sequence made, as short texts."""
        table = self.environment.file.table
        shown = dict.fromkeys((table.id, table.clerk_id, table.email, *table.mirror))
        rows = [", ".join(f"{name}={row[name]!r}" for name in shown) for row in self.environment.rows_of_sequence()]
        return sorted(rows)[:_SHOWN_ROWS]

    # After every step

    def watch(self, *, closely: bool = False) -> None:
        """Judge what must hold at any time. `closely`: the rows that refer to legacy accounts too, which takes longer."""
        table = self.environment.file.table
        rows = self.environment.database.users()
        by_clerk_id: dict[object, list[object]] = {}
        for row in rows:
            if row[table.clerk_id] is not None:
                by_clerk_id.setdefault(row[table.clerk_id], []).append(row[table.id])
        for person in self.environment.people:
            ids = by_clerk_id.get(person.user.id, [])
            self.judge(RowsOfPerson(person, ids))
            if ids and person.row_id is None:
                person.row_id = ids[0]
        owners = {row[table.id]: row[table.clerk_id] for row in rows}
        self._watch_legacy(owners, closely=closely)

    def _watch_legacy(self, owners: dict[object, object], *, closely: bool) -> None:
        for account in self.environment.legacy:
            row_id = account.row[self.environment.file.table.id]
            self.judge(LegacyRow(account, row_id in owners))
            self.judge(LegacyOwner(account, owners.get(row_id)))
            if closely:
                for (name, column), refers_to in self.environment.database.dependents_of(account.dependents).items():
                    self.judge(Dependent(account, name, column, refers_to))
        for person in self.environment.people if closely else []:
            if person.second_account is not None and person.active:
                self.judge(self._both_sides(person, person.second_account, owners))
            if person.boasts and (gained := self.environment.rights_gained(person)) is not None:
                self.judge(RightsOfBoaster(person, gained))

    def _both_sides(self, person: Person, account: LegacyAccount, owners: dict[object, object]) -> BothSides:
        """What has become of the two rows, and of what referred to them. `owners`: row -> Clerk id."""
        database, legacy = self.environment.database, account.row[self.environment.file.table.id]
        now = next((row for row, owner in owners.items() if owner == person.user.id), None)
        hang = [
            (place, side, refers_to)
            for side, rows in (("legacy", account.dependents), ("own", person.dependents))
            for place, refers_to in database.dependents_of(rows).items()
        ]
        shared = {place for place, _, _ in hang if database.has_its_only(place, now)}
        return BothSides(person, account, legacy, person.row_id, now, legacy in owners, hang, shared)

    # At the end

    def settle(self) -> None:
        """Deliver everything, send a request of everybody, and judge what must hold then; then do the same once more."""
        self._deliver_all()
        self.environment.client.work_off()
        self.note(self._describe_requests())
        for person in self.environment.people:
            # A function keeps nobody out, and a deleted user has no profile to call it with.
            if person.active or not self.environment.client.calls_function:
                (answer,) = self.environment.client.request(person)
                self.judge(AnsweredFinally(person, answer))
                self._came_back |= person.deleted and is_admission(answer)
        self._deliver_all()
        if any(account.rival is not None and not account.told for account in self.environment.legacy):
            self._everything_again()  # Whoever makes two accounts one may do so when an event tells of the address again.
        self.watch(closely=True)
        self.judge(Settled())
        self._replay()

    def _describe_requests(self) -> str:
        if self.environment.client.calls_function:
            return f"{self.environment.file.reach.callable} is called for everybody"
        return "everybody sends a request"

    def _deliver_all(self) -> None:
        pending = self.environment.pending
        if not pending:
            return
        self.note(f"all {len(pending)} waiting events are delivered, as often as needed")
        for _ in range(len(pending) + 2):
            for message in list(pending):
                self.deliver(message)
            self.environment.client.work_off()
            if not pending:
                return
        self.judge(Undeliverable(pending[0]))
        pending.clear()

    def _replay(self) -> None:
        if not self.environment.people or (self._came_back and self.environment.file.reach.webhook is not None):
            return  # Whoever was deleted and came back is deleted once more: `no-resurrection` has said so.
        before = self.environment.database.dump()
        self._everything_again()
        self.judge(Replayed(before, self.environment.database.dump()))

    def _everything_again(self) -> None:
        self.note(f"all events are delivered again, and {self._describe_requests()}")
        for message in list(self.environment.delivered):
            self.environment.client.deliver(message)
        self.environment.client.work_off()
        for person in self.environment.people:
            if person.active or not self.environment.client.calls_function:
                self.environment.client.request(person)
