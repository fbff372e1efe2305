"""The control API under `/_harness/`: faults, keys, time and counters for tests in any language.

Only `clerk-harness issuer` serves it, and to whom is in `control_access`: the paths follow `http://HOST:PORT/~TOKEN`.

GET  /_harness/counts                 how often each operation and the key set were requested
POST /_harness/counts/reset
POST /_harness/trouble                {"jwks": "outage" | "slow" | "malformed" | "empty" | null, "api": 429 | 500 | 503 | null,
                                       "retry_after": seconds, "rate_limit": requests in 10 s | null}
POST /_harness/rotate                 a new key signs, the old one stays published
POST /_harness/retire                 only the key that signs is published
POST /_harness/clock                  {"skew": seconds}
POST /_harness/session                {"user_id": …, "status": "active" | "pending", "actor": user id | null}: a session, its
                                       token and cookies
GET  /_harness/users/ID/token         a session token as text; ?lifetime=3600 for one that lives for an hour
POST /_harness/webhooks               {"url": …, and what `webhooks.Endpoint` takes}, or {"url": null} to end them
GET  /_harness/webhooks               the messages and their attempts
POST /_harness/webhooks/flush         deliver everything now, and wait for it
POST /_harness/webhooks/replay        {"id": message}: deliver it again
GET  /_harness/mails                  the mails that would have been sent, with their codes, oldest first
GET  /_harness/environment            the variables by which a backend is configured
GET  /_harness/ca.pem                 the certificate of the throw-away authority
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import asdict

from harness.fake_clerk.instance import Instance
from harness.fake_clerk.jwks_faults import JWKS_FAULTS
from harness.fake_clerk.webhooks import Endpoint
from harness.fake_clerk.wire import Answer, ApiRequest, Refused, error, integer_in, not_found, text_in

API_FAULTS = {429: "too_many_requests", 500: "internal_clerk_error", 503: "service_unavailable"}


def _keys(instance: Instance) -> Answer:
    return 200, {"signing": instance.key.kid, "published": [key.kid for key in instance.published]}


def _refuse(message: str) -> Refused:
    return Refused(error(422, "form_param_value_invalid", message))


def _trouble(instance: Instance, request: ApiRequest) -> Answer:
    document = request.document()
    jwks, api, limit = document.get("jwks"), document.get("api"), document.get("rate_limit")
    if jwks is not None and jwks not in JWKS_FAULTS:
        raise _refuse(f"jwks: one of {', '.join(JWKS_FAULTS)}, or null")
    if api is not None and api not in API_FAULTS:
        raise _refuse(f"api: one of {', '.join(map(str, API_FAULTS))}, or null")
    if limit is not None and (not isinstance(limit, int) or limit < 0):
        raise _refuse("rate_limit: requests in 10 seconds, or null")
    retry_after = integer_in(document, "retry_after", instance.retry_after)
    if "jwks" in document:
        instance.jwks_fault = jwks
    if "api" in document:
        instance.api_fault = api
    if "rate_limit" in document:
        instance.rate_limit = limit
    instance.retry_after = retry_after
    state = {"jwks": instance.jwks_fault, "api": instance.api_fault}
    return 200, state | {"rate_limit": instance.rate_limit, "retry_after": instance.retry_after}


def _rotate(instance: Instance, request: ApiRequest) -> Answer:
    instance.key = instance.new_key()
    instance.published.append(instance.key)
    return _keys(instance)


def _retire(instance: Instance, request: ApiRequest) -> Answer:
    instance.published[:] = [instance.key]
    return _keys(instance)


def _clock(instance: Instance, request: ApiRequest) -> Answer:
    skew = request.document().get("skew")
    if isinstance(skew, bool) or not isinstance(skew, (int, float)):
        raise Refused(error(422, "form_param_type_invalid", "skew: seconds"))
    instance.clock = lambda: time.time() + skew
    return 200, {"now": instance.now()}


def _session(instance: Instance, request: ApiRequest) -> Answer:
    document = request.document()
    user_id, status, actor = text_in(document, "user_id"), document.get("status") or "active", document.get("actor")
    if user_id not in instance.directory.users:
        raise not_found("user", user_id)
    if status not in ("active", "pending") or not (actor is None or isinstance(actor, str)):
        raise _refuse("status: active or pending; actor: a user's id, or null")
    session = instance.directory.new_session(user_id, status=status, actor=actor)
    cookies = instance.cookies(user_id, session=session)
    return 200, session.as_json() | {"token": cookies["__session"], "cookies": cookies}


def _webhooks(instance: Instance, request: ApiRequest) -> Answer:
    document = request.document()
    if document.get("url") is None:
        instance.outbox.send_to(None)
        return 200, {"url": None}
    try:
        endpoint = Endpoint(**document)
    except (TypeError, ValueError) as problem:
        raise _refuse(f"webhooks: {problem}") from None
    instance.outbox.send_to(endpoint)
    return 200, asdict(endpoint)


def _messages(instance: Instance) -> Answer:
    return 200, {"data": [message.as_json() for message in list(instance.outbox.messages)]}


def _flush(instance: Instance, request: ApiRequest) -> Answer:
    done = instance.outbox.flush()
    return (200 if done else 504), _messages(instance)[1] | {"done": done}


def _replay(instance: Instance, request: ApiRequest) -> Answer:
    message_id = text_in(request.document(), "id")
    try:
        return 200, instance.outbox.replay(message_id).as_json()
    except KeyError:
        raise not_found("message", message_id) from None


_TOKEN = re.compile(r"users/([^/]+)/token")


def _user_token(instance: Instance, request: ApiRequest, user_id: str) -> Answer:
    if user_id not in instance.directory.users:
        raise not_found("user", user_id)
    lifetime = request.value("lifetime") or "60"
    if not lifetime.isdecimal() or not 1 <= int(lifetime) <= 86_400:
        raise _refuse("lifetime: seconds, between 1 and 86400")
    return 200, instance.session_token(user_id, lifetime=int(lifetime)) + "\n"


_POST: dict[str, Callable[[Instance, ApiRequest], Answer]] = {
    "trouble": _trouble,
    "rotate": _rotate,
    "retire": _retire,
    "clock": _clock,
    "session": _session,
    "webhooks": _webhooks,
    "webhooks/flush": _flush,
    "webhooks/replay": _replay,
}


def control(instance: Instance, counts: dict[str, int], request: ApiRequest) -> Answer:
    """Answer a request below `/_harness/`; `counts` has the requests by operation. Raises Refused for a body that is invalid."""
    name = request.path.removeprefix("/_harness/")
    if request.method == "GET" and (match := _TOKEN.fullmatch(name)):
        return _user_token(instance, request, match[1])
    if (request.method, name) == ("GET", "counts"):
        return 200, {"operations": dict(counts), "jwks": instance.jwks_asked}
    if (request.method, name) == ("GET", "mails"):
        return 200, {"data": [mail.as_json() for mail in list(instance.mails)]}
    if (request.method, name) == ("GET", "webhooks"):
        return _messages(instance)
    if (request.method, name) == ("POST", "counts/reset"):
        counts.clear()
        instance.jwks_asked = 0
        return 200, {"operations": {}, "jwks": 0}
    if request.method == "POST" and name in _POST:
        return _POST[name](instance, request)
    return error(
        404,
        "resource_not_found",
        f"nothing at {request.method} {request.path}: GET counts, mails, webhooks, environment, ca.pem, token/NAME; "
        f"POST counts/reset, {', '.join(_POST)}",
    )
