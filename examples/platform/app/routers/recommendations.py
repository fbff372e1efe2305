from typing import Any

from fastapi import APIRouter
from sqlalchemy import select

from app.auth import PlatformUser
from app.db import Db
from app.models import Career, Recommendation
from app.services.owned import listed, own, removed, saved

router = APIRouter(prefix="/recommendations", tags=["recommendations"])


def shown(row: Recommendation) -> dict[str, Any]:
    return {"id": row.id, "kind": row.kind, "reason": row.reason, "dismissed": row.dismissed}


@router.get("")
def recommendations(user: PlatformUser, db: Db, include_dismissed: bool = False) -> list[dict[str, Any]]:
    return [shown(row) for row in listed(db, Recommendation, user) if include_dismissed or not row.dismissed]


@router.post("/refresh", status_code=201)
def refresh(user: PlatformUser, db: Db) -> list[dict[str, Any]]:
    careers = db.scalars(select(Career).order_by(Career.id).limit(3)).all()
    rows = [Recommendation(user_id=user.id, kind="career", reason=f"You may like {c.title}") for c in careers]
    db.add_all(rows)
    db.commit()
    return [shown(row) for row in rows]


@router.post("/{recommendation_id}/dismiss")
def dismiss(recommendation_id: int, user: PlatformUser, db: Db) -> dict[str, Any]:
    row = own(db, Recommendation, recommendation_id, user)
    row.dismissed = True
    return shown(saved(db, row))


@router.delete("/{recommendation_id}", status_code=204)
def delete(recommendation_id: int, user: PlatformUser, db: Db) -> None:
    removed(db, own(db, Recommendation, recommendation_id, user))
