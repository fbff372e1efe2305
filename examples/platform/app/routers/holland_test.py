from typing import Any

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field
from sqlalchemy import select

from app.auth import PlatformUser
from app.db import Db
from app.models import TestResult
from app.services.owned import saved
from app.services.scoring import scores_of

router = APIRouter(prefix="/holland-test", tags=["holland_test"])
SCALES = ("realistic", "investigative", "artistic", "social", "enterprising", "conventional")


class Answers(BaseModel):
    answers: list[int] = Field(min_length=len(SCALES), max_length=60)


@router.get("/questions")
def questions() -> list[dict[str, Any]]:
    return [{"number": number, "scale": scale} for number, scale in enumerate(SCALES, start=1)]


@router.post("/answers", status_code=201)
def answer(given: Answers, user: PlatformUser, db: Db) -> dict[str, Any]:
    row = saved(db, TestResult(user_id=user.id, kind="holland", scores=scores_of(SCALES, given.answers)))
    return {"id": row.id, "scores": row.scores}


@router.get("/results")
def results(user: PlatformUser, db: Db) -> list[dict[str, Any]]:
    rows = db.scalars(
        select(TestResult).where(TestResult.user_id == user.id, TestResult.kind == "holland").order_by(TestResult.id)
    )
    return [{"id": row.id, "scores": row.scores} for row in rows]


@router.get("/results/{result_id}")
def result(result_id: int, user: PlatformUser, db: Db) -> dict[str, Any]:
    row = db.get(TestResult, result_id)
    if row is None or row.user_id != user.id or row.kind != "holland":
        raise HTTPException(404, "Not found")
    return {"id": row.id, "scores": row.scores}
