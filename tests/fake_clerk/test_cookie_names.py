"""Which cookies are Clerk's by their names, and that a name alone does not make a session of its own Clerk's."""

from __future__ import annotations

import pytest

from harness.contracts.frontend.judging import is_clerks
from harness.fake_clerk import FakeClerk
from harness.fake_clerk.cookie_names import holds_session, is_beside_session


@pytest.mark.parametrize(
    ("name", "session", "beside"),
    [
        ("__session", True, False),
        ("__session_Ab1-_x9Z", True, False),
        ("__session_id", False, False),
        ("__session_of_portal", False, False),
        ("__sessions", False, False),
        ("session", False, False),
        ("__client_uat", False, True),
        ("__client_uat_Ab1-_x9Z", False, True),
        ("__client", False, True),
        ("__clients", False, False),
        ("__clerk_db_jwt", False, True),
        ("__clerk_db_jwt_Ab1-_x9Z", False, True),
        ("__clerk_handshake", False, True),
        ("__refresh_Ab1-_x9Z", False, True),
        ("clerk_active_context", False, True),
        ("clerk_token", False, False),
    ],
)
def test_names(name: str, session: bool, beside: bool) -> None:
    assert (holds_session(name), is_beside_session(name)) == (session, beside)


def test_a_session_of_its_own_under_clerks_name_is_not_clerks() -> None:
    clerk, other = FakeClerk(), FakeClerk()
    token = clerk.session_token(clerk.directory.add_user("ada@example.com"))
    foreign = other.session_token(other.directory.add_user("ada@example.com"))
    names = ("__session", f"__session_{clerk.cookie_suffix}")
    assert all(is_clerks(clerk, name, value) for name in names for value in (token, ""))
    assert not any(is_clerks(clerk, name, value) for name in names for value in (foreign, "QWRhOjE6MDow", "1"))
    assert is_clerks(clerk, "__client_uat", "1764000000")
    assert not is_clerks(clerk, "portal", token)
