from dataclasses import dataclass

from litestar import Controller, Litestar, Request, delete, get, post
from litestar.config.cors import CORSConfig
from litestar.exceptions import NotFoundException
from litestar.middleware.base import DefineMiddleware

from src.auth import ORIGIN, ClerkMiddleware, admin, member

teams: dict[int, dict] = {1: {"name": "Blue", "organization": "org_1"}}


@dataclass
class NewTeam:
    name: str


class TeamController(Controller):
    path = "/teams"
    guards = [member]
    tags = ["teams"]

    @get()
    async def all(self, request: Request) -> list[str]:
        return [t["name"] for t in teams.values() if t["organization"] == request.user.organization]

    @post()
    async def create(self, request: Request, data: NewTeam) -> dict[str, int]:
        number = max(teams, default=0) + 1
        teams[number] = {"name": data.name, "organization": request.user.organization}
        return {"id": number}

    @get("/{number:int}")
    async def one(self, request: Request, number: int) -> dict:
        team = teams.get(number)
        if not team or team["organization"] != request.user.organization:
            raise NotFoundException()
        return team

    @delete("/{number:int}", guards=[admin])
    async def remove(self, request: Request, number: int) -> None:
        if teams.get(number, {}).get("organization") == request.user.organization:
            del teams[number]


@get("/me")
async def me(request: Request) -> dict[str, str | None]:
    return {"id": request.user.id, "organization": request.user.organization}


@get("/health", exclude_from_auth=True, sync_to_thread=False)
def health() -> dict[str, bool]:
    return {"ok": True}


app = Litestar(
    route_handlers=[TeamController, me, health],
    middleware=[DefineMiddleware(ClerkMiddleware, exclude="^/schema")],
    cors_config=CORSConfig(allow_origins=[ORIGIN]),
)
