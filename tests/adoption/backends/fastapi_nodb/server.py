import base64
import json
import os
import time
import uuid

import httpx
import jwt
from fastapi import FastAPI, HTTPException, Request, WebSocket
from fastapi.responses import JSONResponse
from jwt import PyJWKClient
from pydantic import BaseModel
from starlette.middleware.cors import CORSMiddleware

CLERK_ISSUER_URL = os.environ["CLERK_ISSUER_URL"]
OPENAI_API_KEY = os.environ["OPENAI_API_KEY"]
WEB_URL = os.environ.get("WEB_URL", "http://localhost:3000")

PUBLIC_PATHS = {"/", "/health", "/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect"}

app = FastAPI(title="Summarizer")
jwks = PyJWKClient(CLERK_ISSUER_URL + "/.well-known/jwks.json", cache_keys=True)
store: dict[str, dict] = {}


def verify(token: str) -> dict:
    key = jwks.get_signing_key_from_jwt(token)
    claims = jwt.decode(
        token,
        key.key,
        algorithms=["RS256"],
        issuer=CLERK_ISSUER_URL,
        options={"require": ["exp", "nbf", "sub", "sid"], "verify_aud": False},
    )
    if claims.get("azp") != WEB_URL:
        raise jwt.InvalidTokenError("azp")
    if claims.get("sts", "active") != "active":
        raise jwt.InvalidTokenError("sts")
    return claims


def legacy_user(token: str):
    """{"uid": ..., "mail": ...} in base64, from the days of the prototype."""
    try:
        data = json.loads(base64.b64decode(token, validate=True))
        return data["uid"], data["mail"]
    except (ValueError, KeyError, TypeError):
        return None


@app.middleware("http")
async def authenticate(request: Request, call_next):
    if request.method == "OPTIONS" or request.url.path in PUBLIC_PATHS:
        return await call_next(request)
    header = request.headers.get("authorization", "")
    if not header.startswith("Bearer "):
        return JSONResponse({"error": "missing token"}, status_code=401)
    token = header[7:]
    if request.url.path.startswith("/export"):
        old = legacy_user(token)
        if old:
            request.state.user = str(old[0])
            return await call_next(request)
    try:
        request.state.user = verify(token)["sub"]
    except (jwt.PyJWTError, ValueError):
        return JSONResponse({"error": "invalid token"}, status_code=401)
    return await call_next(request)


app.add_middleware(CORSMiddleware, allow_origins=[WEB_URL], allow_methods=["*"], allow_headers=["*"])


class Text(BaseModel):
    text: str


@app.get("/")
def index():
    return {"name": "summarizer"}


@app.get("/health")
def health():
    return {"ok": True, "time": time.time()}


@app.post("/summaries")
async def summarize(text: Text, request: Request):
    async with httpx.AsyncClient(timeout=5) as client:
        try:
            answer = await client.post(
                "https://api.openai.com/v1/chat/completions",
                headers={"Authorization": f"Bearer {OPENAI_API_KEY}"},
                json={"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text.text}]},
            )
            answer.raise_for_status()
        except httpx.HTTPError:
            raise HTTPException(503, "the model is not reachable")
    number = str(uuid.uuid4())
    store[number] = {"user": request.state.user, "summary": answer.json()}
    return {"id": number}


@app.get("/summaries")
def summaries(request: Request):
    return [number for number, value in store.items() if value["user"] == request.state.user]


@app.get("/summaries/{number}")
def summary(number: uuid.UUID, request: Request):
    value = store.get(str(number))
    if not value or value["user"] != request.state.user:
        raise HTTPException(404)
    return value


@app.get("/export")
def export(request: Request):
    return {"user": request.state.user, "items": list(store)}


@app.get("/export/{kind}")
def export_as(kind: str, request: Request):
    if kind not in ("csv", "json"):
        raise HTTPException(404)
    return {"user": request.state.user, "kind": kind}


@app.websocket("/live")
async def live(websocket: WebSocket, token: str = ""):
    try:
        claims = verify(token)
    except (jwt.PyJWTError, ValueError):
        await websocket.close(code=1008)
        return
    await websocket.accept()
    await websocket.send_json({"hello": claims["sub"]})
    await websocket.close()
