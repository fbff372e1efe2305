import json
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from sqlalchemy.dialects.postgresql import insert
from svix.webhooks import Webhook, WebhookVerificationError

from app import settings
from app.auth.clerk import BrowserSession, BrowserUser, ClerkUser, Session
from app.auth.jwks import keys
from app.db import Db
from app.models import UserProgress, WebhookDelivery
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


@router.get("/browser")
def browser(claims: BrowserSession, user: BrowserUser) -> dict[str, Any]:
    """Who is signed in, for pages that the server renders: they have no script yet that could set a header."""
    return {"user_id": user.id, "first_name": user.first_name, "role": claims.role}


@router.post("/browser/seen")
def seen(user: BrowserUser, db: Db) -> dict[str, Any]:
    """The page was opened: a point for being here."""
    visit = insert(UserProgress).values(user_id=user.id, xp=1, streak=0)
    visit = visit.on_conflict_do_update(index_elements=[UserProgress.user_id], set_={"xp": UserProgress.xp + 1})
    db.execute(visit)
    db.commit()
    return {"user_id": user.id}


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
    delivery = request.headers["svix-id"]
    if db.get(WebhookDelivery, delivery) is not None:
        return {"status": "seen"}
    if str(event.get("type")).startswith("user."):
        # An event may be older than what was written since, so Clerk is asked for the user as it is now.
        user_id = str(event["data"].get("id"))
        profile = clerk_api.fetch_user(user_id)
        if profile is None:
            user_sync.deactivate(db, user_id)
        else:
            user_sync.sync(db, profile)
    # Only what was done is seen: what fails before is delivered again, and doing it twice changes nothing.
    values = {"id": delivery, "type": str(event.get("type"))}
    db.execute(insert(WebhookDelivery).values(**values).on_conflict_do_nothing())
    db.commit()
    return {"status": "ok"}
