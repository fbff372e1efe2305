import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from app.auth.clerk import ClerkUser, WebSocketUser
from app.db import Db
from app.models import Conversation, Message
from app.services.owned import listed, own, saved

router = APIRouter(prefix="/chat", tags=["chat"])


class Question(BaseModel):
    conversation_id: int
    content: str = Field(min_length=1)


def reply_to(content: str) -> str:
    """The assistant. (The model lives in another service.)"""
    return f"Tell me more about {content.strip().rstrip('?.!')[:80]}."


@router.post("/ask", status_code=201)
def ask(question: Question, user: ClerkUser, db: Db) -> dict[str, Any]:
    conversation = own(db, Conversation, question.conversation_id, user)
    saved(db, Message(user_id=user.id, conversation_id=conversation.id, role="user", content=question.content))
    answer = Message(
        user_id=user.id, conversation_id=conversation.id, role="assistant", content=reply_to(question.content)
    )
    return {"id": saved(db, answer).id, "content": answer.content}


@router.get("/history")
def history(user: ClerkUser, db: Db) -> list[dict[str, Any]]:
    return [{"id": row.id, "role": row.role, "content": row.content} for row in listed(db, Message, user)]


@router.delete("/history", status_code=204)
def clear(user: ClerkUser, db: Db) -> None:
    for row in listed(db, Message, user):
        db.delete(row)
    db.commit()


@router.get("/stream")
async def stream(user: ClerkUser) -> StreamingResponse:
    """Server-sent events: a greeting, then a sign of life every quarter of a minute."""

    async def events() -> AsyncIterator[str]:
        yield f"data: {json.dumps({'hello': user.id})}\n\n"
        while True:
            await asyncio.sleep(15)
            yield ": alive\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")


@router.websocket("/ws/{conversation_id}")
async def talk(websocket: WebSocket, conversation_id: int, user: WebSocketUser) -> None:
    await websocket.accept()
    try:
        while True:
            content = await websocket.receive_text()
            await websocket.send_json({"conversation_id": conversation_id, "content": reply_to(content)})
    except WebSocketDisconnect:
        return
