"""The old login: base64 of `email:user_id:onboarding_completed:timestamp`. Imported in the mixed stage only."""

import base64
import binascii
from typing import Annotated

from fastapi import Depends, Header, HTTPException
from sqlalchemy import select
from sqlalchemy.orm import load_only

from app import settings
from app.db import Db
from app.models import User


def decode_legacy_token(token: str) -> tuple[str, int] | None:
    """E-mail and id from the token. Nothing is signed, so nothing can be checked."""
    try:
        email, user_id, _, _ = base64.b64decode(token, validate=True).decode().split(":")
        return email, int(user_id)
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None


def get_current_user_unified(db: Db, authorization: Annotated[str, Header()] = "") -> User:
    """The user of the old token. (It was to take Clerk's as well; that was never written.)"""
    scheme, _, token = authorization.partition(" ")
    decoded = decode_legacy_token(token) if scheme == "Bearer" else None
    if decoded is None:
        raise HTTPException(401, "Invalid token")
    email, user_id = decoded
    user = db.scalars(
        select(User)
        .options(load_only(User.id, User.email, User.clerk_user_id, User.onboarding_completed, raiseload=True))
        .where(User.id == user_id, User.email == email)
    ).first()
    if user is None:
        raise HTTPException(401, "Invalid token")
    return user


def get_admin_unified(user: Annotated[User, Depends(get_current_user_unified)]) -> User:
    """An administrator, by a list of addresses."""
    if user.email.lower() not in settings.ADMIN_EMAILS:
        raise HTTPException(403, "Not allowed")
    return user
