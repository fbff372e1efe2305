"""`both-sides`: who has a row of their own and a legacy account with the same address loses nothing, and gains nobody else's."""

from __future__ import annotations

from collections.abc import Iterator

from harness.contracts.refusal import is_admission, is_failure
from harness.contracts.user_sync.compare import describe_answer
from harness.contracts.user_sync.environment import SyncEnvironment
from harness.contracts.user_sync.facts import Answered, AnsweredFinally, BothSides
from harness.contracts.user_sync.invariants.base import Invariant, Judgement, Rule
from harness.contracts.user_sync.steps.base import story

_KEY = "user_sync.toml: table.both_sides"


def made_one(fact: BothSides) -> bool:
    """Whether the two are one account: by the row that the person has, or by where what hung on the legacy account hangs."""
    moved = any(side == "legacy" and refers_to == fact.own for _, side, refers_to in fact.hang)
    return fact.now == fact.legacy or not fact.legacy_there or moved


def wrong_with(fact: BothSides) -> str:
    """What is neither apart nor made one; empty where all is either. Of what each user has once at most, one row is enough."""
    name = fact.person.name
    if fact.now is None:
        return f"{name} has no row any more"
    if fact.now not in (fact.own, fact.legacy):
        return f"{name} has a third row, {fact.now}"
    one = made_one(fact)
    for (table, column), side, refers_to in fact.hang:
        before = fact.legacy if side == "legacy" else fact.own
        wanted = fact.now if one else before
        if refers_to == wanted or (one and (table, column) in fact.shared):
            continue
        whose = f"the legacy account {fact.account.email}" if side == "legacy" else name
        became = "is gone" if refers_to is None else f"has {refers_to}"
        made = f", and {name} has row {fact.now}" if one else ""
        return f"a row of {table} had {column} {before}, which was that of {whose}, and {became}{made}"
    return ""


def _whole(environment: SyncEnvironment, fact: BothSides) -> Iterator[Judgement]:
    """As declared. Merging is asked for only where Clerk told of the address, and it is still the person's."""
    wrong = wrong_with(fact)
    yield Judgement(not wrong, wrong)
    declared, one, name = environment.file.table.both_sides, made_one(fact), fact.person.name
    asked = fact.account.told and (fact.person.user.email or "").lower() == fact.account.email.lower()
    if declared in ("apart", "refuse"):
        yield Judgement(not one, f"{name} and the legacy account were made one; {_KEY} is {declared!r}")
    if declared == "merge" and asked:
        yield Judgement(one, f"{name} and the legacy account stayed apart; {_KEY} is 'merge'")
    environment.both_sides[("made one" if one else "kept apart")] += 1


def _decided(environment: SyncEnvironment, fact: Answered | AnsweredFinally) -> Iterator[Judgement]:
    """Judged where such people are declared to be kept out: how others are answered, `at-once` says."""
    person = fact.person
    if not person.may_be_refused or person.second_account is None or not person.active:
        return
    answer = describe_answer(fact.answer)
    failed = is_failure(fact.answer) and not environment.client.calls_function
    yield Judgement(not failed, f"{person.name} was answered {answer}")
    still = (person.user.email or "").lower() == person.second_account.email.lower()
    if isinstance(fact, AnsweredFinally) and person.second_account.told and still:
        refused = not is_admission(fact.answer) or environment.client.calls_function
        yield Judgement(refused, f"{person.name} was answered {answer}; {_KEY} is 'refuse'")


INVARIANT = Invariant(
    name="both-sides",
    sentence="who has a row and a legacy account with the same address keeps what hung on both, apart or made one",
    source="https://clerk.com/docs/authentication/social-connections/account-linking (one person, two accounts); CWE-639",
    stories=(
        story("sign up:0:0:own", "request:0", "deliver:0:0", "take address:0:0", "deliver:0:0", "request:0"),
        story("sign up:0:0:own", "request:0", "take address:0:0", "race:0:2", "request:0"),
        story("sign up:0:0:own", "request:0", "take address:0:0", "move:0:0::plus", "deliver:0:2", "deliver:0:1"),
        story("sign up:0:0:own", "request:0", "legacy sign up:0", "request:0", "deliver:0:0", "request:0"),
        story("sign up:0:0:own", "request:0", "legacy sign up:0", "rename:0:0:Grace", "deliver:0:1", "request:0"),
    ),
    rules=(Rule(BothSides, _whole), Rule(Answered, _decided), Rule(AnsweredFinally, _decided)),
)
