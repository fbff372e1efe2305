from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import select

from app.auth.clerk import ClerkAdmin, ClerkUser
from app.db import Db
from app.models import Job, SavedJob
from app.services.owned import existing, listed, own, removed, saved

router = APIRouter(prefix="/jobs", tags=["jobs"])


class NewJob(BaseModel):
    title: str = Field(min_length=1, max_length=200)
    company: str = Field(min_length=1, max_length=200)
    location: str = ""


class Saving(BaseModel):
    job_id: int
    note: str = ""


class Note(BaseModel):
    note: str


def shown(job: Job) -> dict[str, Any]:
    return {"id": job.id, "title": job.title, "company": job.company, "location": job.location}


@router.get("")
def jobs(db: Db, q: str = "", page: Annotated[int, Query(ge=1)] = 1) -> list[dict[str, Any]]:
    query = select(Job).where(Job.title.ilike(f"%{q}%")).order_by(Job.id).offset(20 * (page - 1)).limit(20)
    return [shown(job) for job in db.scalars(query)]


@router.post("", status_code=201)
def publish(job: NewJob, admin: ClerkAdmin, db: Db) -> dict[str, Any]:
    return shown(saved(db, Job(**job.model_dump())))


@router.get("/saved")
def saved_jobs(user: ClerkUser, db: Db) -> list[dict[str, Any]]:
    return [{"id": row.id, "job_id": row.job_id, "note": row.note} for row in listed(db, SavedJob, user)]


@router.post("/saved", status_code=201)
def save(saving: Saving, user: ClerkUser, db: Db) -> dict[str, int]:
    existing(db, Job, saving.job_id)
    return {"id": saved(db, SavedJob(user_id=user.id, job_id=saving.job_id, note=saving.note)).id}


@router.patch("/saved/{saved_id}")
def annotate(saved_id: int, note: Note, user: ClerkUser, db: Db) -> dict[str, Any]:
    row = own(db, SavedJob, saved_id, user)
    row.note = note.note
    db.commit()
    return {"id": row.id, "note": row.note}


@router.delete("/saved/{saved_id}", status_code=204)
def unsave(saved_id: int, user: ClerkUser, db: Db) -> None:
    removed(db, own(db, SavedJob, saved_id, user))


@router.get("/{job_id}")
def job(job_id: int, db: Db) -> dict[str, Any]:
    return shown(existing(db, Job, job_id))
