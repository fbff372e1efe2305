"""`newest`: when all events have arrived, each row equals the profile, in whatever order they came."""

from __future__ import annotations

from collections.abc import Iterator

from harness.contracts.user_sync.compare import profile_differences
from harness.contracts.user_sync.environment import SyncEnvironment
from harness.contracts.user_sync.facts import Settled, Undeliverable
from harness.contracts.user_sync.invariants.base import Invariant, Judgement, Rule
from harness.contracts.user_sync.steps.base import story


def _taken(environment: SyncEnvironment, fact: Undeliverable) -> Iterator[Judgement]:
    """A webhook may refuse what is said of a person who is declared to be kept out."""
    message = fact.message
    named = [p for p in environment.people if p.user.id in message.body.decode()]
    if any(p.collides for p in named):
        return  # A column that takes each name once may keep such a person out, and nobody is locked out by it.
    about = [p for p in named if p.may_be_refused]
    status = message.attempts[-1]
    if about and isinstance(status, int) and 400 <= status < 500:
        return
    yield Judgement(
        False, f"{message.type} of {environment.name_in(message)} is never taken: {environment.answers[message.id]}"
    )


def _as_at_clerk(environment: SyncEnvironment, _: Settled) -> Iterator[Judgement]:
    """Judged only where the sync hears of changes at all."""
    if not environment.file.reach.follows_changes:
        return
    for person in environment.people:
        if person.active and not person.may_be_kept_out:
            wrong = profile_differences(person, environment.row_of(person), environment.file.table)
            yield Judgement(not wrong, f"{person.name}: {wrong}")


INVARIANT = Invariant(
    name="newest",
    sentence="the row equals the newest profile, whatever the order of delivery",
    source="https://clerk.com/docs/guides/development/webhooks/syncing (delivery is late, repeated or out of order)",
    stories=(
        story("sign up:0:0:own", "request:0", "second address:0:1", "deliver:0:1", "deliver:0:0"),
        story("sign up:0:0:own", "request:0", "rename:0:0:Grace:Hopper", "deliver:0:1", "deliver:0:0"),
        story("sign up:0:0:own", "rename:0:0:Grace:Hopper", "deliver:0:1", "deliver:0:0", "request:0"),
        story("sign up:0:0:own", "request:0", "rename:0", "deliver:0:0", "deliver:0:0"),
        story(
            "sign up:0:0:own",
            "request:0",
            "rename:0:0:Grace",
            "rename:0:0:Ada",
            "deliver:0:2",
            "deliver:0:1",
            "deliver:0:0",
        ),
        story("sign up:0:0:own", "request:0", "move:0:0::plus", "deliver:0:1", "deliver:0:0"),
        story("sign up:0:0:own", "request:0", "deliver:0:0", "rename:0:0:Grace", "deliver killed:0:0", "deliver:0:0"),
        story("sign up:0:0:own", "request:0", "deliver:0:0", "move:0:0::plus", "deliver killed:1:0", "deliver:0:0"),
        story("sign up:0:0:own", "sign up:1:0:own", "everybody", "swap:0:1"),
        story("sign up:0:0:own", "sign up:1:0:own", "everybody", "swap:0:1", "deliver:0:3", "deliver:0:2", "everybody"),
        story("sign up:0:0:own", "request:0", "take address:0:0", "request:0", "deliver:0:1"),
        story("sign up:0:0:own", "request:0", "deliver:0:0", "delete:0", "sign up again:0", "deliver:0:0"),
    ),
    rules=(Rule(Undeliverable, _taken), Rule(Settled, _as_at_clerk)),
)
