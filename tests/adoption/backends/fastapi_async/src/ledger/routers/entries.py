from fastapi import APIRouter, Depends, HTTPException
from pydantic import BaseModel
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from ledger.db import get_session
from ledger.models import Entry
from ledger.security import Principal, admin, in_organization

router = APIRouter(prefix="/v1/entries", tags=["entries"])


class NewEntry(BaseModel):
    cents: int
    note: str = ""


@router.get("")
async def entries(who: Principal = Depends(in_organization), session: AsyncSession = Depends(get_session)):
    rows = await session.scalars(select(Entry).where(Entry.organization_id == who.organization_id))
    return [{"id": row.id, "cents": row.cents, "note": row.note} for row in rows]


@router.post("", status_code=201)
async def add(
    entry: NewEntry, who: Principal = Depends(in_organization), session: AsyncSession = Depends(get_session)
):
    row = Entry(organization_id=who.organization_id, account_id=who.account.id, **entry.model_dump())
    session.add(row)
    await session.commit()
    return {"id": row.id}


@router.get("/{entry_id}")
async def one(
    entry_id: int, who: Principal = Depends(in_organization), session: AsyncSession = Depends(get_session)
):
    row = await session.get(Entry, entry_id)
    if row is None or row.organization_id != who.organization_id:
        raise HTTPException(404)
    return {"id": row.id, "cents": row.cents, "note": row.note}


@router.delete("/{entry_id}", status_code=204)
async def remove(entry_id: int, who: Principal = Depends(admin), session: AsyncSession = Depends(get_session)):
    await session.execute(
        delete(Entry).where(Entry.id == entry_id, Entry.organization_id == who.organization_id)
    )
    await session.commit()
