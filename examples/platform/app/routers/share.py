import secrets
from typing import Any

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel
from sqlalchemy import select

from app.auth import PlatformUser
from app.db import Db
from app.models import Conversation, Message, ShareLink
from app.services.owned import listed, own, removed, saved

router = APIRouter(prefix="/share", tags=["share"])


class NewLink(BaseModel):
    conversation_id: int


@router.get("")
def links(user: PlatformUser, db: Db) -> list[dict[str, Any]]:
    return [{"id": row.id, "token": row.token} for row in listed(db, ShareLink, user)]


@router.post("", status_code=201)
def create(new: NewLink, user: PlatformUser, db: Db) -> dict[str, Any]:
    conversation = own(db, Conversation, new.conversation_id, user)
    row = saved(db, ShareLink(user_id=user.id, conversation_id=conversation.id, token=secrets.token_urlsafe(24)))
    return {"id": row.id, "token": row.token}


@router.delete("/{link_id}", status_code=204)
def revoke(link_id: int, user: PlatformUser, db: Db) -> None:
    removed(db, own(db, ShareLink, link_id, user))


@router.get("/public/{token}")
def read(token: str, db: Db) -> dict[str, Any]:
    """Whoever has the link may read."""
    link = db.scalars(select(ShareLink).where(ShareLink.token == token)).first()
    if link is None:
        raise HTTPException(404, "Not found")
    rows = db.scalars(select(Message).where(Message.conversation_id == link.conversation_id).order_by(Message.id))
    return {"messages": [{"role": row.role, "content": row.content} for row in rows]}
