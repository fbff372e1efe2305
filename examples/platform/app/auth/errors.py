"""One refusal for everybody: it never tells why."""

from fastapi import HTTPException


class NotAuthenticated(HTTPException):
    def __init__(self) -> None:
        super().__init__(401, "Not authenticated", headers={"WWW-Authenticate": "Bearer"})


class NotAllowed(HTTPException):
    def __init__(self) -> None:
        super().__init__(403, "Not allowed")
