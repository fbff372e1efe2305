from typing import Any

from fastapi import APIRouter
from sqlalchemy import text

from app.db import Db

router = APIRouter(tags=["health"])


@router.get("/")
def root() -> dict[str, str]:
    return {"name": "Career platform"}


@router.get("/health")
def health(db: Db) -> dict[str, Any]:
    db.execute(text("SELECT 1"))
    return {"status": "ok"}
