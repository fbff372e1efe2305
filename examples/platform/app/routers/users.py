from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel
from sqlalchemy import select

from app.auth.clerk import ClerkAdmin, ClerkUser, Session
from app.db import Db
from app.models import Profile, User
from app.services.owned import existing

router = APIRouter(prefix="/users", tags=["users"])


class UserPatch(BaseModel):
    onboarding_completed: bool


class StatusPatch(BaseModel):
    is_active: bool


class SettingsPatch(BaseModel):
    visible: bool


def shown(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "onboarding_completed": user.onboarding_completed,
    }


@router.get("/me")
def me(user: ClerkUser) -> dict[str, Any]:
    return shown(user)


@router.patch("/me")
def change_me(patch: UserPatch, user: ClerkUser, db: Db) -> dict[str, Any]:
    user.onboarding_completed = patch.onboarding_completed
    db.commit()
    return shown(user)


@router.delete("/me", status_code=204)
def leave(user: ClerkUser, db: Db) -> None:
    user.is_active = False
    db.commit()


@router.get("/me/claims", include_in_schema=False)
def my_claims(claims: Session, user: ClerkUser) -> dict[str, Any]:
    """For support: what the token of the browser says."""
    return {"user_id": user.id, "claims": sorted(claims.raw)}


@router.put("/me/settings")
def my_settings(patch: SettingsPatch, user: ClerkUser, db: Db) -> dict[str, bool]:
    profile = db.scalars(select(Profile).where(Profile.user_id == user.id)).first()
    if profile is None:
        profile = Profile(user_id=user.id)
        db.add(profile)
    profile.visible = patch.visible
    db.commit()
    return {"visible": profile.visible}


@router.get("")
def all_users(admin: ClerkAdmin, db: Db, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> list[dict[str, Any]]:
    return [shown(user) for user in db.scalars(select(User).order_by(User.id).limit(limit))]


@router.get("/{user_id}")
def one_user(user_id: int, user: ClerkUser) -> dict[str, Any]:
    if user_id != user.id:
        raise HTTPException(404, "Not found")
    return shown(user)


@router.patch("/{user_id}/status")
def set_status(user_id: int, patch: StatusPatch, admin: ClerkAdmin, db: Db) -> dict[str, Any]:
    user = existing(db, User, user_id)
    user.is_active = patch.is_active
    db.commit()
    return shown(user)
