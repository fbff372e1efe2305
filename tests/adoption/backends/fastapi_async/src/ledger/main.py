from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from fastapi.middleware.cors import CORSMiddleware

from ledger.config import config
from ledger.db import engine
from ledger.routers import entries, webhooks
from ledger.security import Principal, signed_in


@asynccontextmanager
async def lifespan(app: FastAPI):
    yield
    await engine.dispose()


def create_app() -> FastAPI:
    app = FastAPI(title="Ledger", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.add_middleware(
        CORSMiddleware, allow_origins=config.allowed_origins, allow_methods=["*"], allow_headers=["*"]
    )
    app.include_router(entries.router)
    app.include_router(webhooks.router)

    @app.get("/healthz", include_in_schema=False)
    async def healthz():
        return {"ok": True}

    @app.get("/v1/me")
    async def me(who: Principal = Depends(signed_in)):
        return {"id": who.account.id, "clerk": who.account.clerk_id, "organization": who.organization_id}

    return app
