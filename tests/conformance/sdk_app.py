"""clerk-backend-api as its documentation shows it: authenticate_request with authorized parties, in a dependency of FastAPI."""

from __future__ import annotations

import os
from typing import Annotated

import httpx
from clerk_backend_api import Clerk
from clerk_backend_api.security.types import AuthenticateRequestOptions
from fastapi import Depends, FastAPI, HTTPException, Request

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
clerk = Clerk(bearer_auth=os.environ["CLERK_SECRET_KEY"])


def signed_in(request: Request) -> str:
    """The user of a session token."""
    asked = httpx.Request(request.method, str(request.url), headers=request.headers.raw)
    options = AuthenticateRequestOptions(authorized_parties=["http://localhost:3000"], accepts_token=["session_token"])
    state = clerk.authenticate_request(asked, options)
    if not state.is_signed_in or state.payload is None:
        raise HTTPException(401, "Not authenticated")
    return str(state.payload.get("sub"))


@app.get("/health")
def health() -> dict[str, bool]:
    """Open to everybody."""
    return {"alive": True}


@app.get("/me")
def me(user: Annotated[str, Depends(signed_in)]) -> dict[str, str]:
    """Who is signed in."""
    return {"userId": user}
