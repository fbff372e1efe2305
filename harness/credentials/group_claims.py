"""Group `claims`: signed by the genuine key. Only a look at the claims can stop these."""

from __future__ import annotations

from typing import Any

from harness.credentials.mint import Mint
from harness.credentials.model import BASE, JWT, PEOPLE, SESSION, Credential, Recipe
from harness.credentials.recipes import token
from harness.fake_clerk.ids import new_id

_ISS = "RFC 7519 section 4.1.1; RFC 8725 section 3.8"
_AZP = "https://clerk.com/docs/guides/sessions/manual-jwt-verification (azp)"
_AUD = "RFC 7519 section 4.1.3; RFC 8725 section 3.9"
_SUB = "RFC 7519 section 4.1.2"
_SID = "https://clerk.com/docs/guides/sessions/session-tokens"


def _entry(name: str, change: Any, source: str, why: str, cwe: str = "CWE-345", **more: Any) -> Credential:
    recipe: Recipe = token(lambda m: m.signed(m.claims(**change(m))))
    return Credential(name, "claims", recipe, cwe, source, why, **{"damages": JWT} | more)


def _of_user(name: str, make: Any, source: str, why: str, identity: str = "newcomer") -> Credential:
    """What a verifier without network cannot know for the minute that a token lives: a policy may pin its answer."""
    return Credential(
        name, "claims", token(make), "CWE-285", source, why, identity, follows=BASE, authentic=True, damages=SESSION
    )  # fmt: skip


def _unknown(mint: Mint) -> str:
    return mint.signed(mint.claims(sub=new_id("user")))


def _banned(mint: Mint) -> str:
    user = mint.instance.directory.add_user(
        "banned@example.com", first_name="Bao", last_name="Banned", banned=True, organization=mint.user.organization
    )
    return mint.genuine(user)


def _deleted(mint: Mint) -> str:
    user = mint.instance.directory.add_user(
        "deleted@example.com", first_name="Del", last_name="Deleted", organization=mint.user.organization
    )
    made = mint.genuine(user)
    mint.instance.directory.remove_user(user.id)
    return made


def _revoked(mint: Mint) -> str:
    session = mint.instance.directory.new_session(mint.user.id)
    session.status = "revoked"
    return mint.signed(mint.claims(sid=session.id))


def _role_by_user(mint: Mint) -> str:
    """`unsafe_metadata` is what users write about themselves; a template or custom claim may carry it."""
    return mint.signed(mint.claims(unsafe_metadata={"role": "admin"}, metadata={}, public_metadata={}))


CREDENTIALS = [
    _entry("iss-other", lambda m: {"iss": "https://clerk.evil.example"}, _ISS, "A token that names another issuer.", "CWE-346", tags=frozenset({"sentinel", "spot-check", "misconfigured"})),
    _entry("iss-missing", lambda m: {"iss": ...}, _ISS, "A token that names no issuer.", "CWE-346"),
    _entry("iss-prefix", lambda m: {"iss": m.instance.issuer[:-4]}, _ISS, "An issuer that the genuine one begins with: a prefix check lets it in.", "CWE-187"),
    _entry("iss-suffix", lambda m: {"iss": f"{m.instance.issuer}.evil.example"}, _ISS, "An issuer that begins with the genuine one: a prefix check lets it in.", "CWE-187"),
    _entry("iss-substring", lambda m: {"iss": m.instance.domain[2:-2]}, "CVE-2024-53861", "A part of the genuine issuer: a check by `in` lets it in.", "CWE-697"),
    _entry("iss-array", lambda m: {"iss": [m.instance.issuer, "https://clerk.evil.example"]}, _ISS, "A list of issuers with the genuine one in it.", "CWE-1287"),
    _entry("iss-upper-case", lambda m: {"iss": m.instance.issuer.upper()}, _ISS, "The genuine issuer in capitals, which is another text: issuers are compared letter by letter.", "CWE-178"),
    _entry("iss-http", lambda m: {"iss": m.instance.issuer.replace("https://", "http://")}, _ISS, "The genuine issuer without TLS, which is another issuer.", "CWE-346"),
    _entry("iss-trailing-slash", lambda m: {"iss": f"{m.instance.issuer}/"}, _ISS, "The genuine issuer with a slash at the end, which is another issuer.", "CWE-346"),
    _entry("azp-foreign", lambda m: {"azp": "https://evil.example"}, _AZP, "A genuine token that was made for another website.", "CWE-346", damages=PEOPLE, tags=frozenset({"sentinel", "spot-check", "misconfigured"})),
    _entry("azp-lookalike-suffix", lambda m: {"azp": f"{m.origin}.evil.example"}, _AZP, "A website whose address begins like the authorized one.", "CWE-187", damages=PEOPLE),
    _entry("azp-lookalike-prefix", lambda m: {"azp": m.origin.replace("://", "://evil-", 1)}, _AZP, "A website whose address ends like the authorized one: a check by the end, or a search, lets it in.", "CWE-187", damages=PEOPLE),
    _entry("azp-array", lambda m: {"azp": [m.origin, "https://evil.example"]}, _AZP, "A list of websites with the authorized one in it.", "CWE-1287", damages=PEOPLE),
    _entry("aud-foreign", lambda m: {"aud": "https://another-api.example"}, _AUD, "A token that was made for another service.", "CWE-346", damages=PEOPLE),
    _entry("sub-missing", lambda m: {"sub": ...}, _SUB, "A token that is nobody's.", "CWE-287"),
    _entry("sub-null", lambda m: {"sub": None}, _SUB, "A token whose user is null.", "CWE-287"),
    _entry("sub-empty", lambda m: {"sub": ""}, _SUB, "A token whose user is the empty word.", "CWE-287"),
    _entry("sub-number", lambda m: {"sub": 1}, _SUB, "A token whose user is a number: the first row of a table, perhaps.", "CWE-1287"),
    _entry("sub-array", lambda m: {"sub": [m.claims()["sub"], m.other_subject]}, _SUB, "A token of two users at once: must be refused, not crash.", "CWE-248"),
    _entry("sub-of-machine", lambda m: {"sub": new_id("mch")}, "https://clerk.com/docs/guides/development/machine-auth/m2m-tokens", "A session token whose subject is a machine.", "CWE-843", damages=PEOPLE),
    _of_user("sub-unknown-user", _unknown, _SUB, "A genuine signature for a user that Clerk does not know."),
    _of_user("sub-banned-user", _banned, "https://clerk.com/docs/guides/secure/banning-users", "A token of a user who was banned a moment ago and lives on for its minute."),
    _of_user("sub-deleted-user", _deleted, "https://clerk.com/docs/guides/users/managing", "A token of a user who was deleted a moment ago and lives on for its minute."),
    _entry("sid-missing", lambda m: {"sid": ...}, _SID, "A token without a session behind it.", "CWE-613", damages=SESSION),
    _of_user("sid-revoked", _revoked, _SID, "A token of a session that was revoked a moment ago and lives on for its minute.", "alice"),
    _entry("version-unknown", lambda m: {"v": 99}, _SID, "A version of the claims that nobody has defined.", "CWE-358", tolerate=True, authentic=True, damages=SESSION),
    Credential("unsafe-metadata-role", "claims", token(_role_by_user), "CWE-269", "https://clerk.com/docs/guides/users/extending (unsafe metadata)", "The role admin in what users may write about themselves: it must give nobody a right.", follows="clerk", role=True, authentic=True),
]  # fmt: skip
