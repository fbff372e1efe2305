from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.auth import PlatformUser
from app.db import Db
from app.models import SearchDocument
from app.services.owned import listed, own, removed, saved

router = APIRouter(prefix="/vector-search", tags=["vector_search"])


class Query(BaseModel):
    text: str = Field(min_length=1)
    limit: int = Field(default=5, ge=1, le=50)


class Document(BaseModel):
    text: str = Field(min_length=1)


def vector(text: str) -> set[str]:
    """Stands in for the embedding: character trigrams."""
    text = f"  {text.lower()} "
    return {text[i : i + 3] for i in range(len(text) - 2)}


def closeness(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other)


@router.post("/search")
def search(query: Query, user: PlatformUser, db: Db) -> list[dict[str, Any]]:
    wanted = vector(query.text)
    scored = [(closeness(wanted, vector(row.text)), row.id) for row in listed(db, SearchDocument, user)]
    return [{"id": row_id, "score": round(score, 3)} for score, row_id in sorted(scored, reverse=True)[: query.limit]]


@router.post("/documents", status_code=201)
def index(document: Document, user: PlatformUser, db: Db) -> dict[str, int]:
    return {"id": saved(db, SearchDocument(user_id=user.id, text=document.text)).id}


@router.delete("/documents/{document_id}", status_code=204)
def forget(document_id: int, user: PlatformUser, db: Db) -> None:
    removed(db, own(db, SearchDocument, document_id, user))
