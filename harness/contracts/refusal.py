"""What an answer says of the decision behind it: refused, let in, throttled, or broken. Whoever must know asks here.

Pure rules over one answer, for the matrix, `init`, user sync, configuration and schemathesis alike. What needs more than the
answer itself (what the probe saw, what a genuine credential got) is in `harness.contracts.matrix.refusal`.
"""

from __future__ import annotations

import email.utils
import json
import re
import time
from collections.abc import Collection
from typing import Any, Literal, Protocol

REFUSING_STATUSES = (401, 403)
"""RFC 9110 sections 15.5.2 and 15.5.4; a policy may name others."""
# RFC 6455 section 7.4.1 (1008: policy violation); private codes that real backends use for 401 and 403.
REFUSING_CLOSES = frozenset({1008, 3000, 3003, 4001, 4003, 4401, 4403})
SERVER_REFUSES = frozenset({400, 413, 414, 431})
"""What an HTTP server answers to a request that it will not hand to the app (RFC 9110 section 15.5, RFC 6585 section 5)."""
UNAVAILABLE = (502, 503, 504)
"""How a backend says that it cannot decide at present (RFC 9110 section 15.6)."""
_REDIRECTS = (302, 303, 307)
_REFUSING_WORDS = re.compile(
    r"un-?auth|not.?auth|forbidden|denied|permission|(sign|log|signed|logged).?in\b|credential|\bjwt\b|(?<!unexpected )\btoken|^40[13]$",
    re.IGNORECASE,
)
"""In the code or the message of an error: who asks is not known, or may not."""
_REFUSING_SENTENCES = re.compile(
    r"un-?auth|not.?auth|forbidden|denied|no.?permission|(permission|role|scope)\w*\b.{0,20}\b(required|missing|needed)"
    r"|(insufficient|missing|lacks?|required?|no|not have).{0,20}\b(permission|role|scope)"
    r"|(not|must|please|need|require)\b.{0,20}\b(signed|logged|sign|log).?in\b|(sign|log).?in.{0,12}(required|first)"
    r"|\b(bad|expired|invalid|malformed|missing|no|revoked|unknown|wrong)\b.{0,20}\b(credentials?|jwt|session|token)\b"
    r"|\b(credentials?|jwt|session|token)\b.{0,20}\b(bad|expired|invalid|malformed|missing|required|revoked|wrong|not valid|verif\w*)",
    re.IGNORECASE,
)
"""In the message of any API: as above, but a token alone may be one of a language model's, and a permission what a row is about."""
_OF_AN_ERROR = re.compile(r"err|40[13]|false|fail", re.IGNORECASE)
"""Stands in every body that tells of an error."""
_CODES = frozenset({"code", "status", "status_code", "errcode", "err_code", "error_code", "errno"})
_WORDS = frozenset(
    {"message", "msg", "error_message", "errmsg", "error_description", "detail", "reason", "title", "type"}
)
_ERRORS = frozenset({"error", "err", "error_code", "errcode"})
_SUCCESSES = frozenset({"success", "succeeded", "ok"})
_OF_THE_REQUEST = frozenset({"timestamp", "time", "path", "request_id", "trace_id", "instance"})
_ENVELOPE = _CODES | _WORDS | _ERRORS | _SUCCESSES | _OF_THE_REQUEST
_FAILED = frozenset({"error", "fail", "failed", "failure"})
_SIGN_IN = re.compile(r"(?:sign|log)[-_]?(?:in|on)\b|/auth\b|accounts\.dev|/handshake", re.IGNORECASE)


class Answer(Protocol):
    """An answer over HTTP, as far as these rules read it. `status` is None where none came."""

    @property
    def status(self) -> int | None: ...

    @property
    def body(self) -> str: ...

    def header(self, name: str) -> str | None:
        """The first field of that name in lower case, or None."""


def sends_to_sign_in(answer: Answer) -> bool:
    """A redirect to a page where people sign in is how sites refuse browsers."""
    return answer.status in _REDIRECTS and bool(_SIGN_IN.search(answer.header("location") or ""))


def refuses_by_status(answer: Answer, refusing: Collection[int] = REFUSING_STATUSES) -> bool:
    """Whether an answer refuses by one of the statuses that count as such, or by sending the client to sign in."""
    return answer.status in refusing or sends_to_sign_in(answer)


def is_refusal(answer: Answer, refusing: Collection[int] = REFUSING_STATUSES) -> bool:
    """Whether an answer refuses: by its status, or in the body of a success."""
    return refuses_by_status(answer, refusing) or (is_success(answer) and said_in_body(answer.body) == "refused")


def is_success(answer: Answer) -> bool:
    """Whether the status of an answer is that of a success (RFC 9110 section 15.3), whatever its body says."""
    return answer.status is not None and 200 <= answer.status < 300


def is_admission(answer: Answer) -> bool:
    """Whether an answer is a success, by its status and by its body."""
    return is_success(answer) and said_in_body(answer.body) is None


def said_in_body(body: str) -> Literal["refused", "failed"] | None:
    """What a body says whose status is that of a success whatever came of the request; None where it brings data.

    GraphQL answers with `errors` beside `data` that is null (section 7.1 of its specification), JSON-RPC with `error` in place
    of `result` (section 5.1), and APIs that put every answer into an envelope with a code, a message and no data.
    `refused`: each of them by an error that says so; `failed`: by others of GraphQL's and JSON-RPC's. What else an envelope
    says may come from behind the guard.
    """
    if body.lstrip()[:1] not in ("{", "[") or not _OF_AN_ERROR.search(body):
        return None
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if isinstance(document, dict) and _refuses_in_envelope(document):
        return "refused"
    answers = [_errors_of(one) for one in (document if isinstance(document, list) else [document])]
    if not answers or not all(answers):
        return None
    return "refused" if all(any(map(_refuses, errors)) for errors in answers) else "failed"


def _refuses_in_envelope(answer: dict[str, Any]) -> bool:
    """Whether an answer consists of nothing but the word that who asks is not known, or may not."""
    found = {re.sub(r"(?<=[a-z])(?=[A-Z])|-", "_", name).lower(): value for name, value in answer.items()}
    told = {name: value for name, value in found.items() if value not in (None, "", [], {})}
    error = next((told.pop(name) for name in ("error", "err") if isinstance(told.get(name), dict)), None)
    if error is not None:
        return told.keys() <= _ENVELOPE and _refuses_in_envelope({"success": False, **error})
    if not told.keys() <= _ENVELOPE or not all(isinstance(value, str | int | float) for value in told.values()):
        return False
    codes = [str(value) for name, value in told.items() if name in _CODES]
    failed = (
        any(told.get(name) for name in _ERRORS)
        or any(told.get(name) is False for name in _SUCCESSES)
        or any(code.lower() in _FAILED for code in codes)
    )
    words = [value for name, value in told.items() if name in _CODES | _WORDS | _ERRORS and isinstance(value, str)]
    if any(code in map(str, REFUSING_STATUSES) for code in codes):
        return True
    return failed and any(_REFUSING_SENTENCES.search(word.replace("_", " ")) for word in words)


def _errors_of(answer: Any) -> list[dict[str, Any]]:
    """The errors of one answer without any data; none where it has data, or is neither GraphQL's nor JSON-RPC's."""
    if not isinstance(answer, dict):
        return []
    if "jsonrpc" in answer:
        error = answer.get("error")
        return [error] if isinstance(error, dict) and answer.get("result") is None else []
    errors, data = answer.get("errors"), answer.get("data")
    if not isinstance(errors, list) or not answer.keys() <= {"errors", "data", "extensions"}:
        return []
    if isinstance(data, dict):
        data = next((value for value in data.values() if value is not None), None)
    return errors if data is None and all(map(_is_of_graphql, errors)) else []


def _is_of_graphql(error: Any) -> bool:
    known = isinstance(error, dict) and error.keys() <= {"message", "locations", "path", "extensions", "code"}
    return known and isinstance(error.get("message"), str)


def _refuses(error: dict[str, Any]) -> bool:
    """Whether an error says that who asks is not known, or may not."""
    extensions = error.get("extensions")
    codes = [error.get("code"), *(extensions.values() if isinstance(extensions, dict) else ())]
    return any(
        _REFUSING_WORDS.search(str(text)) for text in (error.get("message"), *codes) if isinstance(text, str | int)
    )


def is_failure(answer: Answer) -> bool:
    """Whether the server failed, or did not answer (RFC 9110 section 15.6)."""
    return answer.status is None or answer.status >= 500


def is_throttled(answer: Answer, refusing: Collection[int] = REFUSING_STATUSES) -> bool:
    """Whether the answer is that of a limiter or of an overloaded server (RFC 6585 section 4; RFC 9110 section 15.6.4)."""
    if answer.status is None or answer.status in refusing:
        return False
    return answer.status == 429 or (answer.status == 503 and answer.header("retry-after") is not None)


def retry_after(answer: Answer) -> float | None:
    """Seconds that an answer asks its client to wait (RFC 9110 section 10.2.3); None where it does not say."""
    value = answer.header("retry-after")
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None
