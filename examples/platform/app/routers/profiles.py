from typing import Any

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field
from sqlalchemy import select

from app.auth import PlatformUser
from app.db import Db
from app.models import Profile
from app.services.owned import saved

router = APIRouter(prefix="/profiles", tags=["profiles"])


class ProfileIn(BaseModel):
    headline: str = Field(default="", max_length=200)
    bio: str = ""
    location: str = Field(default="", max_length=200)


class Visibility(BaseModel):
    visible: bool


def shown(row: Profile) -> dict[str, Any]:
    return {"user_id": row.user_id, "headline": row.headline, "bio": row.bio, "location": row.location}


def mine(db: Db, user: PlatformUser) -> Profile:
    row = db.scalars(select(Profile).where(Profile.user_id == user.id)).first()
    return row if row is not None else Profile(user_id=user.id, headline="", bio="", location="", visible=True)


@router.get("/me")
def my_profile(user: PlatformUser, db: Db) -> dict[str, Any]:
    return shown(mine(db, user))


@router.put("/me")
def write(new: ProfileIn, user: PlatformUser, db: Db) -> dict[str, Any]:
    row = mine(db, user)
    for name, value in new.model_dump().items():
        setattr(row, name, value)
    return shown(saved(db, row))


@router.patch("/me/visibility")
def set_visibility(new: Visibility, user: PlatformUser, db: Db) -> dict[str, bool]:
    row = mine(db, user)
    row.visible = new.visible
    return {"visible": saved(db, row).visible}


@router.get("/{user_id}")
def somebodys(user_id: int, user: PlatformUser, db: Db) -> dict[str, Any]:
    row = db.scalars(select(Profile).where(Profile.user_id == user_id)).first()
    if row is None or not (row.visible or row.user_id == user.id):
        raise HTTPException(404, "Not found")
    return shown(row)
