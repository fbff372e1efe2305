"""Rows of one's own: another user's row does not exist."""

from collections.abc import Sequence
from typing import Any, TypeVar

from fastapi import HTTPException
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import User

Row = TypeVar("Row", bound=Any)


def listed(db: Session, model: type[Row], user: User) -> Sequence[Row]:
    """The user's rows, oldest first."""
    return db.scalars(select(model).where(model.user_id == user.id).order_by(model.id)).all()


def own(db: Session, model: type[Row], row_id: int, user: User) -> Row:
    """The user's row with this id; 404 for everybody else's."""
    row = db.scalars(select(model).where(model.id == row_id, model.user_id == user.id)).first()
    if row is None:
        raise HTTPException(404, "Not found")
    return row


def existing(db: Session, model: type[Row], row_id: int) -> Row:
    """A row of a shared table; 404 where there is none."""
    row = db.get(model, row_id)
    if row is None:
        raise HTTPException(404, "Not found")
    return row


def saved(db: Session, row: Row) -> Row:
    """Write a row."""
    db.add(row)
    db.commit()
    return row


def removed(db: Session, row: Any) -> None:
    """Delete a row."""
    db.delete(row)
    db.commit()
