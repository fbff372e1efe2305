from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.auth import PlatformUser
from app.db import Db
from app.models import SpaceItem
from app.services.owned import listed, own, removed, saved

router = APIRouter(prefix="/space", tags=["space"])


class Item(BaseModel):
    title: str = Field(min_length=1, max_length=200)
    content: str = ""


def shown(row: SpaceItem) -> dict[str, Any]:
    return {"id": row.id, "title": row.title, "content": row.content, "pinned": row.pinned}


@router.get("/items")
def items(user: PlatformUser, db: Db) -> list[dict[str, Any]]:
    return [shown(row) for row in listed(db, SpaceItem, user)]


@router.post("/items", status_code=201)
def add(new: Item, user: PlatformUser, db: Db) -> dict[str, Any]:
    return shown(saved(db, SpaceItem(user_id=user.id, **new.model_dump())))


@router.put("/items/{item_id}")
def replace(item_id: int, new: Item, user: PlatformUser, db: Db) -> dict[str, Any]:
    row = own(db, SpaceItem, item_id, user)
    row.title, row.content = new.title, new.content
    return shown(saved(db, row))


@router.post("/items/{item_id}/pin")
def pin(item_id: int, user: PlatformUser, db: Db) -> dict[str, Any]:
    row = own(db, SpaceItem, item_id, user)
    row.pinned = not row.pinned
    return shown(saved(db, row))


@router.delete("/items/{item_id}", status_code=204)
def delete(item_id: int, user: PlatformUser, db: Db) -> None:
    removed(db, own(db, SpaceItem, item_id, user))
