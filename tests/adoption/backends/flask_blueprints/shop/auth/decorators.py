import base64
from functools import wraps

import jwt
from flask import current_app, g, jsonify, request

from ..extensions import db
from ..models import User

_client = None


def jwks_client():
    global _client
    if _client is None:
        _client = jwt.PyJWKClient(current_app.config["CLERK_JWKS_URL"])
    return _client


def bearer_token():
    parts = request.headers.get("Authorization", "").split()
    return parts[1] if len(parts) == 2 and parts[0].lower() == "bearer" else None


def clerk_user(token):
    try:
        claims = jwt.decode(
            token,
            jwks_client().get_signing_key_from_jwt(token).key,
            algorithms=["RS256"],
            issuer=current_app.config["CLERK_ISSUER"],
            options={"verify_aud": False, "require": ["exp", "sub", "sid", "nbf", "iat"]},
        )
    except jwt.PyJWTError:
        return None
    if claims.get("azp") not in current_app.config["CORS_ORIGINS"] or claims.get("sts") == "pending":
        return None
    return db.session.query(User).filter_by(clerk_user_id=claims["sub"]).one_or_none()


def legacy_user(token):
    try:
        email, user_id, *_ = base64.b64decode(token).decode().split(":")
        return db.session.query(User).filter_by(id=int(user_id), email=email).one_or_none()
    except ValueError:
        return None


def login_required(view):
    @wraps(view)
    def wrapped(*args, **kwargs):
        token = bearer_token()
        user = clerk_user(token) if token else None
        if user is None:
            return jsonify(error="unauthorized"), 401
        g.user = user
        return view(*args, **kwargs)

    return wrapped


def login_or_legacy(view):
    @wraps(view)
    def wrapped(*args, **kwargs):
        token = bearer_token()
        user = (clerk_user(token) or legacy_user(token)) if token else None
        if user is None:
            return jsonify(error="unauthorized"), 401
        g.user = user
        return view(*args, **kwargs)

    return wrapped
