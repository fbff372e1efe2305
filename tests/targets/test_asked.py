"""What the agent sees that an app asks a request for: names, who asks, and the texts that stand in that code."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from harness.run.environment import base_environment
from harness.targets.agent.protocol import Asked
from harness.targets.agent.words import fits
from harness.targets.app import AppSpec, AppTarget
from harness.targets.base import Call, Request
from tests.targets.asked_apps import CONFIG, DJANGO, FASTAPI, FLASK, STARLETTE, TINY_GUARD
from tests.targets.conftest import Start
from tests.targets.kit import ask_lane, get, probed

PYTHON = os.environ.get("ASKED_PYTHON", sys.executable)
"""An interpreter that has the frameworks; another one to try them with another way of probing."""


class Fact(NamedTuple):
    """Asked of a route `/{path}` by `place`, `name` and `reader`; words that are there, and words that are not."""

    path: str
    place: str
    name: str
    reader: str
    words: str
    absent: str = ""


OWN = [
    Fact("by_constant", "header", "x-dev-user", "by_constant", "X-Dev-User developer-one", "This"),
    Fact("by_global", "header", "x-api-key", "by_global", "global-key"),
    Fact("by_settings", "header", "x-settings", "by_settings", "settings-token class-key", "settings-unrelated"),
    Fact("by_secret", "header", "x-secret", "by_secret", "settings-secret"),
    Fact("by_module", "header", "x-config", "by_module", "module-key list-one bytes-two", "module-unused"),
    Fact("by_environment", "header", "x-env", "by_environment", "ASKED_TOKEN from-environment default-token"),
    Fact("by_enum", "header", "x-org-role", "by_enum", "role-admin", "role-user"),
    Fact("by_cached", "header", "x-cached", "by_cached", "cached-token"),
    Fact("by_fresh", "header", "x-fresh", "by_fresh", "class-key"),
    Fact("by_prefix", "header", "x-one", "by_prefix", "dev_ dev_alice dev_bob svc_1111"),
    Fact("by_other", "header", "x-other", "by_other", "deep-token"),
    Fact(
        "by_table", "header", "x-table", "by_table", "table-first table-second row-value", "row-unused row-unused-value"
    ),
    Fact("by_default", "query", "wanted", "by_default", "default-argument"),
    Fact("by_query", "query", "jwt", "by_query", "query-token"),
    Fact("by_cookie", "cookie", "dev_session", "by_cookie", "cookie-token"),
    Fact("by_raw_query", "query", "raw", "by_raw_query", "raw"),
    Fact("by_json", "body", "impersonate", "by_json", "json-token"),
    Fact("by_form", "body", "form_token", "by_form", "form-token"),
    Fact("by_loads", "body", "as_user", "by_loads", "loads-token"),
    Fact("guard_one", "header", "x-guard", "Guard.__call__", "guard-one", "guard-two"),
    Fact("guard_two", "header", "x-guard", "Guard.__call__", "guard-two", "guard-one"),
    Fact("by_closure", "header", "x-closure", "make.<locals>.by_closure", "closed-over"),
    Fact("verify_silently", "code", "", "verify_silently", "silent-token"),
]
DECLARED = [
    Fact("by_parameter", "header", "x-dev-user", "by_parameter", "parameter-token"),
    Fact("by_alias", "header", "x-internal-key", "by_alias", "alias-token default-alias"),
    Fact("by_parameter_query", "query", "jwt", "by_parameter_query", "cached-token"),
    Fact("by_parameter_cookie", "cookie", "dev", "by_parameter_cookie", "parameter-cookie"),
    Fact("by_scheme", "header", "x-scheme-key", "by_scheme", "scheme-token"),
    Fact("by_bearer", "header", "authorization", "by_bearer", "bearer-token"),
]


def started(code: str, folder: Path, **more: str) -> AppTarget:
    """A target of that code; `config` is a module beside it, the rest are variables."""
    (folder / "config.py").write_text(more.pop("config", ""))
    (folder / "backend.py").write_text(code)
    spec = AppSpec("backend:app", folder, PYTHON, [base_environment() | more], names=(), fake_port=1)
    return AppTarget(spec).start()


@pytest.fixture(scope="module")
def fastapi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppTarget]:
    folder = tmp_path_factory.mktemp("fastapi")
    target = started(FASTAPI, folder, config=CONFIG, ASKED_TOKEN="from-environment")
    yield target
    target.close()


def learnt(target: AppTarget, path: str, *, body: bytes = b"", query: str = "", **headers: str) -> list[Asked]:
    """What a request to that path was asked for."""
    route = next(r for r in target.routes if r.path == path)
    fields = [("host", "localhost"), *((name.replace("_", "-"), value) for name, value in headers.items())]
    method = "GET" if route.any_method else route.method
    (seen,) = ask_lane(target.lanes[0], [Call(route, Request(method, path, query, fields, body), learn=True)])
    return seen.asked


def holds(asked: list[Asked], fact: Fact) -> Asked:
    """The one that a fact is about, with its words."""
    keys = [(one.place, one.name, one.reader) for one in asked]
    assert (fact.place, fact.name, f"backend:{fact.reader}") in keys
    one = asked[keys.index((fact.place, fact.name, f"backend:{fact.reader}"))]
    assert set(fact.words.split()) <= set(one.words)
    assert not set(fact.absent.split()) & set(one.words)
    return one


@pytest.mark.parametrize("fact", [*OWN, *DECLARED], ids=lambda fact: fact.path)
def test_what_a_dependency_asks_for(fastapi: AppTarget, fact: Fact) -> None:
    form = {"content_type": "application/x-www-form-urlencoded"} if fact.path == "by_form" else {}
    asked = learnt(fastapi, "/" + fact.path, body=b"a=b" if form else b'{"as_user": 1}', query="a=b", **form)
    one = holds(asked, fact)
    assert one.phase == 0
    assert [other for other in asked if other != one] == []


def test_who_does_not_ask_is_not_there(fastapi: AppTarget) -> None:
    assert learnt(fastapi, "/asks_nothing") == []


def test_a_handler_asks_inside(fastapi: AppTarget) -> None:
    one = holds(learnt(fastapi, "/inside"), Fact("inside", "header", "x-inside", "inside", "inside-token"))
    assert one.phase == 1


def test_only_a_call_that_learns_is_learnt_from(fastapi: AppTarget) -> None:
    (seen,) = ask_lane(fastapi.lanes[0], [get(fastapi, "/inside", headers=[("x-inside", "inside-token")])])
    assert (seen.status, seen.asked) == (200, [])


def test_an_error_is_where_it_was_without_the_hooks(fastapi: AppTarget) -> None:
    route = next(r for r in fastapi.routes if r.path == "/by_global")
    (seen,) = ask_lane(fastapi.lanes[0], [Call(route, Request("POST", "/by_global"), learn=True)])
    assert seen.error is not None and "hooks.py" not in seen.error


def test_starlette_s_middleware(start: Start) -> None:
    target = start(STARLETTE, python=PYTHON)
    asked = learnt(target, "/one", cookie="a=b", origin="http://x")
    assert {(one.place, one.name, one.reader) for one in asked} == {
        ("header", "x-based", "backend:Based.dispatch"), ("code", "", "backend:Raw.__call__"),
        ("code", "", "backend:After.__call__"), ("cookie", "session", ""),
    }  # fmt: skip
    holds(asked, Fact("", "header", "x-based", "Based.dispatch", "based-key"))
    holds(asked, Fact("", "code", "", "Raw.__call__", "x-internal-request raw-token"))
    route = next(r for r in target.routes if r.kind == "websocket")
    (seen,) = ask_lane(target.lanes[0], [Call(route, Request("GET", "/socket", kind="websocket"), learn=True)])
    holds(seen.asked, Fact("", "query", "token", "socket", "token"))


def test_flask(start: Start) -> None:
    target = start(FLASK, python=PYTHON)
    asked = learnt(target, "/one", content_type="application/x-www-form-urlencoded")
    assert {(one.place, one.name) for one in asked if one.reader == "backend:guard"} == {
        ("header", "x-dev-user"), ("header", "x-environ"), ("header", "x-contained"), ("query", "jwt"), ("query", "many"),
        ("cookie", "dev"), ("body", "as"),
    }  # fmt: skip
    holds(asked, Fact("", "header", "x-dev-user", "guard", "config-token", "config-other"))
    holds(asked, Fact("", "code", "", "Outer.__call__", "HTTP_X_OUTER outer-token"))
    assert {one.reader for one in asked} == {"backend:guard", "backend:Outer.__call__"}
    wrapped = Fact("", "query", "decorated", "login_required.<locals>.wrapped", "decorator-token")
    holds(learnt(target, "/decorated", x_dev_user="config-token"), wrapped)
    asked = learnt(target, "/json", body=b'{"two": "x"}', x_dev_user="config-token", content_type="application/json")
    holds(asked, Fact("", "body", "two", "two", "two"))


@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
def test_django(start: Start, interface: str) -> None:
    target = start(DJANGO.replace("{0}", interface), python=PYTHON)
    asked = learnt(target, "/one", body=b'{"two": "x"}', cookie="a=b")
    found = {(one.place, one.name, one.reader.removeprefix("backend:")) for one in asked if one.reader}
    assert found == {
        ("header", "x-dev-user", "by_meta.<locals>.middleware"), ("header", "x-api-key", "ByHeaders.__call__"),
        ("header", "x-contained", "ByHeaders.__call__"), ("query", "jwt", "ByHeaders.__call__"),
        ("cookie", "dev", "ByHeaders.__call__"), ("body", "as", "ByHeaders.__call__"), ("body", "two", "view"),
    }  # fmt: skip
    holds(asked, Fact("", "header", "x-api-key", "ByHeaders.__call__", "django-key"))
    holds(asked, Fact("", "header", "x-dev-user", "by_meta.<locals>.middleware", "meta-token"))


@pytest.mark.parametrize("kind", ["monitoring", "wrapping"])
def test_in_both_ways_of_probing(kind: str, tmp_path: Path) -> None:
    target = probed(kind, TINY_GUARD, tmp_path)
    try:
        first, second = learnt(target, "/headers"), learnt(target, "/path")
        assert [(one.place, one.name, one.reader, one.phase) for one in first] == [
            ("code", "", "backend:verify_user", 1)
        ]
        assert [(one.place, one.name, one.reader, one.phase) for one in second] == [
            ("code", "", "backend:verify_path", 1)
        ]
        holds(first, Fact("", "code", "", "verify_user", "x-dev-user dev-token dev_one"))
        holds(second, Fact("", "code", "", "verify_path", "path-token"))
    finally:
        target.close()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("dev_", True), ("Bearer ", True), ("x", False), ("", False), ("two\nlines", False), ("a sentence of words", False),
        ("x" * 200, True), ("x" * 201, False), (": ", False), ("not a token", True),
    ],
)  # fmt: skip
def test_what_may_be_a_word(text: str, word: bool) -> None:
    assert fits(text) is word
