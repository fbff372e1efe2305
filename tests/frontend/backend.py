"""The backend of the small front ends: who sends a request, by a bearer token or by Clerk's session cookie."""

from __future__ import annotations

CODE = """
import os
import jwt
from fastapi import FastAPI, HTTPException, Request, WebSocket
from fastapi.middleware.cors import CORSMiddleware

ORIGIN = os.environ.get("ORIGIN", "http://localhost:3000")
app = FastAPI()
app.add_middleware(
    CORSMiddleware, allow_origins=[ORIGIN], allow_credentials=True, allow_methods=["*"], allow_headers=["*"]
)

@app.get("/me")
def me(request: Request):
    token = request.headers.get("authorization", "").removeprefix("Bearer ") or request.cookies.get("__session", "")
    try:
        claims = jwt.decode(token, os.environ["CLERK_JWT_KEY"], algorithms=["RS256"], leeway=5)
    except jwt.PyJWTError:
        raise HTTPException(401)
    if claims.get("azp", ORIGIN) != ORIGIN:
        raise HTTPException(401)
    return answer(claims)

@app.get("/old/me")
def old_me():
    # Whom the backend lets in is the matrix' matter.
    return {"sub": "somebody", "organization": None}

@app.websocket("/live")
async def live(socket: WebSocket):
    protocols = socket.scope["subprotocols"]
    await socket.accept(subprotocol=protocols[0] if protocols else None)
    await socket.receive_text()
    await socket.send_text("heard")

LAST = []

@app.get("/last")
def last(name: str):
    # A cache that all people share, as front ends that are made on a server may have one.
    LAST.append(name)
    return {"names": LAST}

def answer(claims):
    return {"sub": claims["sub"], "organization": (claims.get("o") or {}).get("slg")}
"""
