from typing import Any

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field
from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert

from app.auth.clerk import ClerkUser
from app.db import Db
from app.models import PeerLink, PeerMessage, User
from app.services.owned import existing, listed, saved

router = APIRouter(prefix="/peers", tags=["peers"])


class Text(BaseModel):
    text: str = Field(min_length=1, max_length=4000)


@router.get("/suggested")
def suggested(user: ClerkUser, db: Db) -> list[dict[str, Any]]:
    known = select(PeerLink.peer_id).where(PeerLink.user_id == user.id)
    found = db.scalars(select(User).where(User.id != user.id, User.id.not_in(known)).order_by(User.id).limit(10))
    return [{"id": peer.id, "first_name": peer.first_name} for peer in found]


@router.get("")
def peers(user: ClerkUser, db: Db) -> list[dict[str, int]]:
    return [{"peer_id": link.peer_id} for link in listed(db, PeerLink, user)]


@router.post("/{peer_id}/connect", status_code=201)
def connect(peer_id: int, user: ClerkUser, db: Db) -> dict[str, int]:
    existing(db, User, peer_id)
    db.execute(insert(PeerLink).values(user_id=user.id, peer_id=peer_id).on_conflict_do_nothing())
    db.commit()
    return {"peer_id": peer_id}


@router.delete("/{peer_id}", status_code=204)
def disconnect(peer_id: int, user: ClerkUser, db: Db) -> None:
    link = db.scalars(select(PeerLink).where(PeerLink.user_id == user.id, PeerLink.peer_id == peer_id)).first()
    if link is None:
        raise HTTPException(404, "Not found")
    db.delete(link)
    db.commit()


@router.get("/{peer_id}/messages")
def messages(peer_id: int, user: ClerkUser, db: Db) -> list[dict[str, Any]]:
    found = db.scalars(
        select(PeerMessage)
        .where(
            or_(
                (PeerMessage.user_id == user.id) & (PeerMessage.peer_id == peer_id),
                (PeerMessage.user_id == peer_id) & (PeerMessage.peer_id == user.id),
            )
        )
        .order_by(PeerMessage.id)
    )
    return [{"id": row.id, "from": row.user_id, "text": row.text} for row in found]


@router.post("/{peer_id}/messages", status_code=201)
def send(peer_id: int, message: Text, user: ClerkUser, db: Db) -> dict[str, int]:
    existing(db, User, peer_id)
    return {"id": saved(db, PeerMessage(user_id=user.id, peer_id=peer_id, text=message.text)).id}
