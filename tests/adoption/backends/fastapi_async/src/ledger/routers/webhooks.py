import json

from fastapi import APIRouter, Depends, HTTPException, Request
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from svix.webhooks import Webhook, WebhookVerificationError

from ledger.config import config
from ledger.db import get_session
from ledger.models import Account

router = APIRouter(tags=["webhooks"])


@router.post("/webhooks/clerk", status_code=204)
async def clerk(request: Request, session: AsyncSession = Depends(get_session)):
    try:
        body = await request.body()
        Webhook(config.webhook_secret).verify(body, dict(request.headers))
    except WebhookVerificationError:
        raise HTTPException(400, "bad signature")
    event = json.loads(body)
    if event["type"] == "user.created":
        await session.execute(insert(Account).values(clerk_id=event["data"]["id"]).on_conflict_do_nothing())
    elif event["type"] == "user.deleted":
        await session.execute(delete(Account).where(Account.clerk_id == event["data"]["id"]))
    await session.commit()
