"""Group `state`: not single tokens but sequences. What the target remembers, and what it does when its issuer is in trouble."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.credentials import jose
from harness.credentials.group_opaque import opaque_unknown
from harness.credentials.mint import Mint
from harness.credentials.model import BASE, JWT, SESSION, Credential, Presentation, Recipe
from harness.credentials.recipes import token
from harness.fake_clerk import SigningKey
from harness.fake_clerk.ids import new_id

_CACHE = "CWE-524; OWASP ASVS 5.0 section 9.2"
_JWKS = "RFC 7517 section 5; RFC 8725 section 3.10"
_SESSION = "https://clerk.com/docs/guides/sessions/session-tokens"


def _entry(name: str, recipe: Recipe, source: str, why: str, cwe: str, **more: Any) -> Credential:
    return Credential(name, "state", recipe, cwe, source, why, **more)


def _after_genuine(forge: Any) -> Recipe:
    """A genuine token first; then a forgery that a careless cache takes for it."""

    def recipe(mint: Mint) -> Presentation:
        claims = mint.claims()
        genuine = mint.signed(claims)
        return Presentation(token=forge(mint, claims, genuine), before=(Presentation(token=genuine),))

    return recipe


def _same_jti(mint: Mint, claims: dict[str, Any], genuine: str) -> str:
    other = {"sub": mint.other_subject} | ({"sid": new_id("sess")} if "sid" in claims else {})
    return mint.signed(claims | other, key=mint.attacker)


def _same_sub(mint: Mint, claims: dict[str, Any], genuine: str) -> str:
    return mint.signed(mint.claims(jti=new_id("jti")), key=mint.attacker)


def _same_prefix(mint: Mint, claims: dict[str, Any], genuine: str) -> str:
    """Header and payload letter by letter, the signature from the middle on another."""
    header, payload, signature = jose.parts(genuine)
    half = len(signature) // 2
    other = "".join("A" if letter != "A" else "B" for letter in signature[half:])
    # Of the last letter only two bits count (2,048 of 2,052): the others stay zero, or it would be no base64url.
    return f"{header}.{payload}.{signature[:half]}{other[:-1]}{'A' if signature[-1] != 'A' else 'Q'}"


def _same_signature(mint: Mint, claims: dict[str, Any], genuine: str) -> str:
    """Another user's claims before the very same last part."""
    header, _, signature = jose.parts(genuine)
    other = {"sub": mint.other_subject} | ({"sid": new_id("sess")} if "sid" in claims else {})
    return f"{header}.{jose.segment(claims | other)}.{signature}"


def _same_payload(mint: Mint, claims: dict[str, Any], genuine: str) -> str:
    """The very same middle between another first and another last part."""
    _, payload, _ = jose.parts(genuine)
    body = f"{jose.segment(mint.header(kid=mint.attacker.kid))}.{payload}"
    return f"{body}.{jose.b64url(mint.attacker.sign(body.encode()))}"


def _revoked_after(mint: Mint) -> Presentation:
    session = mint.instance.directory.new_session(mint.user.id)
    made = Presentation(token=mint.signed(mint.claims(sid=session.id)))

    def revoke() -> None:
        session.status = "revoked"

    return replace(made, before=(made,), then=revoke)


def _banned_after(mint: Mint) -> Presentation:
    user = mint.instance.directory.add_user(f"{new_id('ban')[4:14].lower()}@example.com", id=new_id("user"), first_name="Bao", last_name="Banned", organization=mint.user.organization)
    made = Presentation(token=mint.genuine(user))

    def ban() -> None:
        user.banned = True

    return replace(made, before=(made,), then=ban)


def _short_lived(mint: Mint) -> Presentation:
    """A genuine token of which but two seconds are left: sent at once, and again when these are over."""
    made = Presentation(token=mint.signed(mint.claims(iat=mint.now() - 58, nbf=mint.now() - 68, exp=mint.now() + 2)))
    return replace(made, before=(made,))


def _rotated_out(mint: Mint) -> Presentation:
    """Signed by a key that is published, for as long as it takes to be accepted once."""
    key = SigningKey()
    mint.instance.published.append(key)
    # A verifier may take the better part of a minute to ask for keys again: this token lives longer than others.
    made = Presentation(token=mint.signed(mint.claims(exp=mint.now() + 300), key=key, kid=key.kid))
    return replace(made, before=(made,), then=lambda: mint.instance.published.remove(key))


def _unknown_kid(mint: Mint) -> str:
    return mint.signed(mint.claims(), key=mint.attacker, kid=new_id("ins"))


def _unheard_of(mint: Mint) -> str:
    """What no issuer has given out: of a JWT a forgery, of an opaque token one of the same shape."""
    if mint.base is not None and mint.base.kind == "opaque":
        return opaque_unknown(mint)
    return mint.signed(mint.claims(), key=mint.attacker)


_forged: Recipe = token(lambda m: m.signed(m.claims(), key=m.attacker))

CREDENTIALS = [
    _entry("forged-after-genuine-same-jti", _after_genuine(_same_jti), _CACHE, "A genuine token, then a forged one with the same token id: a cache by that id lets it in.", "CWE-524", damages=JWT),
    _entry("forged-after-genuine-same-sub", _after_genuine(_same_sub), _CACHE, "A genuine token, then a forged one of the same user: a cache by the user lets it in.", "CWE-524", damages=JWT),
    _entry("forged-after-genuine-same-prefix", _after_genuine(_same_prefix), _CACHE, "A genuine token, then one that differs only towards its end: a cache by the first letters lets it in.", "CWE-524", damages=JWT),
    _entry("forged-after-genuine-same-signature", _after_genuine(_same_signature), _CACHE, "A genuine token, then another user's claims before the same signature: a cache by the last letters lets it in.", "CWE-524", damages=JWT),
    _entry("forged-after-genuine-same-payload", _after_genuine(_same_payload), _CACHE, "A genuine token, then a forged one with the same middle part: a cache by the claims lets it in.", "CWE-524", damages=JWT),
    _entry("cookies-after-genuine", lambda m: Presentation(), "CWE-613; OWASP ASVS 5.0 section 7.4", "No token, but the cookies that the backend itself has set when a genuine one came: a session of its own outlives Clerk's, and its sign-out, revocation and ban.", "CWE-613", authentic=True, fresh=True, learned=True, placed=True),
    _entry("forged-newcomer", _forged, "OWASP ASVS 5.0 section 9.1; CWE-696", "A forged token of somebody whom the database has never seen: it must not leave there what a first sign-in leaves.", "CWE-696", identity="newcomer", fresh=True, damages=JWT),
    _entry("expired-after-genuine", _short_lived, "RFC 7519 section 4.1.4", "A genuine token, and the same one again when it has run out: a cache must not outlive what it holds.", "CWE-613", drill="expiry", fresh=True, damages=JWT),
    _entry("revoked-after-genuine", _revoked_after, _SESSION, "A token that was let in, and again after its session was revoked; it lives on for its minute.", "CWE-613", follows=BASE, authentic=True, fresh=True, damages=SESSION),
    _entry("banned-after-genuine", _banned_after, "https://clerk.com/docs/guides/secure/banning-users", "A token that was let in, and again after its user was banned; it lives on for its minute.", "CWE-613", follows=BASE, authentic=True, fresh=True, identity="newcomer", damages=SESSION),
    _entry("rotated-out-after-genuine", _rotated_out, _JWKS, "A token that was let in, and again after its key is published no more: caches keep keys for minutes.", "CWE-324", drill="withdrawn", follows=BASE, authentic=True, fresh=True, damages=JWT),
    _entry("two-identities-at-once", token(lambda m: m.genuine()), "CWE-362; CWE-488", "Two people at the same moment: no answer may carry the other's identity.", "CWE-488", drill="pair", authentic=True),
    _entry("answer-of-who-came-first", token(lambda m: m.genuine()), "CWE-524; RFC 9111 section 3.5", "Two people with the same question, and after a fresh start in the other order: an answer that is remembered for a path shows everybody whoever came first.", "CWE-524", drill="shared", authentic=True),
    _entry("unknown-kid-flood", token(_unknown_kid), "RFC 8725 section 3.10; CWE-770", "Twenty tokens with key ids that nobody knows: each need not be a question to the issuer.", "CWE-770", drill="flood", tolerate=True, fresh=True, damages=JWT),
    _entry("api-outage", token(_unheard_of), "CWE-636; RFC 7662 section 2.2; OWASP ASVS 5.0 section 8.3", "Clerk's Backend API cannot be asked (500, 503, 429): whoever it would not vouch for is let in by nobody else.", "CWE-636", drill="silence", fresh=True, damages=JWT | {"opaque"}),
    _entry("jwks-outage", _forged, _JWKS, "The issuer's keys cannot be had when the first tokens come: nothing unverified may get in.", "CWE-636", drill="outage", damages=JWT),
    _entry("jwks-slow", _forged, _JWKS, "The issuer's keys come late: nothing unverified may get in meanwhile.", "CWE-636", drill="slow", damages=JWT),
    _entry("jwks-malformed", _forged, _JWKS, "The issuer answers with something that is no key set: nothing unverified may get in.", "CWE-636", drill="malformed", damages=JWT),
    _entry("jwks-empty", _forged, _JWKS, "The issuer answers with a key set without keys: nothing unverified may get in.", "CWE-636", drill="empty", damages=JWT),
    _entry("jwks-heals", token(lambda m: m.genuine()), _JWKS, "The issuer is back after an outage: genuine tokens must get in again, without a restart.", "CWE-755", drill="heals", authentic=True, fresh=True, damages=JWT),
]  # fmt: skip
