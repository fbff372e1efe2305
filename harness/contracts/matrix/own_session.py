"""A session of the backend's own: the cookies that it sets on a genuine request must open nothing without a token.

Such a session outlives Clerk's minute, sign-out, revocation and ban, and is a second mechanism that no policy names (CWE-613; OWASP
ASVS 5.0 section 7.4). Cookies that only remember something (CSRF, language, visits) open nothing, and are no finding.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie

from harness.contracts.matrix.named import made_of
from harness.contracts.matrix.plan import Cell, RoutePlan
from harness.contracts.matrix.state import RouteState
from harness.credentials import CATALOGUE, Mint
from harness.credentials.jose import parts, unb64url
from harness.credentials.model import Presentation
from harness.fake_clerk.cookie_names import is_beside_session
from harness.targets.base import Observation

OWN_SESSION = CATALOGUE["cookies-after-genuine"]


def cookies_of(answer: Observation, issuer: str) -> dict[str, str]:
    """Return the cookies that an answer sets, as a browser would send them back; those that it takes away are empty.

    Those beside Clerk's session are left out, and so is a token of `issuer` under any name: it is verified where it is read, as any
    other. What else stands in `__session` is a session of the backend's own.
    """
    found: dict[str, str] = {}
    for name, value in answer.headers:
        if name.lower() != "set-cookie":
            continue
        cookies: SimpleCookie = SimpleCookie()
        try:
            cookies.load(value)
        except CookieError:
            continue
        for key, morsel in cookies.items():
            if not is_beside_session(key) and not _is_token_of(issuer, morsel.value):
                found[key] = "" if morsel["max-age"] == "0" else morsel.coded_value
    return found


def _is_token_of(issuer: str, text: str) -> bool:
    try:
        claims = json.loads(unb64url(parts(text)[1]))
    except (ValueError, IndexError):
        return False
    return isinstance(claims, dict) and claims.get("iss") == issuer


def own_session_cells(jar: dict[str, str], state: RouteState, mint: Mint, chosen: Callable[[Cell], bool]) -> list[Cell]:
    """Return the cell of a route: the cookies that genuine answers have set so far, on this route and others, and no token.

    `jar` keeps them for the routes to come. None where no cookie was set, or where people without a credential may enter.
    """
    for twin in state.twins.values():
        if twin.admitted:
            jar |= cookies_of(twin.observation, mint.instance.issuer)
    cookies = tuple((name, value) for name, value in jar.items() if value)
    if not cookies or state.open or state.plan.policy.optional or not state.admitted:
        return []
    cell = _cell(state.plan, cookies)
    return [cell] if chosen(cell) else []


def _cell(plan: RoutePlan, cookies: tuple[tuple[str, str], ...]) -> Cell:
    named = ", ".join(name for name, _ in cookies[:3])
    presented = Presentation(
        cookies=cookies, form=f"the cookies {named}" if len(cookies) > 1 else f"the cookie {named}"
    )
    return Cell(
        plan, made_of(OWN_SESSION, lambda mint: [presented]), plan.expects(OWN_SESSION, plan.ways[0]), plan.ways[0]
    )
