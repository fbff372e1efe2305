from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.auth import PlatformUser
from app.db import Db
from app.models import CompetenceNode, TreePath
from app.services.owned import listed, own, removed, saved

router = APIRouter(prefix="/tree-paths", tags=["tree_paths"])


class NewPath(BaseModel):
    name: str = Field(min_length=1, max_length=200)
    nodes: list[int] = Field(default=[], max_length=50)


def shown(row: TreePath) -> dict[str, Any]:
    return {"id": row.id, "name": row.name, "nodes": row.nodes}


@router.get("")
def paths(user: PlatformUser, db: Db) -> list[dict[str, Any]]:
    return [shown(row) for row in listed(db, TreePath, user)]


@router.post("", status_code=201)
def create(new: NewPath, user: PlatformUser, db: Db) -> dict[str, Any]:
    nodes = [own(db, CompetenceNode, node_id, user).id for node_id in new.nodes]
    return shown(saved(db, TreePath(user_id=user.id, name=new.name, nodes=nodes)))


@router.get("/{path_id}")
def path(path_id: int, user: PlatformUser, db: Db) -> dict[str, Any]:
    return shown(own(db, TreePath, path_id, user))


@router.delete("/{path_id}", status_code=204)
def delete(path_id: int, user: PlatformUser, db: Db) -> None:
    removed(db, own(db, TreePath, path_id, user))
