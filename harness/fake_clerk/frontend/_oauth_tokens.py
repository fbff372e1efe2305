"""The tokens of the OAuth provider: who asks for them, what they are made of, and to whom they belong.

Source: RFC 6749, sections 2.3, 5 and 6; RFC 9068; OpenID Connect Core 1.0, sections 2 and 3.1.3.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

import jwt

from harness.fake_clerk import tokens
from harness.fake_clerk.frontend._oauth_requests import oauth_error
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.machine_tokens import MachineToken
from harness.fake_clerk.models.oauth_applications import OAuthApplication
from harness.fake_clerk.models.oauth_grants import ACCESS_LIFETIME, Grant
from harness.fake_clerk.models.timestamps import milliseconds
from harness.fake_clerk.models.users import User
from harness.fake_clerk.wire import Answer, ApiRequest, Refused, error


def _basic(request: ApiRequest) -> tuple[str, str] | None:
    """The id and the secret of the Authorization field, which are form-encoded (RFC 6749, section 2.3.1); else None."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(given.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return unquote_plus(name), unquote_plus(secret)


def client_of(instance: Instance, request: ApiRequest, form: dict[str, str]) -> OAuthApplication:
    """The client that asks; raises Refused with 401 unless it proves who it is. A public one only says so."""
    basic = _basic(request)
    if basic is not None and "client_secret" in form:
        raise Refused(oauth_error(400, "invalid_request", "authenticate in one way: Authorization or client_secret"))
    client_id, secret = basic if basic is not None else (form.get("client_id", ""), form.get("client_secret", ""))
    application = instance.oauth.applications.get(client_id)
    if application is None or not (application.public or application.is_secret(secret)):
        answer = oauth_error(401, "invalid_client", "Client authentication failed")
        raise Refused((answer[0], answer[1], {"WWW-Authenticate": 'Basic realm="OAuth"', "Cache-Control": "no-store"}))
    return application


def person_of(instance: Instance, user_id: str) -> User | None:
    """The user whom a token is about, while she exists and is not banned."""
    user = instance.directory.users.get(user_id)
    return None if user is None or user.banned else user


def issue(instance: Instance, grant: Grant, scopes: list[str] | None = None) -> Answer:
    """New tokens for a grant, for `scopes` or all that were granted."""
    granted, client = scopes or grant.scopes, grant.application.client_id
    if instance.oauth.jwt_access_tokens:
        form = instance.profile.form_of("oauth")
        claims = form.claims(
            subject=grant.user_id, issuer=instance.issuer, now=instance.now(), client=client,
            scopes=" ".join(granted), lifetime=ACCESS_LIFETIME,
        )  # fmt: skip
        access = instance.sign(claims, header=form.header(instance.key.kid))
    else:
        token = MachineToken(
            "oauth", grant.user_id, scopes=list(granted), client_id=client, name=grant.application.name,
            expiration=milliseconds() + ACCESS_LIFETIME * 1000,
        )  # fmt: skip
        grant.access.append(token)
        access = token.secret
        instance.machine_tokens[access] = token
    document: dict[str, Any] = {
        "access_token": access,
        "token_type": "Bearer",
        "expires_in": ACCESS_LIFETIME,
        "refresh_token": instance.oauth.new_refresh_token(grant),
        "scope": " ".join(granted),
    }
    if "openid" in granted:
        document["id_token"] = _id_token(instance, grant, granted, access)
    return 200, document, {"Cache-Control": "no-store", "Pragma": "no-cache"}


def _id_token(instance: Instance, grant: Grant, scopes: list[str], access: str) -> str:
    half = hashlib.sha256(access.encode()).digest()[:16]
    now, user = instance.now(), instance.directory.users[grant.user_id]
    claims: dict[str, Any] = {
        "iss": instance.issuer,
        "sub": user.id,
        "aud": grant.application.client_id,
        "iat": now,
        "exp": now + ACCESS_LIFETIME,
        "auth_time": grant.granted_at // 1000,
        "at_hash": base64.urlsafe_b64encode(half).rstrip(b"=").decode(),
    }
    claims |= {"nonce": grant.nonce} if grant.nonce is not None else {}
    about = claims_about(instance, user, scopes, grant.organization_id)
    return instance.sign(claims | about, header=tokens.session_header(instance.key.kid, None))


def claims_about(instance: Instance, user: User, scopes: list[str], organization_id: str | None) -> dict[str, Any]:
    """What the scopes let a client know of a person, as the user info document names it."""
    known: dict[str, Any] = {}
    if "email" in scopes:
        primary = user.emails[user.primary] if user.emails else None
        known |= {"email": user.email, "email_verified": primary is not None and primary.verified}
    if "profile" in scopes:
        known |= {
            "name": " ".join(filter(None, (user.first_name, user.last_name))) or None,
            "given_name": user.first_name,
            "family_name": user.last_name,
            "preferred_username": user.username,
            "picture": user.image_url or None,
        }
    if "public_metadata" in scopes:
        known |= {"public_metadata": user.public_metadata, "unsafe_metadata": user.unsafe_metadata}
    if "private_metadata" in scopes:
        known["private_metadata"] = user.private_metadata
    organization = instance.directory.membership_in(user, organization_id) if organization_id else None
    if "user:org:read" in scopes and organization is not None:
        known |= {"org_id": organization.id, "org_name": organization.name, "org_slug": organization.slug}
    return known


@dataclass(frozen=True)
class Presented:
    """A valid token that was presented: of which client, about whom, with which scopes; `issued_at` in seconds."""

    client_id: str
    user: User
    scopes: list[str]
    issued_at: int
    organization_id: str | None


def access_of(instance: Instance, token: str) -> Presented | None:
    """What an access token stands for; None for one that is not valid."""
    opaque = instance.machine_tokens.get(token)
    if opaque is not None:
        user = person_of(instance, opaque.subject)
        if opaque.kind != "oauth" or opaque.revoked or opaque.expired or user is None:
            return None
        grant = instance.oauth.grant_of(token)
        organization = grant.organization_id if grant is not None else None
        return Presented(opaque.client_id, user, opaque.scopes, opaque.created_at // 1000, organization)
    try:
        header = jwt.get_unverified_header(token)
        claims = jwt.decode(token, instance.key.public_pem, algorithms=["RS256"], issuer=instance.issuer)
    except jwt.PyJWTError:
        return None
    user = person_of(instance, str(claims.get("sub")))
    # A session token is signed with the same key, and is none of these.
    if header.get("typ") != "at+jwt" or user is None:
        return None
    return Presented(claims["client_id"], user, claims["scope"].split(), claims["iat"], None)


def refresh_of(instance: Instance, token: str) -> Presented | None:
    """What a refresh token stands for; None for one that is not valid."""
    grant = instance.oauth.refreshes.get(token)
    if grant is None or grant.revoked or grant.refresh_token != token or grant.refresh_expires_at <= milliseconds():
        return None
    user = person_of(instance, grant.user_id)
    if user is None:
        return None
    client = grant.application.client_id
    return Presented(client, user, grant.scopes, grant.granted_at // 1000, grant.organization_id)


def bearer(instance: Instance, request: ApiRequest) -> Presented:
    """The access token of the Authorization field (RFC 6750, section 2.1); raises Refused with 401."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    found = access_of(instance, token.strip()) if scheme.lower() == "bearer" else None
    if found is None:
        given = ', error="invalid_token"' if token else ""
        answer = error(401, "oauth_token_invalid", "The access token is missing, expired or revoked.")
        raise Refused((*answer, {"WWW-Authenticate": f'Bearer realm="OAuth"{given}'}))
    return found
