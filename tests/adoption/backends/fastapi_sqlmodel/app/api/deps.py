from collections.abc import Generator
from typing import Annotated

import jwt
from fastapi import Depends, HTTPException, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from app.core.config import settings
from app.core.db import engine
from app.models import User

bearer_scheme = HTTPBearer()
jwks_client = jwt.PyJWKClient(f"{settings.clerk_issuer}/.well-known/jwks.json")


def get_db() -> Generator[Session, None, None]:
    with Session(engine) as session:
        yield session


SessionDep = Annotated[Session, Depends(get_db)]
TokenDep = Annotated[HTTPAuthorizationCredentials, Depends(bearer_scheme)]


def verify_session_token(token: str) -> dict:
    try:
        signing_key = jwks_client.get_signing_key_from_jwt(token)
        claims = jwt.decode(
            token,
            signing_key.key,
            algorithms=["RS256"],
            issuer=settings.clerk_issuer,
            leeway=5,
            options={"require": ["exp", "iat", "nbf", "sub", "sid", "iss"], "verify_aud": False},
        )
    except (jwt.PyJWTError, ValueError):
        raise HTTPException(status_code=status.HTTP_401_UNAUTHORIZED, detail="Could not validate credentials")
    if claims.get("azp") not in settings.all_cors_origins or claims.get("sts") == "pending":
        raise HTTPException(status_code=status.HTTP_401_UNAUTHORIZED, detail="Could not validate credentials")
    return claims


def get_current_user(session: SessionDep, token: TokenDep) -> User:
    claims = verify_session_token(token.credentials)
    statement = select(User).where(User.clerk_user_id == claims["sub"])
    user = session.exec(statement).first()
    if not user:
        user = User(clerk_user_id=claims["sub"])
        session.add(user)
        try:
            session.commit()
        except IntegrityError:
            session.rollback()
            user = session.exec(statement).one()
        session.refresh(user)
    if not user.is_active:
        raise HTTPException(status_code=400, detail="Inactive user")
    return user


CurrentUser = Annotated[User, Depends(get_current_user)]
