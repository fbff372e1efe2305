"""The application."""

from fastapi import FastAPI

from app import routers
from app.internal import internal


def create_app() -> FastAPI:
    application = FastAPI(title="Career platform")
    for router in routers.ALL:
        application.include_router(router)
    application.mount("/internal", internal)
    return application


app = create_app()
