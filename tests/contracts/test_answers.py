"""What one answer says of the decision behind it: a table of facts for the rules that all parts ask."""

from __future__ import annotations

import email.utils
import time

import pytest

from harness.contracts import refusal
from harness.targets.base import Observation


def answer(status: int | None, **fields: str) -> Observation:
    return Observation(status, [(name.replace("_", "-"), value) for name, value in fields.items()])


@pytest.mark.parametrize(
    ("status", "location", "expected"),
    [
        (302, "/sign-in", True), (303, "/login?next=%2F", True), (307, "https://x.accounts.dev/", True),
        (302, "/Sign_In", True), (302, "/auth", True), (302, "/v1/client/handshake?x=1", True), (302, "/log-on", True),
        (302, "/signal", False), (302, "/author", False), (302, "/", False), (302, "", False), (302, None, False),
        (301, "/sign-in", False), (308, "/sign-in", False), (200, "/sign-in", False), (304, "/sign-in", False),
        (None, "/sign-in", False),
    ],
)  # fmt: skip
def test_a_redirect_to_sign_in(status: int | None, location: str | None, expected: bool) -> None:
    given = answer(status) if location is None else answer(status, location=location)
    assert refusal.sends_to_sign_in(given) is expected
    assert refusal.is_refusal(given) is expected


@pytest.mark.parametrize(
    ("status", "refusing", "expected"),
    [
        (401, (401, 403), True), (403, (401, 403), True), (404, (401, 403), False), (404, (404,), True),
        (401, (404,), False), (200, (401, 403), False), (None, (401, 403), False), (400, (401, 403), False),
    ],
)  # fmt: skip
def test_the_statuses_that_refuse(status: int | None, refusing: tuple[int, ...], expected: bool) -> None:
    assert refusal.is_refusal(answer(status), refusing) is expected


def test_the_usual_statuses_that_refuse() -> None:
    assert [status for status in range(100, 600) if refusal.is_refusal(answer(status))] == [401, 403]


@pytest.mark.parametrize(
    ("status", "admitted", "failed"),
    [
        (199, False, False), (200, True, False), (204, True, False), (299, True, False), (300, False, False),
        (404, False, False), (499, False, False), (500, False, True), (503, False, True), (599, False, True), (None, False, True),
    ],
)  # fmt: skip
def test_successes_and_failures(status: int | None, admitted: bool, failed: bool) -> None:
    assert (refusal.is_admission(answer(status)), refusal.is_failure(answer(status))) == (admitted, failed)


@pytest.mark.parametrize(
    ("given", "refusing", "expected"),
    [
        (answer(429), (401, 403), True), (answer(429), (429,), False), (answer(503), (401,), False),
        (answer(503, Retry_After="3"), (401,), True), (answer(503, Retry_After="3"), (503,), False),
        (answer(200, Retry_After="3"), (401,), False), (answer(None), (401,), False), (answer(401), (401,), False),
    ],
)  # fmt: skip
def test_who_throttles(given: Observation, refusing: tuple[int, ...], expected: bool) -> None:
    assert refusal.is_throttled(given, refusing) is expected


def test_throttling_by_the_usual_statuses() -> None:
    assert refusal.is_throttled(answer(429)) and not refusal.is_throttled(answer(403))


@pytest.mark.parametrize(("value", "seconds"), [("0", 0.0), ("7", 7.0), (" 12 ", 12.0), ("soon", None), ("", None)])
def test_how_long_to_wait(value: str, seconds: float | None) -> None:
    assert refusal.retry_after(answer(429, retry_after=value)) == seconds


def test_waiting_until_a_date(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_700_000_000.0
    monkeypatch.setattr(time, "time", lambda: now)
    for distance, expected in ((30, 30.0), (-30, 0.0)):
        date = email.utils.formatdate(now + distance, usegmt=True)
        assert refusal.retry_after(answer(503, retry_after=date)) == expected
    assert refusal.retry_after(answer(503)) is None


def test_close_codes_and_statuses_of_servers_are_what_the_standards_say() -> None:
    assert {1008, 4401, 4403} <= refusal.REFUSING_CLOSES and not {1000, 1001, 1006, 1011} & refusal.REFUSING_CLOSES
    assert {400, 413, 414, 431} == refusal.SERVER_REFUSES
    assert refusal.UNAVAILABLE == (502, 503, 504)


REFUSING = """\
{"code": 401, "msg": "x"}
{"code": "403"}
{"status": 401, "error": "x", "path": "/x", "timestamp": 1}
{"errcode": 401, "data": null}
{"error": "Unauthorized"}
{"error": "token_revoked", "ok": false}
{"success": false, "message": "Not logged in"}
{"statusCode": 403}
{"success": false, "data": {}, "message": "Please sign in first"}
{"status": "error", "message": "Invalid token"}
{"status": "fail", "reason": "missing credentials"}
{"error": {"code": 401, "message": "x"}}
{"error": {"code": "forbidden"}}
{"data": null, "error": {"message": "JWT expired", "status": 7}}
{"ok": false, "errorMessage": "No permission"}
{"success": false, "detail": "Admin role required"}
{"success": false, "msg": "You do not have the role"}
{"err": "session not valid"}
{"code": -1, "error": "login required"}
{"error": {"type": "authentication", "message": "not authorised"}}"""
TELLING = """\
{"code": 0, "msg": "signed in"}
{"code": 200, "message": "token refreshed"}
{"error": null, "message": "invalid token"}
{"code": 4010}
{"code": 401, "data": {"id": 1}}
{"code": 401, "rows": [1]}
{"error": "Unauthorized", "id": 7}
{"success": false, "message": "out of tokens"}
{"success": false, "error": "no such user"}
{"error": {"code": 401, "rows": [1]}}
{"error": {"code": 401}, "user": "a"}
{"success": true}
{"success": false}
{"status": "error", "message": "the permission was saved"}
{"message": "Unauthorized"}
{"ok": true, "message": "denied"}
{"error": ["denied"]}
{"error": "denied", "message": {"a": 1}}
{"authenticated": false, "error": ""}
{"error": false}
{"errors": ["denied"]}
{"data": {"error": "Unauthorized"}}
{"error": 1, "message": "a row"}
{"id": 401}
{"signed_in": false}
{"error": {}, "code": 1}"""


@pytest.mark.parametrize("body", REFUSING.splitlines())
def test_an_envelope_that_holds_nothing_but_a_refusal(body: str) -> None:
    assert refusal.said_in_body(body) == "refused"
    given = Observation(200, [], body)
    assert refusal.is_refusal(given) and refusal.is_success(given)
    assert not refusal.is_admission(given) and not refusal.refuses_by_status(given)
    assert not refusal.is_refusal(Observation(404, [], body))


@pytest.mark.parametrize("body", TELLING.splitlines())
def test_an_envelope_that_brings_something_or_says_something_else(body: str) -> None:
    assert refusal.said_in_body(body) is None
    assert refusal.is_admission(Observation(200, [], body)) and not refusal.is_refusal(Observation(200, [], body))


UNAUTHENTICATED = (
    '{"data": {"me": null}, "errors": [{"message": "x", "path": ["me"], "extensions": {"code": "UNAUTHENTICATED"}}]}'
)
OTHER = '{"errors": [{"message": "Syntax Error", "locations": [{"line": 1, "column": 1}]}]}'
ROW = '{"data": {"me": {"id": 1}, "you": null}, "errors": [{"message": "Unauthorized"}]}'
RPC = '{"jsonrpc": "2.0", "id": 1, "error": {"code": %s, "message": "%s"}}'


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (UNAUTHENTICATED, "refused"), (f" {UNAUTHENTICATED}", "refused"), (f"[{UNAUTHENTICATED}, {UNAUTHENTICATED}]", "refused"),
        ('{"errors": [{"message": "User is not authenticated"}]}', "refused"),
        ('{"errors": [{"message": "Forbidden"}], "data": null, "extensions": {}}', "refused"),
        ('{"errors": [{"message": "x", "extensions": {"status": 401}}]}', "refused"),
        (OTHER, "failed"), (f"[{UNAUTHENTICATED}, {OTHER}]", "failed"), ('{"errors": [{"message": "Unexpected token }"}]}', "failed"),
        ('{"errors": [{"message": "x", "extensions": {"status": 4011}}], "data": {}}', "failed"),
        # Data that came all the same, an answer of some route's own, and what is no JSON.
        (ROW, None), (f"[{UNAUTHENTICATED}, {ROW}]", None), ('{"errors": []}', None), ('{"errors": {"message": "Forbidden"}}', None),
        ('{"errors": [{"message": "denied", "at": "10:00"}]}', None), ('{"errors": ["denied"]}', None), ("[]", None), ('["error"]', None),
        ('{"errors": [{"message": "denied"}], "rows": [1]}', None), ('{"errors": [{"message": 401}]}', None), ("{error", None),
        ('{"data": {"me": null}}', None), ("error", None), ("", None), ('"error"', None),
        (RPC % (-32001, "Unauthorized"), "refused"), (RPC % (403, "x"), "refused"), (RPC % (-32601, "Method not found"), "failed"),
        ('{"jsonrpc": "2.0", "error": {"message": "denied"}, "result": 1}', None), ('{"jsonrpc": "2.0", "error": "denied"}', None),
        ('{"jsonrpc": "2.0", "result": "error"}', None), ("[" * 100_000 + "error", None),
    ],
)  # fmt: skip
def test_what_a_body_says_whose_status_is_a_success(body: str, expected: str | None) -> None:
    assert refusal.said_in_body(body) == expected
