from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import select

from app.auth import PlatformUser
from app.db import Db
from app.models import UserProgress
from app.services.owned import saved

router = APIRouter(prefix="/user-progress", tags=["user_progress"])


class Gain(BaseModel):
    xp: int = Field(ge=1, le=500)


def mine(db: Db, user: PlatformUser) -> UserProgress:
    row = db.scalars(select(UserProgress).where(UserProgress.user_id == user.id)).first()
    return row if row is not None else UserProgress(user_id=user.id, xp=0, streak=0)


def shown(row: UserProgress) -> dict[str, Any]:
    return {"xp": row.xp, "level": row.xp // 100, "streak": row.streak}


@router.get("")
def progress(user: PlatformUser, db: Db) -> dict[str, Any]:
    return shown(mine(db, user))


@router.post("/xp", status_code=201)
def gain(new: Gain, user: PlatformUser, db: Db) -> dict[str, Any]:
    row = mine(db, user)
    row.xp += new.xp
    return shown(saved(db, row))


@router.post("/reset")
def reset(user: PlatformUser, db: Db) -> dict[str, Any]:
    row = mine(db, user)
    row.xp = row.streak = 0
    return shown(saved(db, row))


@router.get("/leaderboard")
def leaderboard(user: PlatformUser, db: Db) -> list[dict[str, Any]]:
    rows = db.scalars(select(UserProgress).order_by(UserProgress.xp.desc()).limit(10))
    return [{"rank": rank, "xp": row.xp, "you": row.user_id == user.id} for rank, row in enumerate(rows, start=1)]
