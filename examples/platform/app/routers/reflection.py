from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.auth import PlatformUser
from app.db import Db
from app.models import Reflection
from app.services.owned import listed, own, removed, saved

router = APIRouter(prefix="/reflection", tags=["reflection"])
PROMPTS = ("What did you enjoy this week?", "What would you do again?", "Whom would you ask?")


class NewReflection(BaseModel):
    prompt: str = Field(min_length=1, max_length=300)
    text: str = Field(min_length=1)


class Text(BaseModel):
    text: str = Field(min_length=1)


def shown(row: Reflection) -> dict[str, Any]:
    return {"id": row.id, "prompt": row.prompt, "text": row.text}


@router.get("")
def reflections(user: PlatformUser, db: Db) -> list[dict[str, Any]]:
    return [shown(row) for row in listed(db, Reflection, user)]


@router.get("/prompt")
def prompt(user: PlatformUser, db: Db) -> dict[str, str]:
    return {"prompt": PROMPTS[len(listed(db, Reflection, user)) % len(PROMPTS)]}


@router.post("", status_code=201)
def write(new: NewReflection, user: PlatformUser, db: Db) -> dict[str, Any]:
    return shown(saved(db, Reflection(user_id=user.id, **new.model_dump())))


@router.patch("/{reflection_id}")
def rewrite(reflection_id: int, new: Text, user: PlatformUser, db: Db) -> dict[str, Any]:
    row = own(db, Reflection, reflection_id, user)
    row.text = new.text
    return shown(saved(db, row))


@router.delete("/{reflection_id}", status_code=204)
def delete(reflection_id: int, user: PlatformUser, db: Db) -> None:
    removed(db, own(db, Reflection, reflection_id, user))
