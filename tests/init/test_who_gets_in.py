"""Whom `init` asks as, and what it tries where nobody gets in: another origin, members, deliveries, a token in an address, a body."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from harness.run.first_suites import write_suites
from harness.run.options import Options
from harness.run.project import with_project

BACKEND = """
import base64, json, os
import jwt
from fastapi import Depends, FastAPI, HTTPException, Request, WebSocket
from svix.webhooks import Webhook, WebhookVerificationError

FRONT_END = os.environ.get("FRONT_END", "http://localhost:5199")
ISSUER = os.environ["CLERK_TENANT_ISSUER"]
KEYS = jwt.PyJWKClient(ISSUER + "/.well-known/jwks.json")
app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

def verified(token):
    try:
        claims = jwt.decode(token, KEYS.get_signing_key_from_jwt(token).key, algorithms=["RS256"], issuer=ISSUER)
    except jwt.PyJWTError:
        raise HTTPException(401)
    if claims.get("azp") != FRONT_END:
        raise HTTPException(401)
    return claims

def token_of(request: Request):
    return request.headers.get("authorization", "").removeprefix("Bearer ")

def signed_in(token = Depends(token_of)):
    return verified(token)

def old_or_new(token = Depends(token_of)):
    try:
        number, mail = base64.b64decode(token, validate=True).decode().split("|")
    except ValueError:
        return verified(token)
    if "@" not in mail:
        raise HTTPException(401)
    return number

def in_organization(claims = Depends(signed_in)):
    if "o" not in claims:
        raise HTTPException(403)
    return claims

def admin(claims = Depends(in_organization)):
    if claims["o"]["rol"] != "admin":
        raise HTTPException(403)

@app.get("/me")
def me(user = Depends(signed_in)): return {}

@app.get("/old")
def old(user = Depends(old_or_new)): return {}

@app.get("/teams")
def teams(user = Depends(in_organization)): return []

@app.delete("/teams")
def drop(user = Depends(admin)): return {}

async def described(request: Request, user = Depends(signed_in)):
    body = await request.body()
    if not isinstance((json.loads(body) if body else {}).get("title"), str):
        raise HTTPException(422, "title is required")

@app.post("/notes")
def add(_ = Depends(described)): return {}

@app.post("/hooks/clerk")
async def hook(request: Request):
    body = await request.body()
    try:
        Webhook(os.environ["CLERK_WEBHOOK_SECRET"]).verify(body, dict(request.headers))
    except WebhookVerificationError:
        raise HTTPException(400)
    return {"type": json.loads(body)["type"]}

@app.websocket("/live")
async def live(websocket: WebSocket, token: str = ""):
    try:
        verified(token)
    except HTTPException:
        await websocket.close(1008)
        return
    await websocket.accept()
    await websocket.close()
"""


def test_each_route_has_the_policy_of_who_gets_in(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(BACKEND)
    options, project = with_project(Options(app_dir=tmp_path, suites=tmp_path / "suites", contracts=False))
    written = write_suites(options, project)
    matrix = tomllib.loads((tmp_path / "suites" / "auth_matrix.toml").read_text())
    assert matrix["settings"]["origin"] == "http://localhost:5199"
    assert matrix["target"]["env"] == {"CLERK_TENANT_ISSUER": "{CLERK_ISSUER}"}
    assert matrix["legacy"] == {"template": "{id}|{email}", "encoding": "base64"}
    assert any("took the origin http://localhost:5199" in note for note in written.notes)
    lines: dict[str, dict[str, Any]] = {}
    for path in (tmp_path / "suites" / "routers").glob("*.toml"):
        lines |= tomllib.loads(path.read_text())["routes"]
    assert {key: line["policy"] for key, line in lines.items()} == {
        "GET /me": "clerk", "GET /old": "migrating", "GET /teams": "member", "DELETE /teams": "admin", "POST /notes": "clerk",
        "POST /hooks/clerk": "webhook", "WS /live": "clerk",
    }  # fmt: skip
    assert lines["POST /notes"]["json"] == {"title": "sample"}
    assert lines["WS /live"]["carrier"] == "query:token"
    assert lines["POST /hooks/clerk"]["json"]["type"] == "user.updated"
