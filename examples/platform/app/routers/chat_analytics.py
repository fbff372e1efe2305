from typing import Any

from fastapi import APIRouter
from sqlalchemy import func, select

from app.auth import PlatformAdmin, PlatformUser
from app.db import Db
from app.models import Message

router = APIRouter(prefix="/chat-analytics", tags=["chat_analytics"])


@router.get("/summary")
def summary(user: PlatformUser, db: Db) -> dict[str, Any]:
    count = db.scalar(select(func.count()).select_from(Message).where(Message.user_id == user.id))
    return {"messages": count}


@router.get("/daily")
def daily(user: PlatformUser, db: Db, days: int = 7) -> list[dict[str, Any]]:
    day = func.date(Message.created_at)
    rows = db.execute(
        select(day, func.count()).where(Message.user_id == user.id).group_by(day).order_by(day.desc()).limit(days)
    )
    return [{"day": str(when), "messages": count} for when, count in rows]


@router.get("/all")
def everybody(admin: PlatformAdmin, db: Db) -> dict[str, Any]:
    return {"messages": db.scalar(select(func.count()).select_from(Message))}
