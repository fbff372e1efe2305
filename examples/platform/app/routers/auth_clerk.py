import json
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from sqlalchemy.dialects.postgresql import insert
from svix.webhooks import Webhook, WebhookVerificationError

from app import settings
from app.auth.clerk import ClerkUser, Session
from app.auth.jwks import keys
from app.db import Db
from app.models import WebhookDelivery
from app.services import clerk_api, user_sync

router = APIRouter(prefix="/auth", tags=["auth_clerk"])


@router.get("/health")
def clerk_health() -> dict[str, Any]:
    """Is Clerk configured, and does it answer?"""
    reachable = keys.reachable()
    return {"configured": True, "domain": settings.CLERK_DOMAIN, "jwks": "ok" if reachable else "unreachable"}


@router.get("/config")
def public_config() -> dict[str, str]:
    return {"domain": settings.CLERK_DOMAIN, "stage": settings.STAGE}


@router.get("/session")
def session(claims: Session, user: ClerkUser) -> dict[str, Any]:
    return {"user_id": user.id, "session_id": claims.session_id, "role": claims.role}


@router.post("/sync")
def sync_now(claims: Session, user: ClerkUser, db: Db) -> dict[str, Any]:
    """Take over the profile as Clerk has it now."""
    profile = clerk_api.fetch_user(claims.user_id)
    if profile is None:
        raise HTTPException(409, "No profile")
    synced = user_sync.sync(db, profile)
    return {"user_id": synced.id if synced else user.id}


def verify_webhook(payload: bytes, headers: dict[str, str]) -> Any:
    return Webhook(settings.CLERK_WEBHOOK_SECRET).verify(payload, headers)


async def signed_delivery(request: Request) -> dict[str, Any]:
    """The event of a delivery that Svix signed; 400 for everything else."""
    payload = await request.body()
    try:
        verify_webhook(payload, dict(request.headers))
        event = json.loads(payload)
    except (WebhookVerificationError, ValueError):
        raise HTTPException(400, "Bad delivery") from None
    if not isinstance(event, dict) or not isinstance(event.get("data"), dict):
        raise HTTPException(400, "Bad delivery")
    return event


@router.post("/webhook")
async def webhook(request: Request, db: Db) -> dict[str, str]:
    """Deliveries come at least once and in any order."""
    event = await signed_delivery(request)
    seen = db.execute(
        insert(WebhookDelivery)
        .values(id=request.headers["svix-id"], type=str(event.get("type")))
        .on_conflict_do_nothing()
    )
    db.commit()
    if not getattr(seen, "rowcount", 1):
        return {"status": "seen"}
    if event.get("type") == "user.deleted":
        user_sync.deactivate(db, str(event["data"].get("id")))
    elif event.get("type") in ("user.created", "user.updated"):
        profile = clerk_api.profile_from(event["data"])
        if profile is not None:
            user_sync.sync(db, profile)
    return {"status": "ok"}
