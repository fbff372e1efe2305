"""What is said of each mistake in a declaration, word for word, and what a line describes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.contracts.matrix import load
from harness.contracts.matrix.tables import Policy, RouteEntry, RouterFile
from harness.core.errors import DeclarationError
from harness.credentials import CATALOGUE
from harness.targets.request_builder import Example
from tests.conftest import write_suites

CLERK = "[policies.clerk]\naccept = ['clerk']\n"
LINE = '"GET /a" = "clerk"'
CARRIERS = "write bearer, header:NAME, cookie:NAME, query:NAME, subprotocol or message"
PROOFS = "write one of admissions, legacy, refusals, newcomers, user_sync, migrations, budget, configuration, frontend"
A_ROUTE = 'write METHOD /path, for example "GET /users/{user_id}" (WS for a websocket)'


@pytest.mark.parametrize(
    ("matrix", "told"),
    [
        ("[policies.clerk]\naccept = ['clerc']", "policies.clerk.accept: no credential or group 'clerc'; did you mean 'clerk'?"),
        (CLERK + "reject = ['default']", "policies.clerk.reject: no credential or group 'default'"),
        (CLERK + "tolerate = ['x']", "policies.clerk.tolerate: no credential or group 'x'"),
        (CLERK + "refuse = { forgd = 401 }", "policies.clerk.refuse: no credential or group 'forgd'; did you mean 'forged'?"),
        (CLERK + "refuse = { '*' = 401 }", "policies.clerk.refuse: no credential or group '*'"),
        (CLERK + "refuse = 299", "policies.clerk.refuse.default.0: Input should be greater than or equal to 300"),
        (CLERK + "refuse = 600", "policies.clerk.refuse.default.0: Input should be less than or equal to 599"),
        ("[policies.clerk]\naccept = ['clerk', 'forged']\nclosed = true",
         "policies.clerk.closed: nobody may enter, yet accept names clerk, forged: take one of them out"),
        (CLERK + "carriers = ['bearer', 'pigeon']", f"policies.clerk.carriers: 'pigeon': {CARRIERS}"),
        (CLERK + "mechanism = 'oauth'\n[mechanisms]\nclerk = 'x'\nold = 'y'",
         "policies.clerk.mechanism: 'oauth' is not in [mechanisms] (clerk, old)"),
        (CLERK + "[settings]\nclock_skew = 301", "settings.clock_skew: Input should be less than or equal to 300"),
        (CLERK + "[target]\nagents = 65", "target.agents: Input should be less than or equal to 64"),
        (CLERK + "[database]\nurlenv = 'A'", "database.urlenv: unknown key; did you mean 'url_env'?"),
        (CLERK + "[identities.x]\nemail = 'a'\nrol = 'b'", "identities.x.rol: unknown key; did you mean 'role'?"),
        (CLERK + "[setings]", "setings: unknown key; did you mean 'settings'?"),
        (CLERK + "[legacy]\nx = 'y'", "[legacy] has no key 'x'; known: callable, cookie, encoding, query, secret, template"),
        (CLERK + "[[criteria]]\ntext = 't'\nproof = []", "criteria.0.proof: names nothing that proves it"),
        (CLERK + "[[criteria]]\ntext = 't'\nproof = 'x'", f"criteria.0.proof: 'x': {PROOFS}"),
        (CLERK + "[[criteria]]\ntext = 't'\nproof = ['legacy: x']", f"criteria.0.proof: 'legacy: x': {PROOFS}"),
        (CLERK + "[[criteria]]\ntext = 't'\nproof = ['admissions', 'budget: cals']",
         "criteria.0.proof: budget has no check 'cals'; there are statements, clerk-calls, cold, refused, index"),
    ],
)  # fmt: skip
def test_what_is_said_of_the_matrix(tmp_path: Path, matrix: str, told: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        load(write_suites(tmp_path, LINE, matrix=matrix))
    assert str(caught.value).partition(" (at line ")[0] == f"{tmp_path}/auth_matrix.toml: {told}"


@pytest.mark.parametrize(
    ("routes", "head", "told"),
    [
        ('"GET a" = "clerk"', "", f'routes."GET a": {A_ROUTE}'),
        ('"get /a" = "clerk"', "", f'routes."get /a": {A_ROUTE}'),
        ('"GET /a b" = "clerk"', "", f'routes."GET /a b": {A_ROUTE}'),
        ('"GET /a" = "clrk"', "", "routes.\"GET /a\": no policy 'clrk'; did you mean 'clerk'?; known: clerk"),
        ('"GET /a" = { policy = "clerk", jsn = {} }', "", "routes.\"GET /a\".jsn: unknown key; did you mean 'json'?"),
        ('"GET /a" = { policy = "clerk", carrier = "pigeon" }', "", f"routes.\"GET /a\".carrier: 'pigeon': {CARRIERS}"),
        ('"GET /a" = { policy = "clerk", carriers = ["header:x", "query:"] }', "",
         f"routes.\"GET /a\".carriers: 'query:': {CARRIERS}"),
        ('"GET /a" = { policy = "clerk", carrier = "bearer", carriers = ["header:x"] }', "",
         'routes."GET /a": carrier and carriers: write one of them'),
        ('"GET /a" = { policy = "clerk", carrier = "message" }', "",
         'routes."GET /a".carrier: only a websocket takes its token in a message'),
        ('"GET /WS " = "clerk"', "", f'routes."GET /WS ": {A_ROUTE}'),
        ('"GET /a" = { policy = "clerk", carriers = ["bearer", "message"] }', "",
         'routes."GET /a".carrier: only a websocket takes its token in a message'),
        ('"GET /a" = 3', "", 'routes."GET /a": must be a table, or what docs/keys.md says in its place'),
        ('"GET /a" = { polcy = "clerk" }', "", "routes.\"GET /a\".polcy: unknown key; did you mean 'policy'? (and 1 more)"),
        (LINE, 'policy = "x"', "policy: no policy 'x'; known: clerk"),
        (LINE, 'polcy = "x"', "polcy: unknown key; did you mean 'policy'?"),
        (LINE, 'carrier = "x"', f"carrier: 'x': {CARRIERS}"),
    ],
)  # fmt: skip
def test_what_is_said_of_a_router(tmp_path: Path, routes: str, head: str, told: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        load(write_suites(tmp_path, routes, matrix=CLERK, head=head))
    assert str(caught.value).partition(" (at line ")[0] == f"{tmp_path}/routers/app.toml: {told}"


def test_what_is_not_a_mistake(tmp_path: Path) -> None:
    matrix = (
        "[policies.clerk]\naccept = ['*']\nreject = ['forged', 'time']\nrefuse = { default = 401, missing = [403, 404] }\n"
        "carriers = ['bearer', 'header:X-Api.Key', 'subprotocol']\nmechanism = 'anything'\n[policies.closed]\naccept = []\nclosed = true\n"
        "[[criteria]]\ntext = 't'\nproof = ['user_sync', 'budget: cold', 'legacy']\n[identities.zoe]\nemail = 'z@example.com'\n"
    )
    routes = (
        '"WS /a" = { policy = "clerk", carriers = ["message"] }\n"WS /b" = { policy = "clerk", carrier = "message" }\n'
    )
    declaration = load(write_suites(tmp_path, routes, matrix=matrix, head='policy = "closed"\ncarrier = "cookie:s"'))
    assert list(declaration.policies) == ["clerk", "closed"]
    assert declaration.root == tmp_path
    assert declaration.identities() == {"zoe": {"email": "z@example.com", "onboarding_completed": True}}
    assert declaration.matrix.criteria[0].proof == ["user_sync", "budget: cold", "legacy"]
    (router,) = declaration.routers.values()
    assert router.policy == "closed"


def test_the_old_mechanism_is_made_by_a_function_of_a_file_beside_the_declaration(tmp_path: Path) -> None:
    (tmp_path / "old.py").write_text("def token(identity):\n    return f'old {identity}'\n")
    write_suites(tmp_path, LINE, matrix=CLERK + "[legacy]\ncallable = 'old.py:token'\ncookie = 'sid'\n")
    legacy = load(tmp_path).legacy
    assert legacy.maker is not None
    assert (legacy.maker("zoe"), legacy.cookie) == ("old zoe", "sid")  # type: ignore[arg-type]


def test_where_there_is_nothing(tmp_path: Path) -> None:
    for told in (
        "no such directory; `clerk-harness init` writes one",
        "no declarations; `clerk-harness init` writes them",
    ):
        where = tmp_path / "suites"
        with pytest.raises(DeclarationError) as caught:
            load(where)
        assert str(caught.value) == f"{where}{'/routers' if where.exists() else ''}: {told}"
        where.mkdir(exist_ok=True)
        (where / "auth_matrix.toml").write_text(CLERK)


def test_some_of_the_routers_alone_and_the_others_are_read_all_the_same(tmp_path: Path) -> None:
    write_suites(tmp_path, LINE, matrix=CLERK)
    other = tmp_path / "routers" / "other.toml"
    other.write_text('router = "other"\n[routes]\n"GET /b" = "clerk"\n')
    assert list(load(tmp_path).routers) == [tmp_path / "routers" / "app.toml", other]
    assert list(load(tmp_path, [other]).routers) == [other]
    other.write_text('router = "other"\n[routes]\n"GET /a" = "clerk"\n')
    with pytest.raises(DeclarationError) as caught:
        load(tmp_path, [tmp_path / "routers" / "app.toml"])
    told = f'{other}: routes."GET /a" is declared in app.toml already'
    assert str(caught.value).partition(" (at line ")[0] == told


@pytest.mark.parametrize(
    ("refuse", "name", "expected"),
    [
        ({}, "forged", [401, 403]),
        ({"refuse": 404}, "forged", [404]),
        ({"refuse": [404, 302]}, "forged", [404, 302]),
        ({"refuse": {"missing": 403, "default": 401}}, "missing", [403]),
        ({"refuse": {"missing": 403, "default": 401}}, "forged", [401]),
        ({"refuse": {"signature": 418, "default": 401}}, "forged", [418]),
        ({"refuse": {"forged": 410, "signature": 418}}, "forged", [410]),
        ({"refuse": {"missing": 403}}, "forged", [401, 403]),
    ],
)
def test_by_which_statuses_a_policy_refuses(refuse: dict[str, Any], name: str, expected: list[int]) -> None:
    assert Policy.model_validate({"accept": ["clerk"], **refuse}).refusing(CATALOGUE[name]) == expected


def test_who_may_come_with_a_credential_and_without() -> None:
    assert Policy(accept=["missing", "clerk"]).optional
    assert not Policy(accept=["missing", "*"]).optional
    assert not Policy(accept=["clerk"]).optional


@pytest.mark.parametrize(
    ("line", "head", "policy", "expected"),
    [
        ({}, {}, [], ("bearer",)),
        ({}, {}, ["cookie:a", "bearer", "cookie:a"], ("cookie:a", "bearer")),
        ({}, {"carrier": "query:t"}, ["cookie:a"], ("query:t",)),
        ({"carrier": "header:x"}, {"carrier": "query:t"}, ["cookie:a"], ("header:x",)),
        ({"carriers": ["header:x", "bearer", "header:x"]}, {"carrier": "query:t"}, [], ("header:x", "bearer")),
    ],
)
def test_where_a_line_takes_tokens(line: Any, head: Any, policy: list[str], expected: tuple[str, ...]) -> None:
    router = RouterFile.model_validate({"router": "r", **head})
    entry = RouteEntry.model_validate({"policy": "p", **line})
    assert entry.ways(router, Policy(accept=["clerk"], carriers=policy)) == expected


def test_the_request_that_a_line_describes() -> None:
    line: dict[str, Any] = {
        "path": {"id": 1}, "query": {"q": "x"}, "headers": {"x-a": "b"}, "json": [1], "form": {"f": 1},
        "files": {"u": {"name": "a.txt"}}, "body": "text", "messages": ["one", "two"],
    }  # fmt: skip
    entry = RouteEntry.model_validate({"policy": "p", **line})
    assert entry.example("cookie:c") == Example(**(line | {"messages": ("one", "two"), "carrier": "cookie:c"}))
    assert RouteEntry(policy="p").example("bearer") == Example(carrier="bearer")
