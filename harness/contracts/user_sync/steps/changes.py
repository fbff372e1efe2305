"""Steps in which a user changes at Clerk. The sync hears of it by a webhook, or by a later request where it asks Clerk anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from harness.contracts.user_sync.people import LegacyAccount, Person
from harness.contracts.user_sync.steps.base import Step, StepType, of_person
from harness.contracts.user_sync.steps.values import forms, names, number, who
from harness.fake_clerk import EmailAddress

if TYPE_CHECKING:
    from harness.contracts.user_sync.runner import StepRunner


def _rename(runner: StepRunner, person: Person, step: Step) -> None:
    """`text`: the first name; `more`: the last name."""
    environment = runner.environment
    first, last = (
        text[: environment.longest(name)] if text is not None else None
        for name, text in (("first_name", step.text), ("last_name", step.more))
    )
    runner.note(f"{person.name} is now called {first!r} {last!r} at Clerk")
    environment.clerk.directory.update_user(person.user.id, first_name=first, last_name=last)


def _move(runner: StepRunner, person: Person, step: Step) -> None:
    """`more`: how the new primary address is written."""
    environment = runner.environment
    entry = EmailAddress(environment.address(f"moved{person.number}", step.more or "plain"))
    runner.note(f"{person.name} has a new primary address, {entry.address}")
    person.moved = True
    emails = [*person.user.emails, entry]
    environment.clerk.directory.update_user(person.user.id, emails=emails, primary=len(emails) - 1)


def _swap(runner: StepRunner, person: Person, step: Step) -> None:
    """`other`: with whom."""
    environment = runner.environment
    other = environment.person(step.other)
    if other is None or other is person or other.deleted or not all(map(environment.gives_on, (person, other))):
        return
    mine, theirs = (p.user.emails[p.user.primary] for p in (person, other))
    runner.note(f"{person.name} and {other.name} swap their addresses")
    for one, entry in ((person, theirs), (other, mine)):
        one.moved = True
        environment.clerk.directory.update_user(one.user.id, emails=[EmailAddress(entry.address)], primary=0)


def _take_address(runner: StepRunner, person: Person, step: Step) -> None:
    """`other`: the legacy account whose address becomes the person's primary one, verified; with `text` only a further one:
    `unverified`, or `secondary`, which gives nobody an account.

    Who has no row yet may have the account; who has one is on both sides.
    """
    environment = runner.environment
    account = environment.free_account(step.other)
    known = person.second_account is not None or person.moved or person.user.banned
    if account is None or person.claims != "own" or known:
        return
    if step.text is not None:
        _add_address(runner, person, account, verified=step.text == "secondary")
        return
    if environment.database.all_have_clerk_ids:
        return  # Two people at Clerk cannot both have verified an address.
    runner.note(f"{person.name} has a new primary address, {account.email}, which is a legacy account's")
    person.moved = True
    if environment.row_of(person) is None:
        account.owner = person.user.id
    else:
        environment.put_on_both_sides(person, account, told=True)
    emails = [*person.user.emails, EmailAddress(account.email)]
    environment.clerk.directory.update_user(person.user.id, emails=emails, primary=len(emails) - 1)


def _add_address(runner: StepRunner, person: Person, account: LegacyAccount, *, verified: bool) -> None:
    """An address that proves nothing, the first of the list, for syncs that take that one."""
    kind, user = "verified" if verified else "unverified", person.user
    runner.note(f"{person.name} has a legacy account's address, {account.email}, as a further one, {kind}")
    account.reserved = True
    emails = [EmailAddress(account.email, verified), *user.emails]
    runner.environment.clerk.directory.update_user(user.id, emails=emails, primary=user.primary + 1)


def _legacy_sign_up(runner: StepRunner, person: Person, step: Step) -> None:
    """The person, who has a row, gets a legacy account with the same address: the old sign-up is still open."""
    environment = runner.environment
    known = person.second_account is not None or person.blocked or not person.active
    if environment.database.all_have_clerk_ids or known or person.claims != "own" or environment.row_of(person) is None:
        return
    account = environment.add_second_account(person)
    if account is not None:
        runner.note(f"{person.name} signs up in the old way, too: a legacy account exists for {account.email}")
        environment.put_on_both_sides(person, account, told=False)


def _restart(runner: StepRunner, step: Step) -> None:
    if runner.environment.client.restart():
        runner.note("the app is started again")


def _second_address(runner: StepRunner, person: Person, step: Step) -> None:
    """`other`: verified where it is even, and the last of the list where it is a multiple of three."""
    environment, user = runner.environment, person.user
    verified, first = step.other % 2 == 0, step.other % 3 != 0
    entry = EmailAddress(environment.address(f"second{person.number}", "plain"), verified)
    kind, where = "verified" if verified else "unverified", "first" if first else "last"
    runner.note(f"{person.name} has a further {kind} address, {where} in the list")
    emails = [entry, *user.emails] if first else [*user.emails, entry]
    environment.clerk.directory.update_user(user.id, emails=emails, primary=user.primary + first)


def _boast(runner: StepRunner, person: Person, step: Step) -> None:
    """What the front end may write about its user; whoever does so may be kept out."""
    database, directory = runner.environment.database, runner.environment.clerk.directory
    if person.claims != "own" or person.second_account is not None:
        return
    runner.note(f"{person.name} claims to be {database.role} in the unsafe metadata")
    person.claims = "rights"
    directory.update_user(person.user.id, unsafe_metadata=database.boast())


def _ban(runner: StepRunner, person: Person, step: Step) -> None:
    runner.note(f"{person.name} is banned")
    person.ever_banned = True
    runner.environment.clerk.directory.update_user(person.user.id, banned=True)


def _unban(runner: StepRunner, person: Person, step: Step) -> None:
    if person.user.banned:
        runner.note(f"{person.name} is unbanned")
        runner.environment.clerk.directory.update_user(person.user.id, banned=False)


def _delete(runner: StepRunner, person: Person, step: Step) -> None:
    runner.note(f"{person.name} is deleted at Clerk")
    person.deleted = True
    runner.environment.clerk.directory.remove_user(person.user.id)


RENAME = StepType(
    "rename",
    of_person(_rename),
    lambda: st.builds(Step, st.just("rename"), who(), text=names(), more=names()),
    needs="changes",
)
MOVE = StepType(
    "move", of_person(_move), lambda: st.builds(Step, st.just("move"), who(), number(), more=forms()), needs="changes"
)
SWAP = StepType(
    "swap", of_person(_swap), lambda: st.builds(Step, st.just("swap"), who(), number()), needs="changes", weight=2
)
SECOND_ADDRESS = StepType(
    "second address",
    of_person(_second_address),
    lambda: st.builds(Step, st.just("second address"), who(), number()),
    needs="changes",
)
TAKE_ADDRESS = StepType(
    "take address",
    of_person(_take_address),
    lambda: st.builds(
        Step, st.just("take address"), who(), number(), st.sampled_from([None, None, "unverified", "secondary"])
    ),
    needs="changes",
)
LEGACY_SIGN_UP = StepType(
    "legacy sign up", of_person(_legacy_sign_up), lambda: st.builds(Step, st.just("legacy sign up"), who())
)
RESTART = StepType("restart", _restart, lambda: st.just(Step("restart")), weight=0)
"""In stories only, for it takes long."""
BOAST = StepType(
    "boast", of_person(_boast), lambda: st.builds(Step, st.just("boast"), who()), needs="changes", weight=0
)
"""In stories only, for there must be somebody to compare with."""
BAN = StepType("ban", of_person(_ban), lambda: st.builds(Step, st.just("ban"), who()), needs="changes")
UNBAN = StepType("unban", of_person(_unban), lambda: st.builds(Step, st.just("unban"), who()), needs="changes")
DELETE = StepType("delete", of_person(_delete), lambda: st.builds(Step, st.just("delete"), who()), needs="changes")
