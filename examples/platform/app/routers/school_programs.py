from typing import Any

from fastapi import APIRouter
from sqlalchemy import select

from app.auth import PlatformUser
from app.db import Db
from app.models import ProgramFavorite, SchoolProgram
from app.services.owned import existing, listed, own, removed, saved

router = APIRouter(prefix="/school-programs", tags=["school_programs"])


def shown(row: SchoolProgram) -> dict[str, Any]:
    return {"id": row.id, "school": row.school, "name": row.name}


@router.get("")
def programs(db: Db, school: str = "") -> list[dict[str, Any]]:
    query = select(SchoolProgram).where(SchoolProgram.school.ilike(f"%{school}%")).order_by(SchoolProgram.id)
    return [shown(row) for row in db.scalars(query)]


@router.get("/favorites")
def favorites(user: PlatformUser, db: Db) -> list[dict[str, int]]:
    return [{"id": row.id, "program_id": row.program_id} for row in listed(db, ProgramFavorite, user)]


@router.get("/{program_id}")
def program(program_id: int, db: Db) -> dict[str, Any]:
    return shown(existing(db, SchoolProgram, program_id))


@router.post("/{program_id}/favorite", status_code=201)
def favor(program_id: int, user: PlatformUser, db: Db) -> dict[str, int]:
    existing(db, SchoolProgram, program_id)
    return {"id": saved(db, ProgramFavorite(user_id=user.id, program_id=program_id)).id}


@router.delete("/favorites/{favorite_id}", status_code=204)
def unfavor(favorite_id: int, user: PlatformUser, db: Db) -> None:
    removed(db, own(db, ProgramFavorite, favorite_id, user))
