"""clerk-backend-api as its documentation shows it: authenticate_request with authorized parties, in a dependency of FastAPI.

`app` takes session tokens only; `readme` is the first example of the SDK's README, which does not say which tokens it takes;
`closed` does what docs/sdks.md tells an app to do itself.
"""

import os
from collections.abc import Callable
from typing import Annotated, Any

import httpx
from clerk_backend_api import Clerk
from clerk_backend_api.security.types import AuthenticateRequestOptions
from fastapi import Depends, FastAPI, HTTPException, Request

PARTIES = ["http://localhost:3000"]
clerk = Clerk(bearer_auth=os.environ["CLERK_SECRET_KEY"])


def anything(payload: dict[str, Any]) -> bool:
    """No check beyond the SDK's."""
    return True


def active_session_of_a_user(payload: dict[str, Any]) -> bool:
    """What the SDK leaves to the app."""
    return (
        payload.get("iss") == os.environ["CLERK_ISSUER"]
        and payload.get("sts", "active") == "active"
        and "sid" in payload
        and "exp" in payload
        and str(payload.get("sub")).startswith("user_")
    )


def build(options: AuthenticateRequestOptions, check: Callable[[dict[str, Any]], bool] = anything) -> FastAPI:
    """An app with two protected routes and an open one."""
    built = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    def signed_in(request: Request) -> str:
        asked = httpx.Request(request.method, str(request.url), headers=request.headers.raw)
        state = clerk.authenticate_request(asked, options)
        if not state.is_signed_in or state.payload is None or not check(state.payload):
            raise HTTPException(401, "Not authenticated")
        return str(state.payload.get("sub"))

    def health() -> dict[str, bool]:
        return {"alive": True}

    def me(user: Annotated[str, Depends(signed_in)]) -> dict[str, str]:
        return {"userId": user}

    def notes(user: Annotated[str, Depends(signed_in)]) -> dict[str, str]:
        return {"userId": user}

    built.get("/health")(health)
    built.get("/me")(me)
    built.post("/notes")(notes)
    return built


_SESSIONS = ["session_token"]
app = build(AuthenticateRequestOptions(authorized_parties=PARTIES, accepts_token=_SESSIONS))
readme = build(AuthenticateRequestOptions(authorized_parties=PARTIES))
closed = build(
    AuthenticateRequestOptions(authorized_parties=PARTIES, accepts_token=_SESSIONS), active_session_of_a_user
)
