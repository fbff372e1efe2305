from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.auth import PlatformUser
from app.db import Db
from app.models import CompetenceNode
from app.services.owned import listed, own, removed, saved

router = APIRouter(prefix="/competence-tree", tags=["competence_tree"])


class NewNode(BaseModel):
    name: str = Field(min_length=1, max_length=200)
    parent_id: int | None = None


class Level(BaseModel):
    level: int = Field(ge=0, le=5)


def shown(row: CompetenceNode) -> dict[str, Any]:
    return {"id": row.id, "name": row.name, "level": row.level, "parent_id": row.parent_id}


@router.get("")
def tree(user: PlatformUser, db: Db) -> list[dict[str, Any]]:
    return [shown(row) for row in listed(db, CompetenceNode, user)]


@router.post("/nodes", status_code=201)
def add(new: NewNode, user: PlatformUser, db: Db) -> dict[str, Any]:
    parent = own(db, CompetenceNode, new.parent_id, user).id if new.parent_id is not None else None
    return shown(saved(db, CompetenceNode(user_id=user.id, name=new.name, parent_id=parent)))


@router.get("/nodes/{node_id}")
def node(node_id: int, user: PlatformUser, db: Db) -> dict[str, Any]:
    return shown(own(db, CompetenceNode, node_id, user))


@router.patch("/nodes/{node_id}")
def grow(node_id: int, new: Level, user: PlatformUser, db: Db) -> dict[str, Any]:
    row = own(db, CompetenceNode, node_id, user)
    row.level = new.level
    return shown(saved(db, row))


@router.delete("/nodes/{node_id}", status_code=204)
def prune(node_id: int, user: PlatformUser, db: Db) -> None:
    removed(db, own(db, CompetenceNode, node_id, user))
