from typing import Annotated

from fastapi import APIRouter, File, HTTPException, Response, UploadFile
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.auth import PlatformUser
from app.db import Db
from app.models import Avatar

router = APIRouter(prefix="/avatar", tags=["avatar"])
_LARGEST = 1_000_000
_TYPES = {"image/png", "image/jpeg", "image/webp"}


@router.get("")
def avatar(user: PlatformUser, db: Db) -> Response:
    row = db.scalars(select(Avatar).where(Avatar.user_id == user.id)).first()
    if row is None:
        raise HTTPException(404, "Not found")
    return Response(row.data, media_type=row.content_type)


@router.post("", status_code=201)
def upload(file: Annotated[UploadFile, File()], user: PlatformUser, db: Db) -> dict[str, int]:
    data = file.file.read(_LARGEST + 1)
    if len(data) > _LARGEST or file.content_type not in _TYPES:
        raise HTTPException(413 if len(data) > _LARGEST else 415, "Not an acceptable picture")
    values = {"content_type": file.content_type, "data": data}
    db.execute(
        insert(Avatar).values(user_id=user.id, **values).on_conflict_do_update(index_elements=["user_id"], set_=values)
    )
    db.commit()
    return {"bytes": len(data)}


@router.delete("", status_code=204)
def remove(user: PlatformUser, db: Db) -> None:
    row = db.scalars(select(Avatar).where(Avatar.user_id == user.id)).first()
    if row is not None:
        db.delete(row)
        db.commit()
