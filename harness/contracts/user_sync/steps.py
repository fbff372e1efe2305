"""What each step does, what is watched after it, and what must hold when all events have arrived."""

from __future__ import annotations

from typing import Any

from harness.contracts.user_sync.checks import violated
from harness.contracts.user_sync.compare import difference, equal, failed, let_in, same, shown
from harness.contracts.user_sync.environment import Person, SyncEnvironment
from harness.contracts.user_sync.strategies import Step
from harness.fake_clerk import EmailAddress
from harness.targets.base import Observation

_SHOWN = 12


class StepRunner:
    """One example's events. `known`: checks that are broken already and are not looked at; `counts`: how often each was."""

    def __init__(self, environment: SyncEnvironment, known: set[str], counts: dict[str, int]) -> None:
        self.environment, self.known, self.counts = environment, known, counts
        self.before: list[str] = []

    # Looking

    def verify(self, check: str, holds: bool, told: str) -> None:
        """Count a look at a check. Raises Violation when it does not hold."""
        if check in self.known:
            return
        self.counts[check] += 1
        if not holds:
            raise violated(check, told, list(self.environment.log), self.before, self.rows())

    def rows(self) -> list[str]:
        """The rows of users as short texts: those that examples made."""
        table = self.environment.file.table
        shown = dict.fromkeys((table.id, table.clerk_id, table.email, *table.mirror))
        mark, ids = self.environment.mark, {person.user.id for person in self.environment.people}
        found = [
            ", ".join(f"{name}={row[name]!r}" for name in shown)
            for row in self.environment.rows()
            if row[table.clerk_id] in ids or mark in str(row[table.email]).lower()
        ]
        return sorted(found)[:_SHOWN]

    def say(self, text: str) -> None:
        """A line of the story; the rows before it are kept."""
        self.before = self.rows()
        self.environment.log.append(text)

    def start(self) -> None:
        """The story's first line."""
        addresses = " and ".join(account.email for account in self.environment.legacy)
        self.environment.log.append(f"legacy accounts exist for {addresses}")

    # Steps

    def do(self, step: Step) -> None:
        """Do one step; one that does not fit is left out."""
        if step.kind == "sign up":
            self._sign_up(step)
            return
        if step.kind == "everybody":
            for each in self.environment.people:
                if not each.deleted:
                    self._request(each, step)
            return
        if step.kind in ("deliver", "deliver again"):
            self._deliver(step)
            return
        person = self.environment.person(step.who)
        if person is not None and not person.deleted:
            getattr(self, "_" + step.kind.replace(" ", "_"))(person, step)

    def _sign_up(self, step: Step) -> None:
        if len(self.environment.people) > step.who + 2:
            return
        person = self.environment.sign_up(step.text or "own", step.other, step.more or "plain", "Ada", "Lovelace")
        told = {
            "legacy": f"with the verified address of a legacy account, {person.user.email}",
            "legacy-unverified": f"with a legacy account's address, {person.user.email}, unverified",
            "legacy-secondary": f"as {person.user.email}, with a legacy account's address as secondary one",
        }.get(person.claims, f"as {person.user.email}")
        self.say(f"{person.name} signs up {told}")

    def _request(self, person: Person, step: Step) -> None:
        self.say(self._sends(person))
        (answer,) = self.environment.request(person)
        self._answered(person, answer)

    def _sends(self, person: Person, times: int = 1) -> str:
        """How sync is reached for the person, in words."""
        if self.environment.callable is not None:
            often = f" {times} times at once" if times > 1 else ""
            return f"{self.environment.file.reach.callable} is called for {person.name}{often}"
        return f"{person.name} sends {'a request' if times == 1 else f'{times} requests at once'}"

    def _everybody(self) -> str:
        function = self.environment.file.reach.callable
        return f"{function} is called for everybody" if function is not None else "everybody sends a request"

    def _answered(self, person: Person, answer: Observation, check: str = "at-once") -> None:
        """A person who may enter must get in; nobody gets a server error."""
        told = f"{person.name} was answered {shown(answer)}"
        if self._blocked(person):
            self._turned_away(answer, told)
        elif person.active and not person.ever_banned:
            self.verify(check, let_in(answer), told)

    def _turned_away(self, answer: Observation, told: str) -> None:
        """Whoever may have no row is refused, not failed; a function refuses by raising whatever it likes."""
        self.verify("no-adoption", self.environment.callable is not None or not failed(answer), told)

    def _blocked(self, person: Person) -> bool:
        """Whether the person holds an address that is another account's: there may be no row for it."""
        return person.claims == "legacy-unverified" and not person.moved

    def _at_once(self, person: Person, step: Step) -> None:
        self.say(self._sends(person, step.other))
        self.environment.arm(pause=True)
        answers = self.environment.request(person, step.other)
        self.environment.arm()
        if person.active and not person.ever_banned and not self._blocked(person):
            statuses = ", ".join(shown(answer) for answer in answers)
            self.verify("at-once", all(map(let_in, answers)), f"{person.name} was answered {statuses}")
            count = len(self.environment.rows(person.user.id))
            self.verify("at-once", count == 1, f"there are {count} rows for {person.name}")

    def _impostor(self, person: Person, step: Step) -> None:
        other = self.environment.person(step.other)
        if other is None or other is person or self.environment.callable is not None:
            return
        had, mine = self.environment.row_of(other), self.environment.row_of(person)
        self.say(f"{person.name} sends a request that names {other.name} in header, query and body")
        (answer,) = self.environment.request(person, impostor=other.user)
        now = self.environment.row_of(other)
        self.verify(
            "token-only",
            same(had, now, self._volatile()),
            f"the row of {other.name} changed by a request of {person.name}",
        )
        row = self.environment.row_of(person)
        if let_in(answer) and mine is None and not self._blocked(person):
            self.verify("token-only", row is not None, f"{person.name} was let in and has no row of their own")
        if row is not None and other.user.email is not None and not (person.moved or other.moved):
            email = str(row[self.environment.file.table.email]).lower()
            self.verify(
                "token-only", email != other.user.email.lower(), f"{person.name} got the address of {other.name}"
            )

    def _killed(self, person: Person, step: Step) -> None:
        if self._blocked(person) or not person.active or person.ever_banned:
            return
        before, had = self.environment.dump(), self.environment.row_of(person)
        self.say(f"{self._sends(person)}, and the database connection is killed at write {step.other}")
        self.environment.arm(step.other)
        self.environment.request(person)
        self.environment.arm()
        between = self.environment.dump()
        (answer,) = self.environment.request(person)
        after = self.environment.dump()
        self.verify(
            "connection-loss", let_in(answer), f"the next request of {person.name} was answered {shown(answer)}"
        )
        half = difference(before, between) if between not in (before, after) else ""
        self.verify("connection-loss", not half, f"something was left half done: {half}")
        if had is None and let_in(answer):
            wrong = self._wrong(person, self.environment.row_of(person))
            self.verify(
                "connection-loss", not wrong, f"the next request did not heal the row of {person.name}: {wrong}"
            )

    def _rename(self, person: Person, step: Step) -> None:
        first, last = (
            text[: self.environment.limit_of(name)] if text is not None else None
            for name, text in (("first_name", step.text), ("last_name", step.more))
        )
        self.say(f"{person.name} is now called {first!r} {last!r} at Clerk")
        self.environment.clerk.directory.update_user(person.user.id, first_name=first, last_name=last)

    def _move(self, person: Person, step: Step) -> None:
        entry = EmailAddress(self.environment.address(f"moved{person.number}", step.more or "plain"))
        self.say(f"{person.name} has a new primary address, {entry.address}")
        person.moved = True
        emails = [*person.user.emails, entry]
        self.environment.clerk.directory.update_user(person.user.id, emails=emails, primary=len(emails) - 1)

    def _swap(self, person: Person, step: Step) -> None:
        other = self.environment.person(step.other)
        if other is None or other is person or other.deleted or {person.claims, other.claims} != {"own"}:
            return
        mine, theirs = (p.user.emails[p.user.primary] for p in (person, other))
        self.say(f"{person.name} and {other.name} swap their addresses")
        for one, entry in ((person, theirs), (other, mine)):
            one.moved = True
            self.environment.clerk.directory.update_user(one.user.id, emails=[EmailAddress(entry.address)], primary=0)

    def _second_address(self, person: Person, step: Step) -> None:
        verified = step.other % 2 == 0
        entry = EmailAddress(self.environment.address(f"second{person.number}", "plain"), verified)
        where = "first" if step.other % 3 else "last"
        self.say(f"{person.name} has a further {'verified' if verified else 'unverified'} address, {where} in the list")
        user = person.user
        emails = [entry, *user.emails] if where == "first" else [*user.emails, entry]
        self.environment.clerk.directory.update_user(user.id, emails=emails, primary=user.primary + (where == "first"))

    def _ban(self, person: Person, step: Step) -> None:
        self.say(f"{person.name} is banned")
        person.ever_banned = True
        self.environment.clerk.directory.update_user(person.user.id, banned=True)

    def _unban(self, person: Person, step: Step) -> None:
        if person.user.banned:
            self.say(f"{person.name} is unbanned")
            self.environment.clerk.directory.update_user(person.user.id, banned=False)

    def _delete(self, person: Person, step: Step) -> None:
        self.say(f"{person.name} is deleted at Clerk")
        person.deleted = True
        self.environment.clerk.directory.remove_user(person.user.id)

    def _partial(self, person: Person, step: Step) -> None:
        if person.user.banned:
            return
        had = self.environment.row_of(person)
        message = self.environment.partial(person, step.other)
        self.say(
            f"an update of {person.name} arrives that says nothing of {['names', 'addresses', 'names and addresses'][step.other % 3]}"
        )
        self.environment.deliver(message)
        now = self.environment.row_of(person)
        if had is None:
            return
        # What the profile itself says no more may go: a sync may ask Clerk for the user as it is now.
        lost = [
            column
            for column, name in self.environment.file.table.mirror.items()
            if had[column] is not None and (now is None or now[column] is None) and person.at_clerk(name) is not None
        ]
        self.verify("partial", not lost, f"{person.name} lost {', '.join(lost)}")

    def _deliver(self, step: Step) -> None:
        again = step.kind == "deliver again"
        queue = self.environment.delivered if again else self.environment.pending
        if not queue:
            return
        message = queue[step.other % len(queue)]
        self.say(f"{message.type} of {self._named(message)} is delivered{' again' if again else ''}")
        self._send(message)

    def _named(self, message: Any) -> str:
        text = message.body.decode()
        return next((p.name for p in self.environment.people if p.user.id in text), "somebody")

    def _send(self, message: Any) -> bool:
        """Deliver; a message that is not taken stays pending, as with Svix."""
        answer = self.environment.deliver(message)
        taken = let_in(answer)
        message.attempts.append(answer.status or 0)
        if taken and message in self.environment.pending:
            self.environment.pending.remove(message)
            self.environment.delivered.append(message)
        return taken

    # Watching, after every step

    def watch(self, *, closely: bool = False) -> None:
        """What must hold at any time; `closely`: what hangs on the legacy accounts too, which takes longer."""
        table = self.environment.file.table
        rows = self.environment.rows()
        by_person: dict[str, list[Any]] = {}
        for row in rows:
            if row[table.clerk_id] is not None:
                by_person.setdefault(row[table.clerk_id], []).append(row[table.id])
        for person in self.environment.people:
            ids = by_person.get(person.user.id, [])
            self.verify("one-row", len(ids) <= 1, f"{person.name} has {len(ids)} rows")
            if ids and person.row_id is None:
                person.row_id = ids[0]
            elif ids:
                self.verify("own-row", ids[0] == person.row_id, f"{person.name} has another row than before")
        owners = {row[table.id]: row[table.clerk_id] for row in rows}
        self._watch_legacy(owners, closely)

    def _watch_legacy(self, owners: dict[Any, Any], closely: bool) -> None:
        table = self.environment.file.table
        for account in self.environment.legacy:
            row_id = account.row[table.id]
            self.verify("relations", row_id in owners, f"the legacy account {account.email} is gone")
            owner = owners.get(row_id)
            names = {person.user.id: person.name for person in self.environment.people}
            told = f"the legacy account {account.email} was given to {names.get(str(owner), owner)}"
            if account.owner is None:
                self.verify("no-adoption", owner is None, told)
            else:
                self.verify("own-row", owner in (None, account.owner), told)
            for (name, column), now in self.environment.hanging_of(account).items() if closely else ():
                self.verify("relations", now == row_id, f"a row of {name} had {column} {row_id} and has {now}")

    # At the end

    def settle(self) -> None:
        """Everything arrives; everybody sends a request; then the same once more."""
        self._deliver_all()
        self.say(self._everybody())
        for person in self.environment.people:
            self._final(person)
        self._deliver_all()
        self.watch(closely=True)
        self._newest()
        self._adopted()
        self._replay()

    def _deliver_all(self) -> None:
        if not self.environment.pending:
            return
        self.say(f"all {len(self.environment.pending)} waiting events are delivered, as often as needed")
        for _ in range(len(self.environment.pending) + 2):
            for message in list(self.environment.pending):
                self._send(message)
            if not self.environment.pending:
                return
        message = self.environment.pending[0]
        self.verify("newest", False, f"{message.type} of {self._named(message)} is never taken: {message.attempts[-1]}")
        self.environment.pending.clear()

    def _final(self, person: Person) -> None:
        if self.environment.callable is not None and not person.active:
            return  # A function keeps nobody out, and a deleted user has no profile to call it with.
        (answer,) = self.environment.request(person)
        told = f"{person.name} was answered {shown(answer)}"
        tells = self.environment.file.reach.webhook is not None
        if person.deleted:
            if tells:
                self.verify("no-resurrection", not let_in(answer), f"deleted, {told}")
        elif person.user.banned:
            if tells:
                self.verify("banned", not let_in(answer), f"banned, {told}")
        elif self._blocked(person):
            self._turned_away(answer, told)
        else:
            check = "banned" if person.ever_banned else "at-once"
            self.verify(check, let_in(answer), f"{'unbanned, ' if person.ever_banned else ''}{told}")
            if person.ever_banned and person.row_id is not None:
                row = self.environment.row_of(person)
                kept = row is not None and row[self.environment.file.table.id] == person.row_id
                self.verify("banned", kept, f"{person.name} came back with another row")

    def _newest(self) -> None:
        """Each row against the profile; only where changes are told or taken over."""
        reach = self.environment.file.reach
        if reach.webhook is None and not reach.refreshes:
            return
        for person in self.environment.people:
            if not person.active or self._blocked(person):
                continue
            wrong = self._wrong(person, self.environment.row_of(person))
            self.verify("newest", not wrong, f"{person.name}: {wrong}")

    def _wrong(self, person: Person, row: dict[str, Any] | None) -> str:
        """How the person's row differs from the profile; empty where it does not."""
        table = self.environment.file.table
        if row is None:
            return "there is no row"
        return "; ".join(
            f"{column} is {row[column]!r} instead of {value!r}"
            for column, value in ((column, person.at_clerk(name)) for column, name in table.mirror.items())
            if not equal(row[column], value, fold=column == table.email)
        )

    def _adopted(self) -> None:
        table = self.environment.file.table
        for account in self.environment.legacy if table.adopt else []:
            person = next((p for p in self.environment.people if p.user.id == account.owner), None)
            if person is None or not person.active or (person.moved and person.row_id != account.row[table.id]):
                continue
            if table.email_case == "exact" and person.user.email != account.email:
                continue
            row = self.environment.row_of(person)
            row_id = row[table.id] if row is not None else None
            told = f"{person.name} has row {row_id}, not the legacy account's {account.row[table.id]}"
            self.verify("adoption", row_id == account.row[table.id], told)

    def _replay(self) -> None:
        """All events again, and a request of everybody: nothing may change."""
        if not self.environment.people:
            return
        before = self.environment.dump()
        self.say(f"all events are delivered again, and {self._everybody()}")
        for message in list(self.environment.delivered):
            self.environment.deliver(message)
        for person in self.environment.people:
            if self.environment.callable is None or person.active:
                self.environment.request(person)
        after = self.environment.dump()
        self.verify("replay", before == after, f"the database changed: {difference(before, after)}")

    def _volatile(self) -> set[str]:
        return set(self.environment.file.table.volatile)
