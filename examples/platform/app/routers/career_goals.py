from datetime import date
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from app.auth import PlatformUser
from app.db import Db
from app.models import Career, CareerGoal
from app.services.owned import existing, listed, own, removed, saved

router = APIRouter(prefix="/career-goals", tags=["career_goals"])


class NewGoal(BaseModel):
    career_id: int
    target: date | None = None
    notes: str = ""


class GoalPatch(BaseModel):
    target: date | None = None
    notes: str | None = None


def shown(row: CareerGoal) -> dict[str, Any]:
    return {"id": row.id, "career_id": row.career_id, "target": row.target, "notes": row.notes}


@router.get("")
def goals(user: PlatformUser, db: Db) -> list[dict[str, Any]]:
    return [shown(row) for row in listed(db, CareerGoal, user)]


@router.post("", status_code=201)
def create(new: NewGoal, user: PlatformUser, db: Db) -> dict[str, Any]:
    existing(db, Career, new.career_id)
    return shown(saved(db, CareerGoal(user_id=user.id, **new.model_dump())))


@router.get("/{goal_id}")
def goal(goal_id: int, user: PlatformUser, db: Db) -> dict[str, Any]:
    return shown(own(db, CareerGoal, goal_id, user))


@router.patch("/{goal_id}")
def change(goal_id: int, patch: GoalPatch, user: PlatformUser, db: Db) -> dict[str, Any]:
    row = own(db, CareerGoal, goal_id, user)
    for name, value in patch.model_dump(exclude_unset=True).items():
        setattr(row, name, value)
    return shown(saved(db, row))


@router.delete("/{goal_id}", status_code=204)
def delete(goal_id: int, user: PlatformUser, db: Db) -> None:
    removed(db, own(db, CareerGoal, goal_id, user))
