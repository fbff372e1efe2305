"""The front-end contract: a real Chromium uses the front end, and what it sends, keeps and shows is held to what a browser may."""

from harness.contracts.frontend.declaration import FRONTEND_FILE, FrontendFile, load_frontend

__all__ = ["FRONTEND_FILE", "FrontendFile", "load_frontend"]
