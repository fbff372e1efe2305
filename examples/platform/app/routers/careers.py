from datetime import date
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import select

from app.auth import PlatformAdmin, PlatformUser
from app.db import Db
from app.models import Career, CareerGoal
from app.services.owned import existing, saved

router = APIRouter(prefix="/careers", tags=["careers"])


class NewCareer(BaseModel):
    code: str = Field(pattern=r"^[0-9]{2}-[0-9]{4}$")
    title: str = Field(min_length=1, max_length=200)


class Aim(BaseModel):
    target: date | None = None


def shown(row: Career) -> dict[str, Any]:
    return {"id": row.id, "code": row.code, "title": row.title}


@router.get("")
def careers(db: Db, q: str = "") -> list[dict[str, Any]]:
    return [shown(row) for row in db.scalars(select(Career).where(Career.title.ilike(f"%{q}%")).order_by(Career.id))]


@router.post("", status_code=201)
def add(new: NewCareer, admin: PlatformAdmin, db: Db) -> dict[str, Any]:
    return shown(saved(db, Career(**new.model_dump())))


@router.get("/{career_id}")
def career(career_id: int, db: Db) -> dict[str, Any]:
    return shown(existing(db, Career, career_id))


@router.post("/{career_id}/aim", status_code=201)
def aim(career_id: int, new: Aim, user: PlatformUser, db: Db) -> dict[str, int]:
    existing(db, Career, career_id)
    return {"goal_id": saved(db, CareerGoal(user_id=user.id, career_id=career_id, target=new.target)).id}
