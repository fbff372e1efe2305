"""Each kind of failure on an app that has just that flaw, and none on the app without it."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from harness.core.errors import DeclarationError
from tests.conftest import MATRIX, Judged

JudgeApp = Callable[..., Judged]

CORRECT = """
@app.get("/me")
def me(user: User): return {"user": user}

@app.get("/open")
def open_to_all(): return {}
"""
ROUTES = """
"GET /me" = "clerk"
"GET /open" = "public"
"GET /docs" = "public"
"GET /docs/oauth2-redirect" = "public"
"GET /redoc" = "public"
"GET /openapi.json" = "public"
"""


def test_a_correct_app_has_no_finding(judge_app: JudgeApp) -> None:
    result = judge_app(CORRECT, ROUTES)
    assert result.failed == set()
    assert result.record.passed
    assert result.verdicts["GET /me", "forged"].evidence == "probe"
    assert result.verdicts["GET /me", "clerk"].mechanism == ("clerk",)


@pytest.mark.parametrize(
    ("flaw", "code", "expected"),
    [
        ("an open route", '@app.get("/me")\ndef me(): return {}', ("breach", "GET /me", "missing")),
        (
            "expiry is not checked",
            "import jwt\ndef lax_user(request: Request):\n    header = request.headers.get('authorization', '')\n    try:\n"
            "        token = header.split(' ')[1]\n        kid = jwt.get_unverified_header(token)['kid']\n"
            "        from verifier import keys\n"
            "        options = {'verify_exp': False, 'verify_aud': False}\n"
            "        return jwt.decode(token, keys()[kid], algorithms=['RS256'], options=options)['sub']\n"
            "    except Exception:\n        raise HTTPException(401, 'Not authenticated')\n"
            '@app.get("/me")\ndef me(user: Annotated[str, Depends(lax_user)]): return {}',
            ("breach", "GET /me", "expired"),
        ),
        ("nobody gets in", '@app.get("/me")\ndef me(user: User): ...\ndef no(): raise HTTPException(403)\n'
         "app.dependency_overrides[current_user] = no", ("lockout", "GET /me", "clerk")),
        ("a crash behind the guard", '@app.get("/me")\ndef me(user: User): raise RuntimeError("boom")', ("handler-error", "GET /me", "")),
        (
            "a crash on bad input",
            "def fragile_current_user(request: Request):\n    header = request.headers.get('authorization', '')\n"
            "    if not header.startswith('Bearer '): raise HTTPException(401, 'Not authenticated')\n"
            "    head, body, signature = header[7:].split('.')\n    return current_user(request)\n"
            '@app.get("/me")\ndef me(user: Annotated[str, Depends(fragile_current_user)]): ...',
            ("fault", "GET /me", "garbage"),
        ),
        (
            "the body is validated before anybody is asked who they are",
            "from pydantic import BaseModel\nclass Body(BaseModel):\n    number: int\n"
            '@app.middleware("http")\nasync def validate(request: Request, following):\n'
            "    from fastapi.responses import JSONResponse\n"
            "    return JSONResponse({}, 422) if request.url.path == '/me' else await following(request)\n"
            '@app.get("/me")\ndef me(user: User): ...',
            ("inconclusive", "GET /me", "forged"),
        ),
        (
            "another mechanism lets in",
            "def legacy_user(request: Request): return request.headers.get('authorization')\n"
            "def either(request: Request):\n    user = legacy_user(request)\n"
            "    if user is None: raise HTTPException(401)\n    return user\n"
            '@app.get("/me")\ndef me(user: Annotated[str, Depends(either)]): return {}',
            ("mixed", "GET /me", "clerk"),
        ),
        (
            "the refusal tells why",
            "import jwt\ndef telling_current_user(request: Request):\n    from verifier import keys, DOMAIN\n"
            "    token = request.headers.get('authorization', '').partition(' ')[2]\n    try:\n"
            "        kid = jwt.get_unverified_header(token)['kid']\n"
            "        jwt.decode(token, keys()[kid], algorithms=['RS256'], issuer='https://' + DOMAIN, options={'verify_aud': False})\n"
            "    except Exception as error:\n        raise HTTPException(401, str(error))\n    return current_user(request)\n"
            '@app.get("/me")\ndef me(user: Annotated[str, Depends(telling_current_user)]): return {}',
            ("leak", "GET /me", "expired"),
        ),
        (
            "the refusal shows internals",
            '@app.middleware("http")\nasync def trace(request: Request, following):\n    from fastapi.responses import PlainTextResponse\n'
            "    answer = await following(request)\n    if answer.status_code != 401: return answer\n"
            "    return PlainTextResponse('Traceback (most recent call last)', 401)\n"
            '@app.get("/me")\ndef me(user: User): return {}',
            ("leak", "GET /me", "forged"),
        ),
        ("a route that nobody declared", CORRECT + '@app.get("/new")\ndef new(): ...', ("undeclared", "GET /new", "")),
        ("a declared route that is gone", '@app.get("/open")\ndef x(): ...', ("stale", "GET /me", "")),
    ],
)  # fmt: skip
def test_each_flaw_is_found_by_its_kind(
    judge_app: JudgeApp, flaw: str, code: str, expected: tuple[str, str, str]
) -> None:
    if '"/open"' not in code:
        code += '\n@app.get("/open")\ndef open_to_all(): return {}'
    result = judge_app(code, ROUTES)
    assert expected in result.failed, flaw
    assert not result.record.passed
    assert {route for _, route, _ in result.failed} == {expected[1]}


def test_a_rejected_credential_never_runs_the_handler(judge_app: JudgeApp) -> None:
    code = """
    import pathlib
    @app.get("/me")
    def me():
        with open(pathlib.Path(__file__).parent / "ran.txt", "a") as file:
            file.write("x")
        return {}
    @app.get("/open")
    def open_to_all(): return {}
    """
    result = judge_app(code, ROUTES, credentials=["clerk", "forged", "missing", "time", "algorithm"])
    assert ("breach", "GET /me", "missing") in result.failed
    ran = (Path(result.declaration.root).parent / "ran.txt").read_text()
    assert len(ran) == sum(1 for v in result.record.verdicts if v.route == "GET /me" and v.expected == "accept")


def test_a_refusal_counts_only_where_somebody_gets_in(judge_app: JudgeApp) -> None:
    """A route that refuses everybody proves nothing about whom it refuses."""
    code = '@app.get("/me")\ndef me(): raise HTTPException(401, "Not authenticated")\n@app.get("/open")\ndef o(): return {}'
    result = judge_app(code, ROUTES, credentials=["forged", "missing", "clerk"])
    assert ("lockout", "GET /me", "clerk") in result.failed
    code = '@app.get("/me")\ndef me(user: User, x_tenant: Annotated[str, Header()]): ...\nfrom fastapi import Header'
    code = "from fastapi import Header\n" + code + '\n@app.get("/open")\ndef o(): return {}'
    result = judge_app(code, ROUTES.replace('"clerk"', '{ policy = "clerk", headers = { x-tenant = "a" } }'))
    assert result.failed == set()


def test_a_bridge_that_is_over_is_mixed(judge_app: JudgeApp) -> None:
    matrix = (
        MATRIX
        + f"[policies.migrating]\naccept = ['clerk']\nuntil = {datetime.date.today() - datetime.timedelta(days=1)}\n"
    )
    result = judge_app(
        CORRECT, ROUTES.replace('"clerk"', '"migrating"'), matrix=matrix, credentials=["clerk", "forged"]
    )
    assert result.failed == {("mixed", "GET /me", "")}
    matrix = matrix.replace(
        str(datetime.date.today() - datetime.timedelta(days=1)), str(datetime.date.today() + datetime.timedelta(days=1))
    )
    assert (
        judge_app(
            CORRECT, ROUTES.replace('"clerk"', '"migrating"'), matrix=matrix, credentials=["clerk", "forged"]
        ).failed
        == set()
    )


def test_a_mechanism_of_which_no_function_is_found(judge_app: JudgeApp) -> None:
    matrix = MATRIX.replace("verifier:verify_token", "verifier:gone").replace("*:*current_user*", "nowhere:at_all")
    with pytest.raises(DeclarationError, match=r"mechanisms\.clerk: no function of the target matches nowhere:at_all"):
        judge_app(CORRECT, ROUTES, matrix=matrix)
    matrix = "[policies.public]\naccept = ['*']\n[policies.clerk]\naccept = ['clerk']\nmechanism = 'passkey'\n"
    result = judge_app(CORRECT, ROUTES, matrix=matrix, credentials=["clerk", "forged"])
    assert "mechanism 'passkey' was not judged" in result.notes[0]


def test_a_guessed_mechanism_is_a_finding_only_where_another_consented(judge_app: JudgeApp) -> None:
    matrix = "[policies.public]\naccept = ['*']\n[policies.clerk]\naccept = ['clerk']\nmechanism = 'clerk'\n"
    names = ["clerk", "forged", "missing"]
    called_like_it = "def clerk_token_url(): return 'https://x'\n"  # But never run.
    assert judge_app(called_like_it + CORRECT, ROUTES, matrix=matrix, credentials=names).failed == set()
    legacy = """
    def legacy_current_user(request: Request): return request.headers.get("authorization")
    def either(request: Request):
        user = legacy_current_user(request)
        if user is None: raise HTTPException(401, "Not authenticated")
        return user
    @app.get("/me")
    def me(user: Annotated[str, Depends(either)]): return {}
    @app.get("/open")
    def open_to_all(): return {}
    """
    result = judge_app(called_like_it + dedent(legacy), ROUTES, matrix=matrix, credentials=names)
    assert ("mixed", "GET /me", "clerk") in result.failed


@pytest.mark.parametrize(
    "code",
    [
        # Decided in the handler itself, by a function with a telling name.
        '@app.get("/me")\ndef me(request: Request): return current_user(request)',
        # A check that returns nothing and raises to refuse.
        "def assert_current_user(request: Request) -> None: current_user(request)\n"
        '@app.get("/me", dependencies=[Depends(assert_current_user)])\ndef me(): return {}',
        # Middleware with a list of public paths.
        '@app.middleware("http")\nasync def guard(request: Request, following):\n    from fastapi.responses import JSONResponse\n'
        "    if request.url.path == '/me':\n        try:\n            current_user(request)\n"
        "        except HTTPException:\n            return JSONResponse({'detail': 'Not authenticated'}, 401)\n"
        '    return await following(request)\n@app.get("/me")\ndef me(): return {}',
        # A decorator.
        "import functools\ndef signed_in(function):\n    @functools.wraps(function)\n    def wrapper(request: Request):\n"
        '        current_user(request)\n        return function(request)\n    return wrapper\n@app.get("/me")\n@signed_in\n'
        "def me(request: Request): return {}",
        # A dependency that yields.
        "def yielding_current_user(request: Request):\n    yield current_user(request)\n"
        '@app.get("/me")\ndef me(user: Annotated[str, Depends(yielding_current_user)]): return {}',
        # Async all the way.
        "async def async_current_user(request: Request): return current_user(request)\n"
        '@app.get("/me")\nasync def me(user: Annotated[str, Depends(async_current_user)]): return {}',
    ],
)  # fmt: skip
def test_correct_guards_of_every_attachment_are_left_alone(judge_app: JudgeApp, code: str) -> None:
    result = judge_app(code + '\n@app.get("/open")\ndef o(): return {}', ROUTES)
    assert result.failed == set()


def test_ownership_is_not_a_lockout(judge_app: JudgeApp) -> None:
    code = """
    @app.get("/rows/{owner}")
    def row(owner: str, user: User):
        if owner != user: raise HTTPException(404, "Not found")
        return {}
    @app.get("/open")
    def o(): return {}
    """
    matrix = MATRIX.replace('accept = ["clerk"]', 'accept = ["clerk", "clerk-other"]')
    matrix += "[identities.alice]\nemail = 'alice@example.com'\nclerk_id = 'user_a'\n"
    routes = ROUTES.replace(
        '"GET /me" = "clerk"', '"GET /rows/{owner}" = { policy = "clerk", path = { owner = "user_a" } }'
    )
    result = judge_app(code, routes, matrix=matrix)
    assert result.failed == set()


def test_websockets_are_judged(judge_app: JudgeApp) -> None:
    code = """
    from fastapi import WebSocket
    @app.websocket("/good")
    async def good(websocket: WebSocket, token: str = ""):
        if verify_token(token) is None:
            await websocket.close(1008)
            return
        await websocket.accept()
        await websocket.send_text("hello")
    @app.websocket("/late")
    async def late(websocket: WebSocket, token: str = ""):
        await websocket.accept()
        if verify_token(token) is None:
            await websocket.close(4401)
            return
        await websocket.send_text("hello")
    @app.websocket("/bad")
    async def bad(websocket: WebSocket):
        await websocket.accept()
        await websocket.send_text("hello")
    """
    routes = ROUTES.split('"GET /docs"')[1]
    entry = '{ policy = "clerk", carrier = "query:token" }'
    routes = f'"WS /good" = {entry}\n"WS /late" = {entry}\n"WS /bad" = {entry}\n"GET /docs"{routes}'
    result = judge_app(code, routes)
    assert {route for _, route, _ in result.failed} == {"WS /bad"}
    assert ("breach", "WS /bad", "missing") in result.failed


def test_nothing_examined_is_a_failure(judge_app: JudgeApp) -> None:
    with pytest.raises(DeclarationError, match="not a declared route"):
        judge_app(CORRECT, ROUTES, only=["GET /nowhere"])


def test_a_hung_route_is_a_fault_and_the_run_goes_on(judge_app: JudgeApp) -> None:
    code = """
    import threading
    @app.get("/me")
    def me(user: User): threading.Event().wait()
    @app.get("/open")
    def o(): return {}
    """
    result = judge_app(code, ROUTES, credentials=["clerk", "forged", "missing"], time_limit=0.5)
    verdict = result.verdicts["GET /me", "clerk"]
    assert verdict.verdict == "fault"
    assert "no answer within the time limit (0.5 s), stuck in backend.py" in verdict.seen
    assert result.kinds("GET /open") == {"pass"}


def test_secrets_in_answers_are_shortened(judge_app: JudgeApp) -> None:
    code = """
    @app.get("/me")
    def me(request: Request): raise RuntimeError("token " + request.headers.get("authorization", "?"))
    @app.get("/open")
    def o(): return {}
    """
    result = judge_app(code, ROUTES, credentials=["clerk"])
    verdict = result.verdicts["GET /me", "clerk"]
    assert "token Bearer eyJ" in verdict.seen
    assert len(max(verdict.seen.split(), key=len)) < 40
