"""Genuine tokens where they do not belong, names on headers, other classes of tokens: the zoo holds those who fall for them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.contracts.matrix.expectation import expectation
from harness.contracts.matrix.tables import Policy
from harness.credentials import CATALOGUE
from tests.conftest import GUARD, MATRIX, Judged

JudgeApp = Callable[..., Judged]
ROUTES = '"POST /me" = { policy = "clerk", json = { text = "x" } }\n'
CODE = (
    GUARD.replace("FastAPI()", "FastAPI(docs_url=None, redoc_url=None, openapi_url=None)")
    + """
import json
from pydantic import BaseModel
class Text(BaseModel):
    text: str

async def lax_current_user(request: Request):
    user = await elsewhere(request)
    return user or current_user(request)

@app.post("/me")
def me(text: Text, user: Annotated[str, Depends(lax_current_user)]): return {}

def of(token):
    claims = verify_token(token) if token else None
    return claims["sub"] if claims else None

async def elsewhere(request):
"""
)


def breaches(result: Judged) -> set[str]:
    assert {verdict for verdict, _, _ in result.failed} <= {"breach"}
    return {credential for _, _, credential in result.failed}


def test_who_looks_nowhere_else_is_left_alone(judge_app: JudgeApp) -> None:
    assert judge_app(CODE + "    return None", ROUTES, whole=True, matrix=MATRIX).failed == set()


def test_a_verifier_that_looks_at_the_signature_only_takes_every_class(judge_app: JudgeApp) -> None:
    flaw = """
    import jwt
    from verifier import keys
    try:
        token = request.headers["authorization"].split(" ")[1]
        kid = jwt.get_unverified_header(token)["kid"]
        return jwt.decode(token, keys()[kid], algorithms=["RS256"], options={"verify_aud": False}) and "somebody"
    except Exception:
        return None
    """
    found = breaches(judge_app(CODE + flaw, ROUTES, whole=True, matrix=MATRIX))
    assert found >= {
        "m2m-jwt",
        "oauth-jwt",
        "template-for-session",
        "id-token",
        "sign-in-ticket",
        "handshake-token",
        "clerk-template",
    }
    assert not found & {"forged", "expired", "alg-none", "m2m-opaque"}


def test_a_credential_is_tried_only_where_it_fits(judge_app: JudgeApp) -> None:
    code = CODE + '    return None\n@app.get("/plain")\ndef plain(user: User): return {}\n'
    result = judge_app(code, ROUTES + '"GET /plain" = "clerk"', whole=True, matrix=MATRIX)
    tried = {plan.key: {cell.credential.name for cell in plan.cells} for plan in result.record.plan.routes}
    assert "body-token" in tried["POST /me"]
    assert "body-token" not in tried["GET /plain"]
    assert not any(name.startswith("websocket-") for names in tried.values() for name in names)
    assert result.record.passed


@pytest.mark.parametrize(
    ("credential", "carrier", "websocket", "expected"),
    [
        ("query-token", "bearer", False, "reject"),
        ("query-token", "query:token", False, "accept"),
        ("query-token", "query:token", True, "accept"),
        ("query-access-token", "query:token", True, "tolerate"),
        ("websocket-subprotocol", "query:token", True, "tolerate"),
        ("websocket-subprotocol", "subprotocol", True, "accept"),
        ("x-auth-token", "header:x-auth-token", False, "accept"),
    ],
)
def test_a_token_where_the_route_takes_it_is_clerk_s(
    credential: str, carrier: str, websocket: bool, expected: str
) -> None:
    policy = Policy.model_validate({"accept": ["clerk"]})
    assert expectation(policy, CATALOGUE[credential], carriers=(carrier,), websocket=websocket) == expected
