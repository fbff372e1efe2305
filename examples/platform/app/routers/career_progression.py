from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.auth import PlatformUser
from app.db import Db
from app.models import CareerGoal, CareerStep
from app.services.owned import listed, own, removed, saved

router = APIRouter(prefix="/career-progression", tags=["career_progression"])


class NewStep(BaseModel):
    goal_id: int
    title: str = Field(min_length=1, max_length=200)


class Done(BaseModel):
    done: bool


def shown(row: CareerStep) -> dict[str, Any]:
    return {"id": row.id, "goal_id": row.goal_id, "title": row.title, "done": row.done}


@router.get("")
def steps(user: PlatformUser, db: Db) -> list[dict[str, Any]]:
    return [shown(row) for row in listed(db, CareerStep, user)]


@router.get("/summary")
def summary(user: PlatformUser, db: Db) -> dict[str, int]:
    rows = listed(db, CareerStep, user)
    return {"steps": len(rows), "done": sum(row.done for row in rows)}


@router.post("", status_code=201)
def add(new: NewStep, user: PlatformUser, db: Db) -> dict[str, Any]:
    goal = own(db, CareerGoal, new.goal_id, user)
    return shown(saved(db, CareerStep(user_id=user.id, goal_id=goal.id, title=new.title)))


@router.patch("/{step_id}")
def tick(step_id: int, new: Done, user: PlatformUser, db: Db) -> dict[str, Any]:
    row = own(db, CareerStep, step_id, user)
    row.done = new.done
    return shown(saved(db, row))


@router.delete("/{step_id}", status_code=204)
def delete(step_id: int, user: PlatformUser, db: Db) -> None:
    removed(db, own(db, CareerStep, step_id, user))
