from aiohttp import web
from aiohttp_cors import CorsViewMixin

routes = web.RouteTableDef()


@routes.get("/status")
async def status(request):
    return web.json_response({"status": "ok"})


@routes.get("/bookmarks")
async def index(request):
    async with request.app["db"].execute(
        "SELECT id, url FROM bookmarks WHERE user = ?", (request["user"],)
    ) as cursor:
        return web.json_response([{"id": row[0], "url": row[1]} async for row in cursor])


@routes.post("/bookmarks")
async def add(request):
    try:
        url = (await request.json())["url"]
    except (ValueError, KeyError, TypeError):
        raise web.HTTPBadRequest(reason="url is required")
    cursor = await request.app["db"].execute(
        "INSERT INTO bookmarks (user, url) VALUES (?, ?)", (request["user"], str(url))
    )
    await request.app["db"].commit()
    return web.json_response({"id": cursor.lastrowid}, status=201)


@routes.view(r"/bookmarks/{number:\d+}")
class Bookmark(web.View, CorsViewMixin):
    async def get(self):
        db = self.request.app["db"]
        async with db.execute(
            "SELECT url FROM bookmarks WHERE id = ? AND user = ?",
            (int(self.request.match_info["number"]), self.request["user"]),
        ) as cursor:
            row = await cursor.fetchone()
        if row is None:
            raise web.HTTPNotFound()
        return web.json_response({"url": row[0]})

    async def delete(self):
        db = self.request.app["db"]
        await db.execute(
            "DELETE FROM bookmarks WHERE id = ? AND user = ?",
            (int(self.request.match_info["number"]), self.request["user"]),
        )
        await db.commit()
        return web.Response(status=204)


async def export(request):
    async with request.app["db"].execute("SELECT url FROM bookmarks WHERE user = ?", (request["user"],)) as cursor:
        links = "".join(f"<li>{row[0]}</li>" for row in await cursor.fetchall())
    return web.Response(text=f"<ul>{links}</ul>", content_type="text/html")
