"""The claim `fva`, which tells how long ago a person proved who she is, and how she does so again."""

from __future__ import annotations

from typing import Any

import pytest

from harness.fake_clerk import FakeClerk, Session, User
from harness.fake_clerk.models.second_factors import Totp
from tests.fake_clerk.browsers import Browser, claims, sign_in


@pytest.fixture
def ann(clerk: FakeClerk) -> User:
    return clerk.directory.add_user("ann+clerk_test@example.com", password="correct horse", username="ann")


def later(session: Session, minutes: int) -> None:
    """Let the sign-in be that long ago."""
    session.first_verified_at -= minutes * 60_000
    if session.second_verified_at is not None:
        session.second_verified_at -= minutes * 60_000


def ages(browser: Browser, clerk: FakeClerk, session: str) -> list[int]:
    found = claims(clerk, browser.post(f"/client/sessions/{session}/tokens")["jwt"])["fva"]
    (document,) = browser.ask("GET", "/client")["response"]["sessions"]
    assert document["factor_verification_age"] == found
    return list(found)


@pytest.mark.parametrize(
    ("first", "second", "now", "expected"),
    [(0, None, 59, [0, -1]), (0, None, 60, [1, -1]), (60_000, 0, 660, [10, 11]), (5_000, None, 0, [0, -1])],
)
def test_ages_are_whole_minutes(first: int, second: int | None, now: float, expected: list[int]) -> None:
    session = Session("sess_1", "user_1", first_verified_at=first, second_verified_at=second)
    assert session.factor_ages(now) == expected


def test_the_claim_follows_sign_in_and_reverification(browser: Browser, clerk: FakeClerk, ann: User) -> None:
    session = sign_in(browser)
    assert ages(browser, clerk, session) == [0, -1]
    later(clerk.directory.sessions[session], 12)
    assert ages(browser, clerk, session) == [12, -1]
    path = f"/client/sessions/{session}/verify"
    begun = browser.post(path, level="first_factor")["response"]
    assert (begun["status"], begun["supported_second_factors"]) == ("needs_first_factor", None)
    assert (
        browser.code(f"{path}/attempt_first_factor", strategy="password", password="wrong") == "form_password_incorrect"
    )
    assert ages(browser, clerk, session) == [12, -1]
    done = browser.post(f"{path}/attempt_first_factor", strategy="password", password="correct horse")["response"]
    assert (done["status"], done["session"]["factor_verification_age"]) == ("complete", [0, -1])
    assert ages(browser, clerk, session) == [0, -1]


def test_a_second_factor_has_an_age_of_its_own(browser: Browser, clerk: FakeClerk, ann: User) -> None:
    totp = Totp(verified=True)
    clerk.directory.update_user(ann.id, totp=totp, backup_codes=["spare"])
    made = browser.post("/client/sign_ins", identifier="ann", password="correct horse")["response"]
    code = totp.password(clerk.clock())
    browser.post(f"/client/sign_ins/{made['id']}/attempt_second_factor", strategy="totp", code=code)
    (session,) = [s for s in clerk.directory.sessions.values() if s.user_id == ann.id]
    assert ages(browser, clerk, session.id) == [0, 0]
    later(session, 30)
    path = f"/client/sessions/{session.id}/verify"
    assert browser.post(path, level="second_factor")["response"]["status"] == "needs_second_factor"
    wrong = browser.code(f"{path}/attempt_first_factor", strategy="password", password="correct horse")
    assert wrong == "verification_missing"
    done = browser.post(f"{path}/attempt_second_factor", strategy="backup_code", code="spare")["response"]
    assert (done["status"], ann.backup_codes) == ("complete", [])
    assert ages(browser, clerk, session.id) == [30, 0]


def test_both_factors_in_their_order(browser: Browser, clerk: FakeClerk, ann: User) -> None:
    session = sign_in(browser)
    totp = Totp(verified=True)
    clerk.directory.update_user(ann.id, totp=totp)
    later(clerk.directory.sessions[session], 30)
    path = f"/client/sessions/{session}/verify"
    browser.post(path, level="multi_factor")
    assert browser.code(f"{path}/attempt_second_factor", strategy="totp", code="000000") == "verification_missing"
    browser.post(f"{path}/prepare_first_factor", strategy="email_code")
    half = browser.post(f"{path}/attempt_first_factor", strategy="email_code", code="424242")["response"]
    assert (half["status"], ages(browser, clerk, session)) == ("needs_second_factor", [0, -1])
    code = totp.password(clerk.clock())
    done = browser.post(f"{path}/attempt_second_factor", strategy="totp", code=code)["response"]
    assert (done["status"], ages(browser, clerk, session)) == ("complete", [0, 0])


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("", {"level": "everything"}, "form_param_value_invalid"),
    ("/attempt_first_factor", {"strategy": "password", "password": "correct horse"}, "verification_missing"),
    ("/prepare_second_factor", {"strategy": "phone_code"}, "verification_missing"),
]


@pytest.mark.parametrize(("path", "form", "code"), REFUSED)
def test_refused_reverifications(browser: Browser, ann: User, path: str, form: dict[str, Any], code: str) -> None:
    assert browser.code(f"/client/sessions/{sign_in(browser)}/verify{path}", **form) == code


@pytest.mark.parametrize("strategy", ["phone_code", "passkey"])
def test_what_the_fake_cannot_verify(browser: Browser, ann: User, strategy: str) -> None:
    path = f"/client/sessions/{sign_in(browser)}/verify"
    browser.post(path, level="first_factor")
    for step in ("prepare", "attempt"):
        assert browser.code(f"{path}/{step}_first_factor", strategy=strategy) == "form_param_value_invalid"
