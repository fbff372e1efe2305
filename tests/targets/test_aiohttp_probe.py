"""The probe in an aiohttp server that `--command` starts: its routes, subapps' and views' too, and where a request was stopped."""

from __future__ import annotations

import sys
from pathlib import Path

from harness.run.options import Options
from tests.conftest import Judged, judged, write_suites

BACKEND = """
import asyncio, os
import jwt
from aiohttp import web

ISSUER = os.environ["CLERK_ISSUER"]
KEYS = jwt.PyJWKClient(ISSUER + "/.well-known/jwks.json")

def verified(token):
    key = KEYS.get_signing_key_from_jwt(token).key
    return jwt.decode(token, key, algorithms=["RS256"], issuer=ISSUER, options={"verify_exp": CHECKED})

@web.middleware
async def current_user_guard(request, handler):
    if request.path != "/open":
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        try:
            await asyncio.get_running_loop().run_in_executor(None, verified, token)
        except jwt.PyJWTError:
            raise web.HTTPUnauthorized
    assert "x-clerk-harness" not in request.headers
    return await handler(request)

async def answer(request):
    return web.json_response({})

class Notes(web.View):
    async def get(self):
        return web.json_response([])

    async def post(self):
        return web.json_response({}, status=201)

app = web.Application(middlewares=[current_user_guard])
app.router.add_get("/open", answer)
app.router.add_view("/notes/{number:[0-9]+}", Notes)
inner = web.Application()
inner.router.add_delete("/cups/{name}", answer)
app.add_subapp("/inner", inner)
web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]))
"""
ROUTES = '"GET /open" = "public"\n"GET /notes/{number}" = "clerk"\n"POST /notes/{number}" = "clerk"\n"DELETE /inner/cups/{name}" = "clerk"'
GUARDED = ("GET /notes/{number}", "POST /notes/{number}", "DELETE /inner/cups/{name}")


def run(folder: Path, checked: str) -> Judged:
    (folder / "server.py").write_text(BACKEND.replace("CHECKED", checked))
    options = Options(
        suites=write_suites(folder / "suites", ROUTES), command=f"{sys.executable} server.py", app_dir=folder, agents=1,
        credentials=["missing", "clerk", "expired", "forged"], drills=False,
    )  # fmt: skip
    return judged(options)


def test_a_correct_server_is_seen_by_the_probe(tmp_path: Path) -> None:
    result = run(tmp_path, "True")
    assert {v.route for v in result.record.verdicts if v.failed} == set()
    assert {plan.route.key for plan in result.record.plan.routes} == {"GET /open", *GUARDED}
    seen = {(v.route, v.credential): v.seen for v in result.record.verdicts}
    for route in GUARDED:
        assert "the handler was not entered" in seen[(route, "forged")], route
        assert "the handler was entered" in seen[(route, "clerk")], route
    assert result.record.meta.target["probe"] == "aiohttp"


def test_a_flaw_is_stopped_at_the_handlers_door(tmp_path: Path) -> None:
    found = {(v.route, v.credential, v.seen) for v in run(tmp_path, "False").record.verdicts if v.failed}
    stopped = "the handler was entered (and stopped at the door)"
    assert found == {(route, "expired", stopped) for route in GUARDED}
