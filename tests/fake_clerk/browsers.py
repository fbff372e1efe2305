"""A development browser as Clerk's SDK speaks for it, and how one signs in."""

from __future__ import annotations

from typing import Any

import httpx
import jwt

from harness.fake_clerk import FakeClerk

ORIGIN = "http://localhost:5173"


class Browser:
    """A development browser at the instance's own name."""

    def __init__(self, clerk: FakeClerk) -> None:
        self.http = httpx.Client(
            base_url=clerk.url, headers={"host": clerk.domain, "origin": ORIGIN}, trust_env=False, timeout=60
        )
        self.token = self.http.post("/v1/dev_browser").json()["id"]

    def ask(self, method: str, path: str, /, query: Any = None, **form: Any) -> Any:
        """The answer, sent as Clerk's SDK does it."""
        query = {"__clerk_db_jwt": self.token} | (query or {}) | ({"_method": method} if method != "GET" else {})
        if method == "GET":
            return self.http.get(f"/v1{path}", params=query).json()
        return self.http.post(f"/v1{path}", params=query, data=form).json()

    def post(self, path: str, /, **form: Any) -> Any:
        return self.ask("POST", path, **form)

    def code(self, path: str, /, **form: Any) -> str:
        """The code of the error with which a request is refused."""
        return str(self.post(path, **form)["errors"][0]["code"])


def sign_in(browser: Browser) -> str:
    found = browser.post("/client/sign_ins", identifier="ann", password="correct horse")
    return str(found["response"]["created_session_id"])


def claims(clerk: FakeClerk, token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, clerk.key.public_pem, algorithms=["RS256"])
    return found
