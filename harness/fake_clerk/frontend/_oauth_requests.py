"""Authorization requests: read, refused as the standard says, and answered by a redirection or a form.

Source: RFC 6749, sections 3.1 and 4.1; RFC 7636; OpenID Connect Core 1.0, section 3.1.2; Clerk's OpenAPI document
`frontend-api` (2026-05-12), `requestOAuthAuthorize`.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from html import escape
from urllib.parse import parse_qsl, urlencode, urlsplit

from harness.fake_clerk.frontend._pages import hidden
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.oauth_applications import OAuthApplication
from harness.fake_clerk.wire import Answer, ApiRequest, Refused

PARAMETERS = (
    "response_type", "client_id", "redirect_uri", "scope", "state", "prompt", "code_challenge", "code_challenge_method",
    "response_mode", "nonce",
)  # fmt: skip
"""What an authorization request has."""
_PROMPTS = ("none", "login", "consent")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_SHORTEST_STATE = 8


def oauth_error(status: int, code: str, description: str) -> Answer:
    """An answer with the error document of OAuth (RFC 6749, section 5.2)."""
    fields = {"Cache-Control": "no-store", "Pragma": "no-cache"}
    return status, {"error": code, "error_description": description}, fields


@dataclass(frozen=True)
class AuthorizationRequest:
    """A request whose client and address are known, so that the client may be told the outcome."""

    application: OAuthApplication
    given: dict[str, str]
    """Its parameters."""
    target: str
    """Where the answer goes."""

    @property
    def scopes(self) -> list[str]:
        """The scopes that are asked for, each once; the default ones that the application has where it asks for none."""
        return list(dict.fromkeys(self.given.get("scope", "").split()))

    @property
    def prompts(self) -> list[str]:
        """What must happen, or with `none` must not."""
        return self.given.get("prompt", "").split()

    def answer(self, fields: dict[str, str]) -> Answer:
        """Send `fields` to the client by the browser, with the request's `state`."""
        fields |= {"state": self.given["state"]} if self.given.get("state") else {}
        if self.given.get("response_mode") == "form_post":
            form = (
                f'<form method="post" action="{escape(self.target)}">{hidden(fields)}<button>Continue</button></form>'
            )
            html = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"}
            whole = f"<!doctype html><title>Continue</title>{form}<script>document.forms[0].submit()</script>"
            return 200, whole, html
        joined = "&" if urlsplit(self.target).query else "" if self.target.endswith("?") else "?"
        return 303, "", {"Location": f"{self.target}{joined}{urlencode(fields)}", "Cache-Control": "no-store"}

    def refusal(self, code: str, description: str) -> Refused:
        """An error that the client is told."""
        return Refused(self.answer({"error": code, "error_description": description}))


def parameters_of(request: ApiRequest) -> dict[str, str]:
    """The parameters of the query or the form; raises Refused with 400 for one that occurs twice (RFC 6749, section 3.1)."""
    try:
        body = request.body.decode() if request.method == "POST" else ""
    except ValueError:
        raise Refused(oauth_error(400, "invalid_request", "the body is no form")) from None
    pairs = parse_qsl(body or request.query, keep_blank_values=True)
    twice = [name for name, times in Counter(name for name, _ in pairs).items() if times > 1 and name in PARAMETERS]
    if twice:
        raise Refused(oauth_error(400, "invalid_request", f"{twice[0]} is given more than once"))
    return dict(pairs)


def read_authorization(instance: Instance, given: dict[str, str]) -> AuthorizationRequest:
    """The authorization request with these parameters.

    Raises Refused: to the person, where the client or its address is wrong, and else to the client (RFC 6749, section 4.1.2.1).
    """
    application = instance.oauth.applications.get(given.get("client_id", ""))
    if application is None:
        raise Refused(oauth_error(401, "invalid_client", "no OAuth application has this client_id"))
    target = given.get("redirect_uri") or (application.redirect_uris[0] if len(application.redirect_uris) == 1 else "")
    if not application.redirects_to(target):
        message = "redirect_uri is not one of the redirect_uris of the OAuth application, character by character"
        raise Refused(oauth_error(400, "invalid_request", message))
    if not given.get("scope"):
        given = given | {"scope": " ".join(s for s in instance.oauth.default_scopes if s in application.scopes)}
    asked = AuthorizationRequest(application, {name: given[name] for name in PARAMETERS if given.get(name)}, target)
    _check(asked)
    return asked


def _check(asked: AuthorizationRequest) -> None:
    """Raises Refused, to the client, for what is wrong with the rest of its request."""
    given, application = asked.given, asked.application
    kind = given.get("response_type")
    if kind is None:
        raise asked.refusal("invalid_request", "response_type is missing")
    if kind != "code":
        raise asked.refusal("unsupported_response_type", "response_type: code")
    if given.get("response_mode", "query") not in ("query", "form_post"):
        raise asked.refusal("unsupported_response_mode", "response_mode: query or form_post")
    challenge = given.get("code_challenge")
    if challenge is None and (application.public or application.pkce_required):
        raise asked.refusal("invalid_request", "the client must use PKCE: code_challenge is missing")
    if challenge is None and "code_challenge_method" in given:
        raise asked.refusal("invalid_request", "code_challenge is missing")
    if challenge is not None and given.get("code_challenge_method") != "S256":
        raise asked.refusal("invalid_request", "code_challenge_method: S256")
    if challenge is not None and _CHALLENGE.fullmatch(challenge) is None:
        raise asked.refusal("invalid_request", "code_challenge: the SHA-256 of the verifier in base64url, unpadded")
    if len(given.get("state", "")) < _SHORTEST_STATE and ("state" in given or challenge is None):
        raise asked.refusal("invalid_state", f"state: at least {_SHORTEST_STATE} characters, unless PKCE is used")
    unknown = [scope for scope in asked.scopes if scope not in application.scopes]
    if unknown:
        raise asked.refusal("invalid_scope", f"the OAuth application does not have the scope {unknown[0]!r}")
    wrong = [prompt for prompt in asked.prompts if prompt not in _PROMPTS]
    if wrong or ("none" in asked.prompts and len(asked.prompts) > 1):
        raise asked.refusal("invalid_request", "prompt: none alone, or login and consent")
