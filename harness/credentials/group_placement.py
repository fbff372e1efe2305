"""Group `placement`: a genuine token where it does not belong, or a name on a header that anybody can write."""

from __future__ import annotations

from typing import Any

from harness.credentials.mint import Mint
from harness.credentials.model import BASE, JWT, SESSION, Credential, Presentation, Recipe

_QUERY = "RFC 6750 section 2.3 and 5.3; RFC 9700 section 4.3.2"
_BODY = "RFC 6750 section 2.2"
_TRUST = "CWE-290; OWASP ASVS 4.0 section 4.1"


def _entry(name: str, recipe: Recipe, source: str, why: str, cwe: str = "CWE-290", **more: Any) -> Credential:
    return Credential(name, "placement", recipe, cwe, source, why, **more)


def _query(name: str) -> Recipe:
    return lambda m: Presentation(query=((name, m.genuine()),))


def _header(name: str, value: Any) -> Recipe:
    return lambda m: Presentation(headers=((name, value(m)),))


def _expired(mint: Mint) -> str:
    now = mint.now()
    return mint.signed(mint.claims(iat=now - 7200, nbf=now - 7210, exp=now - 3600))


def _genuine(mint: Mint) -> str:
    return mint.genuine()


def _from_its_own_page(mint: Mint) -> Presentation:
    """A token for another website, sent as that website's page sends it: the browser says where the page is from."""
    site = "https://evil.example"
    fields = (("origin", site), ("referer", f"{site}/"), ("x-forwarded-host", "evil.example"), ("x-forwarded-proto", "https"))
    return Presentation(token=mint.signed(mint.claims(azp=site)), headers=fields)


CREDENTIALS = [
    _entry("query-token", _query("token"), _QUERY, "A genuine token in the query string, where logs and referrers keep it.", "CWE-598", carrier="query:token", damages=JWT, placed=True, tags=frozenset({"sentinel"})),
    _entry("query-access-token", _query("access_token"), _QUERY, "A genuine token in the query parameter access_token.", "CWE-598", carrier="query:access_token", damages=JWT, placed=True),
    _entry("query-session", _query("__session"), _QUERY, "A genuine token in the query under the cookie's name.", "CWE-598", carrier="query:__session", damages=JWT, placed=True),
    _entry("body-token", lambda m: Presentation(body=(("token", m.genuine()), ("access_token", m.genuine()))), _BODY, "A genuine token in the body, among the data.", "CWE-290", only="body", damages=JWT, placed=True),
    _entry("x-auth-token", _header("x-auth-token", _genuine), "RFC 9110 section 11.6.2", "A genuine token in a header of somebody's own invention.", carrier="header:x-auth-token", damages=JWT, placed=True),
    _entry("x-access-token", _header("x-access-token", _genuine), "RFC 9110 section 11.6.2", "A genuine token in another header of somebody's own invention.", carrier="header:x-access-token", damages=JWT, placed=True),
    _entry("forwarded-user", _header("x-forwarded-user", lambda m: m.identity.email), _TRUST, "A name in the header that proxies set: without a proxy anybody can.", placed=True, tags=frozenset({"misconfigured"})),
    _entry("x-user-id", _header("x-user-id", lambda m: str(m.identity.database_id)), _TRUST, "A user's number in a header that anybody can write.", placed=True, tags=frozenset({"misconfigured", "sentinel"})),
    _entry("x-clerk-user-id", _header("x-clerk-user-id", lambda m: m.user.id), _TRUST, "A Clerk user's id in a header that anybody can write.", placed=True, tags=frozenset({"misconfigured"})),
    _entry("x-clerk-auth-status", lambda m: Presentation(headers=(("x-clerk-auth-status", "signed-in"), ("x-clerk-auth-reason", ""), ("x-clerk-user-id", m.user.id))), "CVE-2024-22206", "The headers by which Clerk's middleware tells a server that somebody is signed in, written by the client.", placed=True),
    _entry("x-middleware-subrequest", _header("x-middleware-subrequest", lambda m: ":".join(["middleware"] * 5)), "CVE-2025-29927", "The header by which a framework skips its own middleware, written by the client.", "CWE-285", placed=True),
    _entry("remote-user", lambda m: Presentation(headers=(("remote-user", m.identity.email), ("x-remote-user", m.identity.email))), _TRUST, "A name in the header of servers that authenticate for an app.", placed=True, tags=frozenset({"misconfigured"})),
    _entry("proxy-authorization", _header("proxy-authorization", lambda m: f"Bearer {m.genuine()}"), "RFC 9110 section 11.7.2", "A genuine token in the field that is meant for a proxy.", damages=JWT, placed=True),
    _entry("azp-foreign-with-origin", _from_its_own_page, "https://clerk.com/docs/guides/sessions/manual-jwt-verification (azp)", "A genuine token that was made for another website, and the Origin of that website: who compares the token with the request's own headers lets it in.", "CWE-346", damages=SESSION),
    _entry("cookie-wrong-suffix", lambda m: Presentation(cookies=(("__session_wrongSfx", m.genuine()),)), "https://clerk.com/docs/guides/how-clerk-works/overview (cookie suffixes)", "A genuine token in the session cookie of another instance.", follows=BASE, authentic=True, damages=JWT, placed=True),
    _entry("cookie-expired-header-genuine", lambda m: Presentation(token=m.genuine(), cookies=(("__session", _expired(m)),)), "RFC 6750 section 2", "A genuine token in the header beside an expired cookie: the header decides.", "CWE-287", follows=BASE, authentic=True, damages=JWT, placed=True),
    _entry("header-expired-cookie-genuine", lambda m: Presentation(token=_expired(m), cookies=(("__session", m.genuine()),)), "RFC 6750 section 2", "An expired token in the header beside a genuine cookie: a refused header must not fall back.", "CWE-636", follows="clerk-cookie", authentic=True, damages=JWT, placed=True),
    _entry("websocket-subprotocol", lambda m: Presentation(headers=(("sec-websocket-protocol", f"bearer, {m.genuine()}"),)), "RFC 6455 section 11.3.4", "A genuine token in the list of subprotocols of a websocket.", "CWE-598", carrier="subprotocol", only="websocket", follows=BASE, authentic=True, damages=JWT, placed=True),
    _entry("websocket-query", _query("token"), _QUERY, "A genuine token in the query of a websocket, where browsers can put it.", "CWE-598", carrier="query:token", only="websocket", follows=BASE, authentic=True, damages=JWT, placed=True),
]
