from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.auth import PlatformUser
from app.db import Db
from app.models import Conversation
from app.services.owned import listed, own, removed, saved

router = APIRouter(prefix="/conversations", tags=["conversations"])


class Title(BaseModel):
    title: str = Field(min_length=1, max_length=200)


def shown(row: Conversation) -> dict[str, Any]:
    return {"id": row.id, "title": row.title, "archived": row.archived}


@router.get("")
def conversations(user: PlatformUser, db: Db) -> list[dict[str, Any]]:
    return [shown(row) for row in listed(db, Conversation, user)]


@router.post("", status_code=201)
def start(new: Title, user: PlatformUser, db: Db) -> dict[str, Any]:
    return shown(saved(db, Conversation(user_id=user.id, title=new.title)))


@router.get("/{conversation_id}")
def conversation(conversation_id: int, user: PlatformUser, db: Db) -> dict[str, Any]:
    return shown(own(db, Conversation, conversation_id, user))


@router.patch("/{conversation_id}")
def rename(conversation_id: int, new: Title, user: PlatformUser, db: Db) -> dict[str, Any]:
    row = own(db, Conversation, conversation_id, user)
    row.title = new.title
    return shown(saved(db, row))


@router.delete("/{conversation_id}", status_code=204)
def delete(conversation_id: int, user: PlatformUser, db: Db) -> None:
    removed(db, own(db, Conversation, conversation_id, user))


@router.post("/{conversation_id}/archive")
def archive(conversation_id: int, user: PlatformUser, db: Db) -> dict[str, Any]:
    row = own(db, Conversation, conversation_id, user)
    row.archived = True
    return shown(saved(db, row))
