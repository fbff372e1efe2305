"""The front-end contract finds each flaw by its check, and leaves front ends alone that are in order."""

from __future__ import annotations

import pytest

from tests.frontend.conftest import PAGES, Hold

JOURNEY = "sign-in,fresh-token,token-origin,no-stored-credential,no-loop"


@pytest.mark.parametrize("style", ["", "own"])
def test_what_is_in_order_is_left_alone(held: Hold, style: str) -> None:
    checks = held("harmless talks protocol posted-home", style=style, organization={"switch": ["[data-org='{id}']"]})
    assert [(c.name, c.status, c.detail, c.events) for c in checks.values() if c.status != "proven"] == []


FLAWS = [
    ("sign-in", "open", ["/profile does not send a stranger to the sign-in"]),
    ("sign-in", "public-closed", ["/ is public, and a stranger gets to https://"]),
    ("sign-in", "not-back", ["after the sign-in the tab shows /, not /dashboard"]),
    ("sign-in", "local-sign-out", ["the sign-out does not end the session"]),
    ("fresh-token", "no-token", ["GET /old/me of /dashboard carries no Clerk session token"]),
    ("fresh-token", "old-token", ["carries no Clerk session token, but an encoding of a text with an e-mail address"]),
    ("fresh-token", "beside query", [
        "another credential: an encoding of a text with an e-mail address of the person in the header field `x-auth-token`",
        "another credential: a session token of Clerk in the query `access`",
    ]),
    ("fresh-token", "mute", ["WEBSOCKET /live of /dashboard carries no Clerk session token"]),
    ("fresh-token", "old-talk", ["another credential: an encoding of a text with an e-mail address of the person in its body"]),
    ("token-origin", "posted", ["a session token of Clerk is posted to windows of any origin (`*`), at /dashboard"]),
    ("token-origin", "analytics", ["a session token of Clerk goes to https://stats.example.com, in its body"]),
    ("no-stored-credential", "stored session-stored cookie address printed logged", [
        "localStorage, `userToken`, at /dashboard, holds an encoding of a text with an e-mail address of the person",
        "sessionStorage, `auth`, at /dashboard, holds a session token of Clerk",
        "cookie, `backend`, at /dashboard, holds a session token of Clerk",
        "the address of /dashboard shows a session token of Clerk",
        "the HTML of /dashboard holds base64 of JSON with user_id",
        "the console at /dashboard shows a session token of Clerk",
    ]),
    ("no-stored-credential", "database cached named state", [
        "indexedDB, `persisted/state/root`, at /dashboard, holds a session token of Clerk",
        "cache, `answers/token.json`, at /dashboard, holds a session token of Clerk",
        "window, `name`, at /dashboard, holds base64 of JSON with user_id",
        "window, `history.state`, at /dashboard, holds a session token of Clerk",
    ]),
    ("no-stored-credential", "keyed filed navigated", [
        "sessionStorage, in a key at /dashboard, holds a session token of Clerk",
        "files, `queue/next.json`, at /dashboard, holds a session token of Clerk",
        "window, `navigation state`, at /dashboard, holds a session token of Clerk",
    ]),
    ("no-loop", "loop", ["does not come to rest: more than 8 navigations"]),
]  # fmt: skip


@pytest.mark.parametrize(("check", "flaw", "said"), FLAWS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_flaw_is_found_by_its_check_alone(held: Hold, check: str, flaw: str, said: list[str]) -> None:
    pages = PAGES if flaw in ("open", "loop") else {path: PAGES[path] for path in ("/", "/dashboard")}
    found = held(flaw, JOURNEY, pages=pages)
    broken = {name: each.detail for name, each in found.items() if each.failed}
    assert list(broken) == [check], broken
    assert [text for text in said if text not in broken[check]] == [], broken
    assert found[check].events
    assert check == "no-loop" or found[check].picture == f"frontend/{check}.png"


def test_what_a_shared_worker_sends_is_not_taken_for_nothing(held: Hold) -> None:
    found = held("worker-tells", JOURNEY, pages={"/dashboard": PAGES["/dashboard"]})
    assert [name for name, each in found.items() if each.status != "proven"] == ["token-origin"]
    told = "what the shared worker /shared.js sends cannot be seen"
    assert (found["token-origin"].status, found["token-origin"].detail) == ("not examined", told)


PASSWORDS = [
    (
        "no-stored-credential",
        "password-kept",
        "sessionStorage, `form`, at /dashboard, holds the password of the person",
    ),
    ("no-stored-credential", "password-address", "the address of /sign-in shows the password of the person"),
    ("token-origin", "password-sent", "the password of the person goes to https://replay.example.com, in its body"),
]


@pytest.mark.parametrize(("check", "flaw", "said"), PASSWORDS, ids=[flaw for _, flaw, _ in PASSWORDS])
def test_a_password_that_is_kept_shown_or_given_away_is_found(held: Hold, check: str, flaw: str, said: str) -> None:
    found = held(flaw, JOURNEY, style="own", pages={"/dashboard": PAGES["/dashboard"]})
    broken = {name: each.detail for name, each in found.items() if each.failed}
    assert list(broken) == [check] and said in broken[check], broken


def test_an_address_that_is_remembered_is_left_alone(held: Hold) -> None:
    found = held("address-kept", JOURNEY, style="own", pages={"/dashboard": PAGES["/dashboard"]})
    assert [(c.name, c.status, c.detail) for c in found.values() if c.status != "proven"] == []


SIGN_UP = {"sign_up": {}, "pages": {"/dashboard": PAGES["/dashboard"]}}


def test_a_sign_up_of_the_front_end_s_own_is_left_alone(held: Hold) -> None:
    found = held("", JOURNEY, style="own", **SIGN_UP)
    assert [(c.name, c.status, c.detail) for c in found.values() if c.status != "proven"] == []


@pytest.mark.parametrize("flaw", ["stuck", "unverified"])
def test_a_sign_up_by_which_nobody_gets_in_is_found(held: Hold, flaw: str) -> None:
    found = held(flaw, "sign-in", style="own", patience=5, **SIGN_UP)["sign-in"]
    assert found.failed and "nobody gets in by the sign-up" in found.detail, (found.detail, found.events)
    assert "filled in the sign-up" in " ".join(found.events) and found.picture == "frontend/sign-in.png"


LASTING = [
    ("sign-out", "goes-on", "65 s after the sign-out tab 2 still shows /dashboard"),
    ("sign-out", "polls", "65 s after the sign-out GET /me is still sent with a token"),
    ("revoked", "goes-on", "65 s after the revocation of the session tab 1 still shows /dashboard"),
    ("refresh", "stale", "GET /me of /dashboard carries a token from 120 seconds before"),
]


@pytest.mark.parametrize(("check", "flaw", "said"), LASTING, ids=lambda value: value if " " not in value else "")
def test_what_goes_on_for_too_long_is_found(held: Hold, check: str, flaw: str, said: str) -> None:
    found = held(flaw, check, pages={"/dashboard": PAGES["/dashboard"]}, patience=5)[check]
    assert found.failed and said in found.detail, (found.detail, found.events)
    if check == "revoked":
        assert [each for each in ("the ban", "the deletion of the account") if each not in found.detail] == []
    assert found.events


OTHERS = [
    ("separation", "mixed", "/dashboard shows the name of somebody who is signed in in another browser"),
    ("separation", "shared", "/dashboard shows the name of somebody who was signed in in the same browser before"),
    (
        "separation",
        "flash",
        "/dashboard shows, while it loads, the name of somebody who was signed in in the same browser before",
    ),
    (
        "separation",
        "offline-first",
        "/dashboard shows, while it loads, the name of somebody who was signed in in the same browser before",
    ),
    ("outage", "offline", "while Clerk cannot be reached /dashboard shows the name of somebody who has signed out"),
    ("organization", "tenant", "the switch does not reach Clerk"),
    ("organization", "old-tenant", "after the switch GET /me carries a token of another organization"),
    ("outage", "fails-open", "while Clerk cannot be reached a stranger sees /dashboard"),
    ("outage", "blank", "while Clerk cannot be reached /dashboard is blank"),
    ("outage", "gives-up", "/dashboard does not recover"),
]


@pytest.mark.parametrize(("check", "flaw", "said"), OTHERS, ids=lambda value: value if " " not in value else "")
def test_mixed_up_people_and_outages_are_found(held: Hold, check: str, flaw: str, said: str) -> None:
    more = {"organization": {"switch": ["[data-org='{id}']"]}, "pages": {"/dashboard": PAGES["/dashboard"]}}
    found = held(flaw, check, patience=5, **more)[check]
    assert found.failed and said in found.detail, (found.status, found.detail, found.events)


DASHBOARD = {"pages": {"/dashboard": PAGES["/dashboard"]}}


@pytest.mark.parametrize("flaw", ["", "answers empties"])
def test_two_people_in_one_document_are_left_alone(held: Hold, flaw: str) -> None:
    found = held(flaw, "sign-in,sign-out,separation", style="one", **DASHBOARD)
    assert [(c.name, c.status, c.detail, c.events) for c in found.values() if c.status != "proven"] == []


def test_what_is_kept_in_memory_of_somebody_who_has_signed_out_is_found(held: Hold) -> None:
    found = held("answers", "separation", style="one", **DASHBOARD)["separation"]
    assert found.failed, (found.status, found.detail)
    assert (
        "/dashboard shows the id of somebody who was signed in in the same document before, and stays so"
        in found.detail
    )
    assert "somebody else signs in there, and nothing is loaded anew" in found.events


def test_what_is_kept_for_an_outage_and_goes_with_the_sign_out_is_left_alone(held: Hold) -> None:
    found = held("offline offline-first empties", "separation,outage", **DASHBOARD)
    assert [(c.name, c.status, c.detail, c.events) for c in found.values() if c.status != "proven"] == []
