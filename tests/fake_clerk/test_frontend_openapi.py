"""The Frontend API against Clerk's own OpenAPI document: a tour through every operation, whose answers must conform.

`openapi/frontend-api.json` is Clerk's document (MIT), cut down to what is implemented, with the names of what is not; see
`openapi/reduce.py`.
"""

from __future__ import annotations

import fnmatch
import json
import re
from base64 import urlsafe_b64encode
from collections import defaultdict
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import schemathesis

from harness.fake_clerk import CLERK, FakeClerk, SigningKey, frontend
from harness.fake_clerk.models.templates import Template
from harness.fake_clerk.well_known import well_known_operations

DOCUMENT: dict[str, Any] = json.loads((Path(__file__).parent / "openapi" / "frontend-api.json").read_text())
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = {
    (method.upper(), path): operation for path, item in DOCUMENT["paths"].items() for method, operation in item.items()
}


class Tour:
    """A browser that notes how each operation answered, and what of that does not conform."""

    def __init__(self, clerk: FakeClerk) -> None:
        self.clerk = clerk
        self.http = httpx.Client(
            base_url=clerk.url,
            headers={"host": clerk.domain, "origin": "http://localhost:5173"},
            trust_env=False,
            timeout=60,
        )
        self.statuses: dict[tuple[str, str], set[int]] = defaultdict(set)
        self.problems: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.values: dict[str, str] = {}
        self.browser: str | None = None

    def ask(self, method: str, path: str, query: Any = None, **more: Any) -> Any:
        """Ask an operation by its path of the document; `values` fill in its placeholders. `data` is the form."""
        real = re.sub(r"\{(\w+)\}", lambda found: self.values[found[1]], path)
        given = ({"__clerk_db_jwt": self.browser} if self.browser is not None else {}) | (query or {})
        answer = self.http.request(method, real, params=given, **more)
        self.statuses[method, path].add(answer.status_code)
        self._judge(method, path, answer)
        try:
            return answer.json()
        except ValueError:
            return answer

    def _judge(self, method: str, path: str, answer: httpx.Response) -> None:
        known = {int(status) for status in OPERATIONS[method, path]["responses"] if status.isdigit()}
        # What is named in a path may not exist, and a stranger is refused, which the document says of some operations only.
        unsaid = ({404} if "{" in path else set()) | ({401} if path.startswith("/api_keys") else set())
        if answer.status_code not in known | unsaid:
            self.problems[method, path].append(f"{answer.status_code} is not documented: {answer.text[:200]}")
        elif "json" in answer.headers["content-type"]:
            try:
                SCHEMA[path][method].validate_response(answer)
            except (schemathesis.errors.FailureGroup, AssertionError) as failure:
                self.problems[method, path].append(str(getattr(failure, "exceptions", failure))[:1500])


def strangers(tour: Tour) -> None:
    """Nobody is signed in, and nothing of what is named exists."""
    tour.values = defaultdict(lambda: "none", tour.values)
    for method, path in OPERATIONS:
        tour.ask(method, path)


def signing_up(tour: Tour) -> None:
    tour.browser = tour.ask("POST", "/v1/dev_browser")["id"]
    tour.ask("POST", "/v1/waitlist", data={"email_address": "later@example.com"})
    for path in ("/v1/environment", "/v1/health", "/v1/client"):
        tour.ask("GET", path)
    tour.ask("PATCH", "/v1/environment")
    for method in ("PUT", "POST"):
        tour.ask(method, "/v1/client")
    made = tour.ask("POST", "/v1/client/sign_ups", data={"email_address": "kim+clerk_test@example.com"})
    tour.values["sign_up_id"] = made["response"]["id"]
    one = "/v1/client/sign_ups/{sign_up_id}"
    tour.ask("PATCH", one, data={"password": "long enough"})
    tour.ask("GET", one)
    tour.ask("POST", one + "/prepare_verification", data={"strategy": "email_code"})
    tour.ask("POST", one + "/attempt_verification", data={"strategy": "email_code", "code": "424242"})
    tour.ask("DELETE", "/v1/client/sessions")


def signing_in(tour: Tour, address: str, *, reset: bool = False) -> None:
    made = tour.ask("POST", "/v1/client/sign_ins", data={"identifier": address})["response"]
    tour.values["sign_in_id"] = made["id"]
    one, strategy = "/v1/client/sign_ins/{sign_in_id}", "reset_password_email_code" if reset else "email_code"
    tour.ask("GET", one)
    factor = next(f for f in made["supported_first_factors"] if f["strategy"] == strategy)
    form = {"strategy": strategy, "email_address_id": factor["email_address_id"]}
    tour.ask("POST", one + "/prepare_first_factor", data=form)
    tour.ask("POST", one + "/attempt_first_factor", data={"strategy": strategy, "code": "424242"})
    if reset:
        tour.ask("POST", one + "/reset_password", data={"password": "even longer"})
    client = tour.ask("GET", "/v1/client")["response"]
    tour.values["session_id"] = client["last_active_session_id"]


def second_factors(tour: Tour) -> None:
    """A person switches an authenticator app on, signs in with it, proves again who she is, and switches it off."""
    made = tour.ask("POST", "/v1/me/totp")["response"]
    (user,) = tour.clerk.directory.find(emails=["kim+clerk_test@example.com"], ids=[])
    assert user.totp is not None and made["verified"] is False
    code = {"code": user.totp.password(tour.clerk.clock())}
    tour.ask("POST", "/v1/me/totp/attempt_verification", data=code)
    tour.ask("POST", "/v1/me/backup_codes")
    verify = "/v1/client/sessions/{session_id}/verify"
    tour.ask("POST", verify, data={"level": "multi_factor"})
    tour.ask("POST", verify + "/prepare_first_factor", data={"strategy": "email_code"})
    tour.ask("POST", verify + "/attempt_first_factor", data={"strategy": "email_code", "code": "424242"})
    tour.ask("POST", verify + "/prepare_second_factor", data={"strategy": "phone_code"})
    tour.ask("POST", verify + "/attempt_second_factor", data={"strategy": "totp"} | code)
    tour.ask("DELETE", "/v1/client/sessions")
    made = tour.ask("POST", "/v1/client/sign_ins", data={"identifier": user.email, "password": user.password})
    tour.values["sign_in_id"] = made["response"]["id"]
    tour.ask("POST", "/v1/client/sign_ins/{sign_in_id}/attempt_second_factor", data={"strategy": "totp"} | code)
    tour.ask("DELETE", "/v1/me/totp")
    tour.values["session_id"] = tour.ask("GET", "/v1/client")["response"]["last_active_session_id"]


def profile(tour: Tour) -> None:
    tour.ask("GET", "/v1/me")
    tour.ask("PATCH", "/v1/me", data={"first_name": "Kim"})
    tour.ask("PATCH", "/v1/me/metadata", data={"unsafe_metadata": '{"color": "red"}'})
    made = tour.ask("POST", "/v1/me/email_addresses", data={"email_address": "two+clerk_test@example.com"})
    tour.values["email_id"] = made["response"]["id"]
    tour.ask("GET", "/v1/me/email_addresses")
    one = "/v1/me/email_addresses/{email_id}"
    tour.ask("GET", one)
    tour.ask("POST", one + "/prepare_verification", data={"strategy": "email_code"})
    tour.ask("POST", one + "/attempt_verification", data={"code": "424242"})
    tour.ask("DELETE", one)
    for path in ("/v1/me/sessions", "/v1/me/sessions/active", "/v1/me/organization_suggestions"):
        tour.ask("GET", path)
    tour.ask("POST", "/v1/me/profile_image", content=b"\x89PNG")
    tour.ask("DELETE", "/v1/me/profile_image")
    tour.ask("GET", "/v1/me/organization_creation_defaults")
    made = tour.ask("POST", "/api_keys", json={"name": "Mine", "subject": tour.ask("GET", "/v1/me")["response"]["id"]})
    tour.values["apiKeyID"] = made["id"]
    tour.ask("GET", "/api_keys", {"subject": made["subject"]})
    tour.ask("PATCH", "/api_keys/{apiKeyID}", json={"description": "for a script"})
    tour.ask("POST", "/api_keys/{apiKeyID}/revoke", json={"revocation_reason": "lost"})
    password = tour.clerk.directory.find(emails=["kim+clerk_test@example.com"], ids=[])[0].password
    tour.ask("POST", "/v1/me/change_password", data={"current_password": password, "new_password": "long enough"})


def organizations(tour: Tour) -> None:
    tour.values["organization_id"] = tour.ask("POST", "/v1/organizations", data={"name": "Mine"})["response"]["id"]
    one = "/v1/organizations/{organization_id}"
    tour.ask("GET", one)
    tour.ask("PATCH", one, data={"name": "Ours"})
    tour.ask("PUT", one + "/logo", content=b"\x89PNG")
    tour.ask("DELETE", one + "/logo")
    for path in ("/roles", "/membership_requests", "/memberships"):
        tour.ask("GET", one + path)
    (ada,) = tour.clerk.directory.find(emails=["ada@example.com"], ids=[])
    tour.values["user_id"] = ada.id
    tour.ask("POST", one + "/memberships", data={"user_id": ada.id, "role": "org:member"})
    tour.ask("PATCH", one + "/memberships/{user_id}", data={"role": "org:admin"})
    tour.ask("DELETE", one + "/memberships/{user_id}")
    invited = tour.ask("POST", one + "/invitations", data={"email_address": "a@example.com", "role": "org:member"})
    tour.values["invitation_id"] = invited["response"]["id"]
    many = {"email_address": ["b@example.com", "c@example.com"], "role": "org:admin"}
    tour.ask("POST", one + "/invitations/bulk", data=many)
    for path in ("", "/pending"):
        tour.ask("GET", f"{one}/invitations{path}")
    tour.ask("POST", one + "/invitations/{invitation_id}/revoke")
    sessions = "/v1/client/sessions/{session_id}"
    tour.ask("POST", sessions + "/touch", data={"active_organization_id": tour.values["organization_id"]})
    tour.ask("GET", sessions)
    tour.ask("POST", sessions + "/tokens")
    tour.clerk.templates["db"] = Template("db", {"aud": "db"})
    tour.values["template_name"] = "db"
    tour.ask("POST", sessions + "/tokens/{template_name}")
    tour.ask("GET", "/v1/me/organization_memberships")
    own = {"email_address": "kim+clerk_test@example.com", "role": "org:member"}
    key = {"authorization": f"Bearer {tour.clerk.secret_key}", "host": "api.clerk.com"}
    other = httpx.post(
        f"{tour.clerk.url}/v1/organizations/org_known/invitations", json=own, headers=key, trust_env=False
    )
    tour.values["invitation_id"] = other.json()["id"]
    tour.ask("GET", "/v1/tickets/accept", query={"ticket": other.json()["url"].partition("ticket=")[2]})
    tour.ask("GET", "/v1/me/organization_invitations")
    tour.ask("POST", "/v1/me/organization_invitations/{invitation_id}/accept")
    tour.ask("DELETE", one)
    tour.values["organization_id"] = "org_known"
    tour.ask("DELETE", "/v1/me/organization_memberships/{organization_id}")


def provider(tour: Tour) -> None:
    """The OAuth provider, with a client that registers itself."""
    for path in OPERATIONS:
        if path[1].startswith("/.well-known/"):
            tour.ask(*path)
    tour.clerk.oauth.dynamic_registration = True
    callback = "https://app.example/callback"
    client = tour.ask("POST", "/oauth/register", json={"redirect_uris": [callback], "scope": "openid email profile"})
    tour.values["client_id"] = client["client_id"]
    challenge = urlsafe_b64encode(sha256(b"v" * 43).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code", "client_id": client["client_id"], "state": "long enough",
        "code_challenge": challenge, "code_challenge_method": "S256",
    }  # fmt: skip
    consent = "/v1/me/oauth/consent/{client_id}"
    tour.ask("GET", consent)
    granted = tour.ask("POST", consent, data=asked | {"consented": "true"})
    tour.ask("GET", "/oauth/authorize", asked)
    tour.ask("POST", "/oauth/authorize", data=asked | {"__clerk_db_jwt": tour.browser})
    code = parse_qs(urlsplit(granted.headers["location"]).query)["code"][0]
    key = {"auth": (client["client_id"], client["client_secret"])}
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": "v" * 43}
    tokens = tour.ask("POST", "/oauth/token", data=form, **key)
    tour.ask("POST", "/oauth/token", data=form | {"grant_type": "password"}, **key)
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    for method in ("GET", "POST"):
        tour.ask(method, "/oauth/userinfo", headers=bearer)
    tour.ask("POST", "/oauth/token_info", data={"token": tokens["access_token"]}, **key)
    tour.ask("POST", "/oauth/token/revoke", data={"token": tokens["access_token"]}, **key)


def social(tour: Tour) -> None:
    form = {"strategy": "oauth_google", "redirect_url": "http://localhost:5173/sso"}
    made = tour.ask("POST", "/v1/client/sign_ins", data=form)["response"]
    url = urlsplit(made["first_factor_verification"]["external_verification_redirect_url"])
    state = parse_qs(url.query)["state"][0]
    answered = tour.http.post(url.path, data={"state": state, "email_address": "kim+clerk_test@example.com"})
    back = {name: found[0] for name, found in parse_qs(urlsplit(answered.headers["location"]).query).items()}
    tour.ask("POST", "/v1/oauth_callback", data=back)
    tour.ask("GET", "/v1/oauth_callback", back)
    me = tour.ask("GET", "/v1/me")["response"]
    tour.values["external_account_id"] = me["external_accounts"][0]["id"]
    one = "/v1/me/external_accounts/{external_account_id}"
    tour.ask("PATCH", one + "/reauthorize", data={"redirect_url": form["redirect_url"]})
    tour.ask("DELETE", one + "/tokens")
    tour.ask("DELETE", one)
    tour.ask("POST", "/v1/me/external_accounts", data=form)
    tour.ask("GET", "/v1/me")
    tour.ask("POST", "/v1/client/sign_ups", data=form)


def leaving(tour: Tour) -> None:
    tour.values["session_id"] = tour.ask("GET", "/v1/client")["response"]["last_active_session_id"]
    tour.ask("POST", "/v1/client/sessions/{session_id}/end")
    for path in ("/v1/client/sessions/{session_id}/remove", "/v1/me/sessions/{session_id}/revoke"):
        signing_in(tour, "kim+clerk_test@example.com", reset="revoke" in path)
        tour.ask("POST", path)
    signing_in(tour, "kim+clerk_test@example.com")
    tour.ask("POST", "/v1/me/remove_password", data={"current_password": "even longer"})
    tour.ask("GET", "/v1/client/handshake", {"redirect_url": "http://localhost:5173/"})
    tour.ask("DELETE", "/v1/me")
    tour.ask("DELETE", "/v1/client")


@pytest.fixture(scope="module")
def tour(key: SigningKey) -> Iterator[Tour]:
    """The whole tour; every test reads what it noted."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.fake_clerk.instance.SigningKey", lambda kid=None: key)
        with FakeClerk() as clerk:
            clerk.directory.add_user(
                "ada@example.com", organization={"id": "org_known", "slug": "known", "role": "admin"}
            )
            found = Tour(clerk)
            for steps in (strangers, signing_up):
                steps(found)
            signing_in(found, "kim+clerk_test@example.com")
            for steps in (profile, second_factors, organizations, provider):
                steps(found)
            found.ask("DELETE", "/v1/client/sessions")
            for steps in (social, leaving):
                steps(found)
            yield found
            found.http.close()


IDS = [f"{method} {path}" for method, path in OPERATIONS]


@pytest.mark.parametrize("operation", OPERATIONS, ids=IDS)
def test_answers_conform_to_the_document(tour: Tour, operation: tuple[str, str]) -> None:
    assert tour.problems[operation] == []
    # An operation that never succeeds has not been examined.
    assert any(status < 400 for status in tour.statuses[operation]) or operation[1].endswith("prepare_second_factor")


def test_every_operation_is_one_of_clerk_s() -> None:
    served = [*frontend.OPERATIONS, *well_known_operations(CLERK)]
    assert {(o.method, o.path): o.name for o in served} == {o: found["operationId"] for o, found in OPERATIONS.items()}


@pytest.mark.parametrize("module", frontend.TAGS, ids=lambda module: module.__name__.rpartition(".")[2])
def test_each_module_has_the_operations_of_its_tag(module: ModuleType) -> None:
    for operation in module.OPERATIONS:
        tags = OPERATIONS[operation.method, operation.path]["tags"]
        assert [tag.lower().replace(" ", "_") for tag in tags] == [module.__name__.rpartition(".")[2]], operation.name


def test_what_is_not_implemented_says_so_with_its_name(tour: Tour) -> None:
    for operation in DOCUMENT["x-missing"]:
        method, path = operation.split(" ")
        real = re.sub(r"\{\w+\}", "x", path)
        answer = tour.http.request(method, real)
        assert (answer.status_code, f"{method} {real}" in answer.text) == (501, True), operation


def test_the_documentation_names_what_is_left_out() -> None:
    page = (Path(__file__).parents[2] / "docs" / "fake-clerk.md").read_text()
    table = page.partition("<!-- left out -->")[2].partition("<!-- /left out -->")[0]
    patterns = re.findall(r"`(\S+)`", table)
    paths = {operation.partition(" ")[2].removeprefix("/v1") for operation in DOCUMENT["x-missing"]}
    matched = {pattern: fnmatch.filter(paths, pattern) for pattern in patterns}
    assert paths - {path for found in matched.values() for path in found} == set()
    assert [pattern for pattern, found in matched.items() if not found] == []
