"""A small app that checks its configuration as it should, and careless ways that can be switched on."""

CODE = """
import base64
import os
import re
import time
import urllib.request
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

WAYS = Path(__file__).with_name("way.txt").read_text().split(",")
DOMAIN = os.environ.get("CLERK_DOMAIN") or os.environ.get("NEXT_PUBLIC_CLERK_DOMAIN", "")
KEY = os.environ.get("CLERK_SECRET_KEY")
LIFE = {"failed": False, "asked": None}


def problems():
    if KEY is None and "absent" not in WAYS:
        yield "CLERK_SECRET_KEY is missing"
    if KEY == "" and "empty" not in WAYS:
        yield "CLERK_SECRET_KEY is empty"
    if KEY and not re.fullmatch("sk_(test|live)_.+", KEY) and "malformed" not in WAYS:
        yield "CLERK_SECRET_KEY is malformed"
    if KEY and KEY.startswith("sk_live_") and "live" not in WAYS:
        yield "CLERK_SECRET_KEY is a live key"
    if "OLD_SECRET" in os.environ and "legacy" not in WAYS:
        yield "OLD_SECRET is still set"
    if not re.fullmatch("[a-z0-9.-]+", DOMAIN):
        yield "CLERK_DOMAIN is missing or malformed"


FOUND = list(problems())
if FOUND and "by health" not in WAYS and "at startup" not in WAYS:
    if "hangs" in WAYS:
        time.sleep(3600)
    raise RuntimeError(FOUND[0])


@asynccontextmanager
async def lifespan(app):
    if FOUND and "at startup" in WAYS:
        raise RuntimeError(FOUND[0])
    yield


def keys():
    if "no outage" in WAYS:
        return "ok"
    if "no recovery" in WAYS and LIFE["failed"]:
        return "unreachable"
    try:
        with urllib.request.urlopen(f"https://{DOMAIN}/.well-known/jwks.json") as answer:
            answer.read()
        return "ok"
    except (OSError, ValueError):
        LIFE["failed"] = True
        return "unreachable"


def health(request):
    said = {"clerk": {"keys": keys()}, "problems": FOUND}
    if "never well" in WAYS:
        said["clerk"]["keys"] = "unknown"
    if "shows" in WAYS:
        said["settings"] = {"key": KEY}
    bad = FOUND or said["clerk"]["keys"] != "ok"
    return JSONResponse(said, 503 if bad and "by status" in WAYS else 200)


def me(request):
    if "opens" in WAYS and not KEY:
        return JSONResponse({"id": "developer"})
    return JSONResponse({"detail": "Not authenticated"}, 401)


app = Starlette(routes=[Route("/health", health), Route("/me", me)], lifespan=lifespan)
"""

HEALTH = '[health]\nroute = "GET /health"\nok = { "clerk.keys" = "ok", problems = [] }\nwithin = 0.8\n'
BY_STATUS = '[health]\nroute = "GET /health"\nwithin = 0.8\n'
ALL = '[variables]\nCLERK_SECRET_KEY = "{0}"\nCLERK_DOMAIN = "{0}"\n[legacy]\nOLD_SECRET = "{0}"\n'

RIGHT = {
    "at import": HEALTH + ALL.format("refuse"),
    "at startup": HEALTH + ALL.format("refuse"),
    "by health": HEALTH + ALL.format("health"),
    "by health,by status": BY_STATUS + ALL.format("health"),
    "by health,opens not": HEALTH + ALL.format("either"),
    "live,no outage": HEALTH + 'outage = false\n[variables]\nCLERK_SECRET_KEY = { live = "runs" }\n',
}
"""Ways that are in order, each with a declaration that it fulfils."""

_KEY = '[variables]\nCLERK_SECRET_KEY = "either"\n'
CARELESS = {
    "absent": (HEALTH + _KEY, "absent"),
    "empty": (HEALTH + _KEY, "empty"),
    "malformed": (HEALTH + _KEY, "malformed"),
    "live": (HEALTH + _KEY, "live"),
    "legacy": (HEALTH + ALL.format("either"), "legacy"),
    "absent,no outage": (_KEY, "absent"),
    "by health": (HEALTH + '[variables]\nCLERK_SECRET_KEY = { empty = "refuse" }\n', "empty"),
    "at import": (HEALTH + '[variables]\nCLERK_SECRET_KEY = { malformed = "health" }\n', "malformed"),
    "at startup": (HEALTH + '[variables]\nCLERK_SECRET_KEY = { live = "runs" }\n', "live"),
    "absent,empty,live,hangs": (
        HEALTH + '[variables]\nCLERK_SECRET_KEY = { absent = "runs", empty = "runs", live = "runs" }\n',
        "malformed",
    ),
    "by health,opens": (HEALTH + _KEY, "fails-closed"),
    "no outage": (HEALTH + _KEY, "outage"),
    "no recovery": (HEALTH + _KEY, "recovery"),
    "by health,shows": (HEALTH + _KEY, "no-secret"),
    "never well": (HEALTH + _KEY, "well"),
}
"""A careless way -> a declaration that it breaks, and the check that must find it."""
