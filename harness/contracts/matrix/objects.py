"""Whose row it is: each person on the own row and on another's, by reads and by writes (BOLA, CWE-639).

A read is judged by what the answer carries: words that only the owner's own answers have. A write is judged by the rows that were
written, where the database is ours. An answer that is neither is no breach.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote, unquote_plus

from harness.contracts.matrix.cross_user_leak import private_words
from harness.contracts.matrix.factory import RequestFactory
from harness.contracts.matrix.factory import Sequence as Requests
from harness.contracts.matrix.leak import steady
from harness.contracts.matrix.owners import Owners
from harness.contracts.matrix.plan import Cell, RoutePlan
from harness.contracts.matrix.runner import Work
from harness.contracts.matrix.verdicts import Kind
from harness.contracts.refusal import REFUSING_STATUSES
from harness.credentials import CATALOGUE, Credential, Identity
from harness.credentials.model import Presentation
from harness.targets.base import Observation, Request

_WORD = re.compile(r"[\w@.+-]+")
_TELLING = 4
"""Letters of a word that cannot be there by chance."""
_SAME = "both people get the same answer, so nothing tells whose row it is: give them rows that differ"
_UNSEEN = "it was answered with success, and only a database of the harness's shows whether a row was written"


@dataclass
class Tried:
    """The answers that judge one cell.

    `answer`: the person's on the owner's row; `theirs`: the owner's on it; `mine`: the person's on the own row, none of a person
    without one. `sent`: what the request said. `ids`: the identifiers of the person and of the owner.
    """

    cell: Cell
    person: str
    owner: str
    answer: Observation
    theirs: Sequence[Observation]
    mine: Sequence[Observation]
    sent: str
    ids: tuple[frozenset[str], frozenset[str]]
    among: Sequence[tuple[Observation, str]] = ()
    """The answers where the request names the owner's rows among the person's own, and what each request said."""


def _speaking(person: str, entry: Credential) -> Credential:
    def recipe(mint: Any) -> Presentation:
        return Presentation(token=mint.instance.session_token(mint.identities[person].user, azp=mint.origin))

    return replace(entry, recipe=recipe)


def _with_base(plan: RoutePlan, base: Request) -> RoutePlan:
    """The plan with another request."""
    other = copy.copy(plan)
    other.owners = None
    other.base = base
    return other


def _sent(requests: Requests, times: int = 1) -> Generator[Work, list[Observation], tuple[list[Observation], str]]:
    """The answers to a request with the rows that it wrote, and what it said in its path, query, body and declared fields."""
    sendings = requests.forms(False) * times
    for sending in sendings:
        sending.rows = True
    answers = yield Work(sendings, singly=True)
    request = requests.request("forms", 0)
    declared = {name.lower() for name in requests.plan.example.headers}
    said = [unquote(request.path), unquote_plus(request.query), request.body.decode("latin-1")]
    return answers, " ".join([*said, *(value for name, value in request.headers if name in declared)])


def try_objects(
    factory: RequestFactory, plan: RoutePlan, cells: list[Cell]
) -> Generator[Work, list[Observation], list[Tried]]:
    """Send each person's requests on each row, one at a time; return what judges the cells."""
    owners = plan.owners
    assert owners is not None
    way = plan.ways[0]
    asked: dict[tuple[str, str], list[Observation]] = {}
    said: dict[tuple[str, str], str] = {}
    among: dict[tuple[str, str], list[tuple[Observation, str]]] = {}
    for person, owner in owners.pairs:
        entry = CATALOGUE["own-object" if person == owner else "others-object"]
        speaking = _speaking(person, entry)
        requests = Requests(factory, _with_base(plan, plan.base_of(owner)), speaking, way, None)
        asked[person, owner], said[person, owner] = yield from _sent(requests, 2 if person == owner else 1)
        for base in plan.bases_of_both(person, owner):
            (answer,), text = yield from _sent(Requests(factory, _with_base(plan, base), speaking, way, None))
            among.setdefault((person, owner), []).append((answer, text))
    ids = {name: _identifiers(factory.mint.identities[name], owners) for name in owners.people}
    tried = []
    for cell in cells:
        person, _, owner = cell.way.label.partition(":")
        answers = asked[person, owner]
        mine = asked.get((person, person), [])
        tried.append(
            Tried(
                cell, person, owner, answers[0], asked[owner, owner], mine, said[person, owner], (ids[person], ids[owner]),
                among.get((person, owner), ()),
            )
        )  # fmt: skip
    return tried


def _identifiers(identity: Identity, owners: Owners) -> frozenset[str]:
    named = [word.rpartition(" ")[2] for word in owners.value_of(identity.name).split(", ")]
    return frozenset({str(identity.database_id), identity.user.id, identity.email, *named}) - {"", "*"}


def judge_object(tried: Tried) -> tuple[Kind, str, str]:
    """Return verdict, detail and hint of a cell."""
    answer, status = tried.answer, tried.answer.status
    if answer.untried:
        return "inconclusive", answer.untried, ""
    if status is None or status >= 500:
        return "fault", "the target failed over a person's request on a row", ""
    if tried.cell.expect == "accept":
        if _good(answer):
            return "pass", "", ""
        kept_out = status in (*REFUSING_STATUSES, 404)
        whose = (
            "the own row" if tried.person == tried.owner else f"a row of {tried.owner}, as the line says that they may"
        )
        if kept_out:
            return "lockout", f"{tried.person} was kept out of {whose} ({status})", "is that row theirs in the seed?"
        return "inconclusive", f"{tried.person}'s request on {whose} was answered {status}", ""
    if not all(map(_good, tried.theirs)):
        seen = tried.theirs[0].status
        return (
            "inconclusive",
            f"{tried.owner}'s own request on this row was not answered with success either ({seen})",
            "",
        )
    if not _good(answer):
        return _among(tried) or ("pass", "", "")
    return _written(tried) or _read(tried) or _among(tried) or _neither(tried)


def _among(tried: Tried) -> tuple[Kind, str, str] | None:
    """A breach where the owner's rows come, or are written, when they are asked for among the person's own: of a list of rows each must
    be looked at. Who is given the own ones alone, or is refused, got nothing.
    """
    for answer, sent in tried.among:
        if not _good(answer):
            continue
        mixed = replace(tried, answer=answer, sent=sent)
        telling = {word for word in _private(mixed) if len(word) >= _TELLING}
        found = _written(mixed) or (_read(mixed) if telling & set(_WORD.findall(answer.body)) else None)
        if found is not None:
            return (
                found[0],
                f"{found[1]}; asked for among {tried.person}'s own, it was answered {answer.status}",
                _HINT_OF_MANY,
            )
    return None


def _good(answer: Observation) -> bool:
    return answer.status is not None and 200 <= answer.status < 300


def _neither(tried: Tried) -> tuple[Kind, str, str]:
    """The verdict on a success that shows nothing of the other's."""
    if tried.answer.rows is not None and tried.cell.plan.writes:
        return "pass", "", ""
    ignored = any(steady(tried.answer.body) == steady(own.body) for own in tried.mine)
    private = _private(tried)
    if not private and ignored:
        return "inconclusive", _SAME, ""
    if private and (ignored or not tried.cell.plan.writes):
        return "pass", "", ""
    if tried.cell.plan.writes:
        return "inconclusive", _UNSEEN, "declare [database], or test the app itself"
    return "pass", "", ""


def _private(tried: Tried) -> set[str]:
    """The words that only the owner's answers have, and that the request did not say."""
    if not tried.mine:  # A person without a row: what the owner's answers have in common.
        words = [set(_WORD.findall(answer.body)) for answer in tried.theirs]
        return words[0].intersection(*words[1:]) - set(_WORD.findall(tried.sent))
    return private_words(tried.theirs, tried.mine) - set(_WORD.findall(tried.sent))


def _read(tried: Tried) -> tuple[Kind, str, str] | None:
    """A breach where the answer carries what only the owner's answers have."""
    private, words = _private(tried), set(_WORD.findall(tried.answer.body))
    leaked = private & words
    if (leaked and leaked == private) or any(len(word) >= _TELLING for word in leaked):
        shown = ", ".join(sorted(leaked, key=lambda word: (-len(word), word))[:3])
        return "breach", f"{tried.person} read a row of {tried.owner} ({_row(tried)}): the answer has {shown}", _HINT
    same = any(steady(tried.answer.body) == steady(own.body) for own in tried.theirs)
    different = tried.mine and all(steady(tried.answer.body) != steady(own.body) for own in tried.mine)
    if same and different and not private:
        return "breach", f"{tried.person} got the answer that {tried.owner} gets ({_row(tried)})", _HINT
    return None


_HINT_OF_MANY = "of a list of rows, look up each by its id and by whose it is"
_HINT = "look the row up by its id and by whose it is, in one query"


def _row(tried: Tried) -> str:
    owners = tried.cell.plan.owners
    assert owners is not None
    return owners.value_of(tried.owner)


def _written(tried: Tried) -> tuple[Kind, str, str] | None:
    """A breach where the rows that were written are the owner's; None where that is not known, or they are not."""
    rows, theirs = tried.answer.rows, tried.theirs[0].rows
    if not rows or theirs is None:
        return None
    own = [row for answer in tried.mine for row in answer.rows or ()]
    person, owner = tried.ids
    for changed in rows:
        if not changed.added and changed in theirs and changed not in own:
            return _breach(tried, changed.table, changed.row, "changed")
        for column, value in changed.row.items():
            mine = any(row.table == changed.table and str(row.row.get(column)) in person for row in own)
            other = any(row.table == changed.table and str(row.row.get(column)) in owner for row in theirs)
            if str(value) in owner - person and mine and other:
                return _breach(tried, changed.table, {column: value}, "wrote")
    return None


def _breach(tried: Tried, table: str, row: dict[str, Any], did: str) -> tuple[Kind, str, str]:
    shown = ", ".join(f"{name} {value}" for name, value in list(row.items())[:2])
    return "breach", f"{tried.person} {did} a row of {tried.owner} ({_row(tried)}): {table}, {shown}", _HINT
