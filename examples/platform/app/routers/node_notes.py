from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.auth import PlatformUser
from app.db import Db
from app.models import CompetenceNode, NodeNote
from app.services.owned import listed, own, removed, saved

router = APIRouter(prefix="/node-notes", tags=["node_notes"])


class NewNote(BaseModel):
    node_id: int
    text: str = Field(min_length=1)


class Text(BaseModel):
    text: str = Field(min_length=1)


def shown(row: NodeNote) -> dict[str, Any]:
    return {"id": row.id, "node_id": row.node_id, "text": row.text}


@router.get("")
def notes(user: PlatformUser, db: Db, node_id: int | None = None) -> list[dict[str, Any]]:
    return [shown(row) for row in listed(db, NodeNote, user) if node_id in (None, row.node_id)]


@router.post("", status_code=201)
def write(new: NewNote, user: PlatformUser, db: Db) -> dict[str, Any]:
    node = own(db, CompetenceNode, new.node_id, user)
    return shown(saved(db, NodeNote(user_id=user.id, node_id=node.id, text=new.text)))


@router.put("/{note_id}")
def rewrite(note_id: int, new: Text, user: PlatformUser, db: Db) -> dict[str, Any]:
    row = own(db, NodeNote, note_id, user)
    row.text = new.text
    return shown(saved(db, row))


@router.delete("/{note_id}", status_code=204)
def delete(note_id: int, user: PlatformUser, db: Db) -> None:
    removed(db, own(db, NodeNote, note_id, user))
