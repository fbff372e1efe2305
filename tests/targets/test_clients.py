"""Clerk's real names lead to the fake in every HTTP client of an app, and nothing else leaves the machine."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from harness.fake_clerk import REAL_NAMES, FakeClerk
from harness.run.environment import base_environment
from harness.targets.app import AppSpec, AppTarget
from tests.conftest import OLD_PYTHON
from tests.targets.conftest import Start
from tests.targets.kit import ask_lane, get

CLIENTS = """
import asyncio, json, ssl, urllib.request
from fastapi import FastAPI, Request
app = FastAPI()
FRONT = "https://my-app.clerk.accounts.dev/.well-known/jwks.json"

@app.get("/httpx")
def with_httpx():
    import httpx
    with httpx.Client(transport=httpx.HTTPTransport(retries=1)) as client:
        return [httpx.get(FRONT).status_code, client.get("https://api.clerk.com/v1/jwks").status_code]

@app.get("/httpx-async")
async def with_httpx_async():
    import httpx
    async with httpx.AsyncClient() as client:
        return [(await client.get(FRONT)).status_code, (await client.get("https://api.clerk.com/v1/jwks")).status_code]

@app.get("/requests")
def with_requests():
    import requests
    return [requests.get(FRONT).status_code, requests.get("https://api.clerk.com/v1/jwks").status_code]

@app.get("/urllib")
def with_urllib():
    return [urllib.request.urlopen(FRONT).status, urllib.request.urlopen("http://api.clerk.com/.well-known/jwks.json").status]

@app.get("/aiohttp")
async def with_aiohttp():
    import aiohttp
    async with aiohttp.ClientSession() as session:
        async with session.get(FRONT) as answer:
            first = answer.status
        async with session.get("https://api.clerk.com/v1/jwks") as answer:
            return [first, answer.status]

@app.get("/pyjwkclient")
def with_pyjwkclient():
    import jwt
    return [200 if jwt.PyJWKClient(FRONT).get_signing_keys() else 0, 401]

@app.get("/sdk")
def with_sdk(request: Request):
    import os
    from clerk_backend_api import Clerk
    from clerk_backend_api.security.types import AuthenticateRequestOptions
    with Clerk(bearer_auth=os.environ["CLERK_SECRET_KEY"]) as sdk:
        options = AuthenticateRequestOptions(secret_key=os.environ["CLERK_SECRET_KEY"])
        return [200 if sdk.authenticate_request(request, options).is_signed_in else 0, 200 if sdk.users.list() is not None else 0]

@app.get("/outside/{what}")
async def outside(what: str):
    import httpx, socket
    try:
        if what == "name":
            httpx.get("https://example.com/")
        elif what == "address":
            socket.create_connection(("192.0.2.1", 443), timeout=2)
        elif what == "asyncio":
            await asyncio.open_connection("192.0.2.2", 443)
        elif what == "udp":
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.3", 53))
        elif what == "lookalike":
            httpx.get("https://api.clerk.com.example.org/")
    except Exception as error:
        return str(error)
    return "it got out"
"""


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[AppTarget, FakeClerk]]:
    folder = tmp_path_factory.mktemp("clients")
    (folder / "backend.py").write_text(CLIENTS)
    with FakeClerk() as clerk:
        spec = AppSpec(
            "backend:app", folder, sys.executable, [base_environment() | clerk.environment()], names=REAL_NAMES, fake_port=clerk.port
        )  # fmt: skip
        target = AppTarget(spec).start()
        yield target, clerk
        target.close()


@pytest.mark.parametrize("client", ["httpx", "httpx-async", "requests", "urllib", "aiohttp", "pyjwkclient", "sdk"])
def test_clerk_s_real_names_lead_to_the_fake_with_verified_tls(
    clients: tuple[AppTarget, FakeClerk], client: str
) -> None:
    target, clerk = clients
    token = clerk.session_token(clerk.directory.add_user("sdk@example.com"))
    headers = [("authorization", f"Bearer {token}")]
    (seen,) = ask_lane(target.lanes[0], [get(target, f"/{client}", headers=headers)])
    expected = {"urllib": "[200,200]", "sdk": "[200,200]"}.get(client, "[200,401]")
    assert seen.body == expected, seen.error


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("name", "example.com"), ("address", "192.0.2.1:443"), ("asyncio", "192.0.2.2:443"), ("udp", "192.0.2.3:53"),
        ("lookalike", "api.clerk.com.example.org"),
    ],
)  # fmt: skip
def test_everything_else_is_refused_by_name(clients: tuple[AppTarget, FakeClerk], what: str, name: str) -> None:
    target, _ = clients
    (seen,) = ask_lane(target.lanes[0], [get(target, f"/outside/{what}")])
    assert "it got out" not in seen.body
    assert name in target.blocked()


def test_an_old_backend_reaches_the_fake_with_its_old_httpx(start: Start) -> None:
    code = """
    import httpx
    from fastapi import FastAPI
    app = FastAPI()
    @app.get("/jwks")
    async def jwks():
        async with httpx.AsyncClient() as client:
            return len((await client.get("https://my-app.clerk.accounts.dev/.well-known/jwks.json")).json()["keys"])
    """
    with FakeClerk() as clerk:
        target = start(code, clerk=clerk, python=str(OLD_PYTHON))
        (seen,) = ask_lane(target.lanes[0], [get(target, "/jwks")])
    assert seen.body == "1", seen.error
