"""Clerk session tokens: who signed them is verified in `verifiers`; what they say is judged here."""

import re
from dataclasses import dataclass
from typing import Annotated, Any

import jwt
from fastapi import Depends, HTTPException, Request, WebSocket, WebSocketException

from app import settings
from app.auth.errors import NotAllowed, NotAuthenticated
from app.auth.jwks import KeysUnavailable
from app.auth.verifiers import verify
from app.db import Db
from app.models import User
from app.services import clerk_api, user_sync

ISSUER = f"https://{settings.CLERK_DOMAIN}"
_TOKEN = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_BEARER = re.compile(f"[Bb]earer ({_TOKEN.pattern})")
_COOKIE = "__session"
_USER_ID = re.compile(r"user_[A-Za-z0-9]+")
_LONGEST_TOKEN = 8192
_LONGEST_LIFETIME = 3600
_SESSION_CATEGORIES = (None, "cl_B7d4PD111AAA")


@dataclass(frozen=True)
class SessionClaims:
    """What a verified session token says."""

    user_id: str
    session_id: str
    role: str | None
    raw: dict[str, Any]


def _whole_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def verify_clerk_token(token: str, *, cookie: bool = False) -> SessionClaims | None:
    """The claims of a genuine, current session token; None for everything else. Raises KeysUnavailable.

    Browsers send a cookie for other sites' pages too, so one must say for which site it was made; in a header that may be
    left out.
    """
    if len(token) > _LONGEST_TOKEN:
        return None
    try:
        header = jwt.get_unverified_header(token)
        if header.get("alg") != "RS256" or header.get("cat") not in _SESSION_CATEGORIES or "crit" in header:
            return None
        claims = verify(token, header)
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
        return None
    # An audience is refused: sessions have none.
    if claims is None or claims.get("iss") != ISSUER or "aud" in claims:
        return None
    if not all(_whole_number(claims.get(name)) for name in ("exp", "iat", "nbf")):
        return None
    if not all(isinstance(claims.get(name), str) for name in ("sub", "sid")):
        return None
    if claims["exp"] - claims["iat"] > _LONGEST_LIFETIME:
        return None
    if claims.get("sts", "active") != "active":
        return None
    party = claims.get("azp")
    authorized = isinstance(party, str) and party in settings.CLERK_AUTHORIZED_PARTIES
    if not authorized and (cookie or party is not None):
        return None
    if _USER_ID.fullmatch(claims["sub"]) is None:  # It becomes a part of the Backend API's paths.
        return None
    organization = claims.get("o") or {}
    role = organization.get("rol") or str(claims.get("org_role", "")).removeprefix("org:") or None
    return SessionClaims(claims["sub"], claims["sid"], role, claims)


def _token_of(request: Request) -> str | None:
    fields = request.headers.getlist("authorization")
    if len(fields) != 1:
        return None
    match = _BEARER.fullmatch(fields[0])
    return match.group(1) if match else None


def _cookie_of(request: Request) -> str | None:
    fields = ";".join(request.headers.getlist("cookie")).split(";")
    values = [value for name, _, value in (field.strip().partition("=") for field in fields) if name == _COOKIE]
    return values[0] if len(values) == 1 and _TOKEN.fullmatch(values[0]) else None


def _session_of(token: str | None, *, cookie: bool = False) -> SessionClaims:
    try:
        claims = verify_clerk_token(token, cookie=cookie) if token is not None else None
    except KeysUnavailable:
        raise HTTPException(503, "Authentication is unavailable", headers={"Retry-After": "5"}) from None
    if claims is None:
        raise NotAuthenticated
    return claims


def get_session_claims(request: Request) -> SessionClaims:
    """The verified session of a request; 401 otherwise, 503 while the issuer cannot be asked."""
    return _session_of(_token_of(request))


def get_browser_claims(request: Request) -> SessionClaims:
    """The same for pages on the same site, which send a cookie. A header that is there decides alone, whatever it is."""
    if "authorization" in request.headers:
        return get_session_claims(request)
    return _session_of(_cookie_of(request), cookie=True)


Session = Annotated[SessionClaims, Depends(get_session_claims)]
BrowserSession = Annotated[SessionClaims, Depends(get_browser_claims)]


def load_user(db: Db, clerk_user_id: str) -> User | None:
    """Our row of a Clerk user; fetched from Clerk and written at first sight. None for one who may not enter."""
    user = user_sync.find(db, clerk_user_id)
    if user is None:
        profile = clerk_api.fetch_user(clerk_user_id)
        user = user_sync.sync(db, profile) if profile is not None else None
    return user if user is not None and user.is_active else None


def get_current_user(claims: Session, db: Db) -> User:
    """The signed-in user."""
    user = load_user(db, claims.user_id)
    if user is None:
        raise NotAuthenticated
    return user


def get_browser_user(claims: BrowserSession, db: Db) -> User:
    """The signed-in user of a page on the same site."""
    return get_current_user(claims, db)


def require_admin(claims: Session, user: Annotated[User, Depends(get_current_user)]) -> User:
    """The signed-in user, who must hold the role admin in the active organization."""
    if claims.role != "admin":
        raise NotAllowed
    return user


def get_websocket_user(websocket: WebSocket, db: Db, token: str = "") -> User:
    """The user of a websocket: browsers cannot set headers there, so the token comes in the query."""
    try:
        claims = verify_clerk_token(token)
    except KeysUnavailable:
        raise WebSocketException(1013) from None
    user = load_user(db, claims.user_id) if claims is not None else None
    if user is None:
        raise WebSocketException(1008)
    return user


ClerkUser = Annotated[User, Depends(get_current_user)]
BrowserUser = Annotated[User, Depends(get_browser_user)]
ClerkAdmin = Annotated[User, Depends(require_admin)]
WebSocketUser = Annotated[User, Depends(get_websocket_user)]
