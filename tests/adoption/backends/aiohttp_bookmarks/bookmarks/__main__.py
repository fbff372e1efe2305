import os

import aiohttp_cors
import aiosqlite
from aiohttp import web

from .auth import ORIGIN, authentication
from .views import export, routes


async def database(app):
    app["db"] = await aiosqlite.connect(os.environ.get("DB_FILE", "bookmarks.sqlite"))
    await app["db"].execute("CREATE TABLE IF NOT EXISTS bookmarks (id INTEGER PRIMARY KEY, user TEXT, url TEXT)")
    yield
    await app["db"].close()


def make_app() -> web.Application:
    app = web.Application(middlewares=[authentication])
    app.add_routes(routes)
    app.router.add_get("/bookmarks.html", export)
    app.cleanup_ctx.append(database)
    cors = aiohttp_cors.setup(app, defaults={ORIGIN: aiohttp_cors.ResourceOptions(allow_headers="*")})
    for resource in list(app.router.resources()):
        if not any(issubclass(route.handler, web.View) for route in resource if isinstance(route.handler, type)):
            cors.add(resource)
    return app


if __name__ == "__main__":
    web.run_app(make_app(), port=int(os.environ.get("PORT", "8080")))
