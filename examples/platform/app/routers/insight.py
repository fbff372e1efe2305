from typing import Any

from fastapi import APIRouter

from app.auth import PlatformUser
from app.db import Db
from app.models import Insight, Message
from app.services.owned import listed, own, removed, saved

router = APIRouter(prefix="/insight", tags=["insight"])


def shown(row: Insight) -> dict[str, Any]:
    return {"id": row.id, "text": row.text, "pinned": row.pinned}


@router.get("")
def insights(user: PlatformUser, db: Db) -> list[dict[str, Any]]:
    return [shown(row) for row in listed(db, Insight, user)]


@router.post("/generate", status_code=201)
def generate(user: PlatformUser, db: Db) -> dict[str, Any]:
    count = len(listed(db, Message, user))
    return shown(saved(db, Insight(user_id=user.id, text=f"You have thought about your career {count} times.")))


@router.post("/{insight_id}/pin")
def pin(insight_id: int, user: PlatformUser, db: Db) -> dict[str, Any]:
    row = own(db, Insight, insight_id, user)
    row.pinned = not row.pinned
    return shown(saved(db, row))


@router.delete("/{insight_id}", status_code=204)
def delete(insight_id: int, user: PlatformUser, db: Db) -> None:
    removed(db, own(db, Insight, insight_id, user))
