from typing import Any

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.auth.clerk import ClerkUser
from app.db import Db
from app.models import OnboardingAnswer
from app.services.owned import listed, removed

router = APIRouter(prefix="/onboarding", tags=["onboarding"])


class Answer(BaseModel):
    step: str = Field(min_length=1, max_length=50)
    answer: str = Field(min_length=1)


@router.get("")
def answers(user: ClerkUser, db: Db) -> dict[str, Any]:
    return {
        "completed": user.onboarding_completed,
        "answers": {row.step: row.answer for row in listed(db, OnboardingAnswer, user)},
    }


@router.post("/answers", status_code=201)
def answer(given: Answer, user: ClerkUser, db: Db) -> dict[str, str]:
    db.execute(
        insert(OnboardingAnswer)
        .values(user_id=user.id, step=given.step, answer=given.answer)
        .on_conflict_do_update(index_elements=["user_id", "step"], set_={"answer": given.answer})
    )
    db.commit()
    return {"step": given.step}


@router.delete("/answers/{step}", status_code=204)
def forget(step: str, user: ClerkUser, db: Db) -> None:
    row = db.scalars(
        select(OnboardingAnswer).where(OnboardingAnswer.user_id == user.id, OnboardingAnswer.step == step)
    ).first()
    if row is None:
        raise HTTPException(404, "Not found")
    removed(db, row)


@router.post("/complete")
def complete(user: ClerkUser, db: Db) -> dict[str, bool]:
    user.onboarding_completed = True
    db.commit()
    return {"completed": True}
