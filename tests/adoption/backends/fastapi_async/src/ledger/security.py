from dataclasses import dataclass

from clerk_backend_api import Clerk
from clerk_backend_api.security.types import AuthenticateRequestOptions
from fastapi import Depends, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from ledger.config import config
from ledger.db import get_session
from ledger.models import Account

clerk = Clerk(bearer_auth=config.clerk_secret_key)
options = AuthenticateRequestOptions(
    secret_key=config.clerk_secret_key,
    authorized_parties=config.allowed_origins,
    accepts_token=["session_token"],
)


@dataclass
class Principal:
    account: Account
    organization_id: str | None
    role: str | None


async def signed_in(request: Request, session: AsyncSession = Depends(get_session)) -> Principal:
    state = await run_in_threadpool(clerk.authenticate_request, request, options)
    claims = state.payload
    if not state.is_signed_in or not claims or not claims.get("sid") or claims.get("sts") == "pending":
        raise HTTPException(401, "unauthenticated")
    await session.execute(insert(Account).values(clerk_id=claims["sub"]).on_conflict_do_nothing())
    account = (await session.execute(select(Account).where(Account.clerk_id == claims["sub"]))).scalar_one()
    await session.commit()
    organization = claims.get("o") or {}
    return Principal(account, organization.get("id"), organization.get("rol"))


def in_organization(principal: Principal = Depends(signed_in)) -> Principal:
    if principal.organization_id is None:
        raise HTTPException(403, "choose an organization")
    return principal


def admin(principal: Principal = Depends(in_organization)) -> Principal:
    if principal.role != "admin":
        raise HTTPException(403, "admins only")
    return principal
