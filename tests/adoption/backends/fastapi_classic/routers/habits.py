from typing import List

from auth import get_current_user
from database import get_db
from fastapi import APIRouter, Depends, HTTPException
from models import Habit, User
from schemas import HabitIn, HabitOut
from sqlalchemy.orm import Session

router = APIRouter(prefix="/habits", tags=["habits"])


@router.get("/", response_model=List[HabitOut])
def list_habits(user: User = Depends(get_current_user), db: Session = Depends(get_db)):
    return db.query(Habit).filter(Habit.owner_id == user.id).all()


@router.post("/", response_model=HabitOut, status_code=201)
def create_habit(habit: HabitIn, user: User = Depends(get_current_user), db: Session = Depends(get_db)):
    row = Habit(**habit.dict(), owner_id=user.id)
    db.add(row)
    db.commit()
    db.refresh(row)
    return row


@router.put("/{habit_id}", response_model=HabitOut)
def update_habit(
    habit_id: int, habit: HabitIn, user: User = Depends(get_current_user), db: Session = Depends(get_db)
):
    row = db.query(Habit).filter(Habit.id == habit_id, Habit.owner_id == user.id).first()
    if row is None:
        raise HTTPException(404, "Habit not found")
    row.title, row.done = habit.title, habit.done
    db.commit()
    return row


@router.delete("/{habit_id}", status_code=204)
def delete_habit(habit_id: int, user: User = Depends(get_current_user), db: Session = Depends(get_db)):
    db.query(Habit).filter(Habit.id == habit_id, Habit.owner_id == user.id).delete()
    db.commit()
