from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import select

from app.auth import PlatformUser
from app.db import Db
from app.models import Conversation, Message
from app.services.owned import own, removed, saved

router = APIRouter(tags=["messages"])


class Content(BaseModel):
    content: str = Field(min_length=1)


@router.get("/conversations/{conversation_id}/messages")
def messages(conversation_id: int, user: PlatformUser, db: Db) -> list[dict[str, Any]]:
    conversation = own(db, Conversation, conversation_id, user)
    rows = db.scalars(select(Message).where(Message.conversation_id == conversation.id).order_by(Message.id))
    return [{"id": row.id, "role": row.role, "content": row.content} for row in rows]


@router.post("/conversations/{conversation_id}/messages", status_code=201)
def write(conversation_id: int, new: Content, user: PlatformUser, db: Db) -> dict[str, int]:
    conversation = own(db, Conversation, conversation_id, user)
    return {"id": saved(db, Message(user_id=user.id, conversation_id=conversation.id, content=new.content)).id}


@router.patch("/messages/{message_id}")
def edit(message_id: int, new: Content, user: PlatformUser, db: Db) -> dict[str, int]:
    row = own(db, Message, message_id, user)
    row.content = new.content
    return {"id": saved(db, row).id}


@router.delete("/messages/{message_id}", status_code=204)
def delete(message_id: int, user: PlatformUser, db: Db) -> None:
    removed(db, own(db, Message, message_id, user))
