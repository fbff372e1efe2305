"""The back office: a sub-application, mounted, for administrators only."""

from typing import Any

from fastapi import Depends, FastAPI
from sqlalchemy import func, select

from app.auth.clerk import require_admin
from app.db import Db
from app.models import Conversation, User
from app.services.owned import existing

internal = FastAPI(title="Back office", openapi_url=None, dependencies=[Depends(require_admin)])


@internal.get("/stats")
def stats(db: Db) -> dict[str, Any]:
    return {
        "users": db.scalar(select(func.count()).select_from(User)),
        "conversations": db.scalar(select(func.count()).select_from(Conversation)),
    }


@internal.get("/users/{user_id}")
def user(user_id: int, db: Db) -> dict[str, Any]:
    row = existing(db, User, user_id)
    return {"id": row.id, "email": row.email, "linked": row.clerk_user_id is not None}


@internal.post("/users/{user_id}/unlink")
def unlink(user_id: int, db: Db) -> dict[str, Any]:
    row = existing(db, User, user_id)
    row.clerk_user_id = None
    db.commit()
    return {"id": row.id}
