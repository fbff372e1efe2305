from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import select

from app.auth import PlatformUser
from app.db import Db
from app.models import Course, Enrollment
from app.services.owned import existing, listed, own, removed, saved

router = APIRouter(prefix="/courses", tags=["courses"])


class Progress(BaseModel):
    progress: int = Field(ge=0, le=100)


def shown(row: Course) -> dict[str, Any]:
    return {"id": row.id, "title": row.title, "provider": row.provider}


@router.get("")
def courses(db: Db, limit: Annotated[int, Query(ge=1, le=100)] = 20) -> list[dict[str, Any]]:
    return [shown(row) for row in db.scalars(select(Course).order_by(Course.id).limit(limit))]


@router.get("/mine")
def mine(user: PlatformUser, db: Db) -> list[dict[str, Any]]:
    return [
        {"id": row.id, "course_id": row.course_id, "progress": row.progress} for row in listed(db, Enrollment, user)
    ]


@router.get("/{course_id}")
def course(course_id: int, db: Db) -> dict[str, Any]:
    return shown(existing(db, Course, course_id))


@router.post("/{course_id}/enroll", status_code=201)
def enroll(course_id: int, user: PlatformUser, db: Db) -> dict[str, int]:
    existing(db, Course, course_id)
    return {"id": saved(db, Enrollment(user_id=user.id, course_id=course_id)).id}


@router.patch("/enrollments/{enrollment_id}")
def advance(enrollment_id: int, new: Progress, user: PlatformUser, db: Db) -> dict[str, int]:
    row = own(db, Enrollment, enrollment_id, user)
    row.progress = new.progress
    return {"progress": saved(db, row).progress}


@router.delete("/enrollments/{enrollment_id}", status_code=204)
def give_up(enrollment_id: int, user: PlatformUser, db: Db) -> None:
    removed(db, own(db, Enrollment, enrollment_id, user))
