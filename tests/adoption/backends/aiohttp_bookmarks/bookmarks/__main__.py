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
    options = aiohttp_cors.ResourceOptions(allow_headers="*", allow_methods="*")
    cors = aiohttp_cors.setup(app, defaults={ORIGIN: options})
    for route in list(app.router.routes()):
        if route.method != "HEAD":
            cors.add(route)
    return app


if __name__ == "__main__":
    web.run_app(make_app(), port=int(os.environ.get("PORT", "8080")))
