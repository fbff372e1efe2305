from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.auth import PlatformUser
from app.db import Db
from app.models import EducationEntry
from app.services.owned import listed, own, removed, saved

router = APIRouter(prefix="/education", tags=["education"])


class Entry(BaseModel):
    institution: str = Field(min_length=1, max_length=200)
    degree: str = Field(min_length=1, max_length=200)
    year: int | None = Field(default=None, ge=1950, le=2100)


def shown(row: EducationEntry) -> dict[str, Any]:
    return {"id": row.id, "institution": row.institution, "degree": row.degree, "year": row.year}


@router.get("")
def entries(user: PlatformUser, db: Db) -> list[dict[str, Any]]:
    return [shown(row) for row in listed(db, EducationEntry, user)]


@router.post("", status_code=201)
def add(new: Entry, user: PlatformUser, db: Db) -> dict[str, Any]:
    return shown(saved(db, EducationEntry(user_id=user.id, **new.model_dump())))


@router.put("/{entry_id}")
def replace(entry_id: int, new: Entry, user: PlatformUser, db: Db) -> dict[str, Any]:
    row = own(db, EducationEntry, entry_id, user)
    for name, value in new.model_dump().items():
        setattr(row, name, value)
    return shown(saved(db, row))


@router.delete("/{entry_id}", status_code=204)
def delete(entry_id: int, user: PlatformUser, db: Db) -> None:
    removed(db, own(db, EducationEntry, entry_id, user))
