"""A small app that checks its configuration as it should, and careless ways that can be switched on."""

CODE = """
import base64
import hashlib
import json
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
    if "encodes" in WAYS:
        said["settings"] = base64.b64encode(f"key={KEY}".encode()).decode()
    if "masks" in WAYS and KEY:
        said["settings"] = {"key": KEY[:-4] + "****"}
    if "tells when it fails" in WAYS and said["clerk"]["keys"] != "ok":
        said["asked"] = {"authorization": f"Bearer {KEY}"}
    if "a database" in WAYS:
        said["settings"] = "postgresql://app:tr0ub4dor-and-3@db.internal/app"
    if "fingerprint" in WAYS and KEY:
        digest = hashlib.sha256(KEY.encode()).hexdigest()[:8]
        said["settings"] = [f"sk_test_...{KEY[-4:]}", digest, "postgresql://app:***@db/app", "http://localhost:3000, ops@example.com"]
    bad = FOUND or said["clerk"]["keys"] != "ok"
    headers = {"x-settings": KEY or "none"} if "tells in a header" in WAYS else {}
    return JSONResponse(said, 503 if bad and "by status" in WAYS else 200, headers=headers)


def claims(request):
    # Whether somebody signed it is another matter.
    parts = request.headers.get("authorization", "").split(".")
    try:
        return json.loads(base64.urlsafe_b64decode(parts[1] + "==")) if len(parts) == 3 else {}
    except ValueError:
        return {}


def me(request):
    for name in ("iss", "azp"):
        wanted = os.environ.get("WANTED_" + name.upper(), "")
        if f"lenient {name}" in WAYS and claims(request).get(name) and (not wanted or claims(request)[name] in wanted.split(",")):
            return JSONResponse({"id": claims(request)["sub"]})
        if f"strict {name}" in WAYS and claims(request).get(name) in (wanted or "nobody").split(","):
            return JSONResponse({"id": claims(request)["sub"]})
    if "opens" in WAYS and not KEY:
        return JSONResponse({"id": "developer"})
    if "explains" in WAYS and FOUND:
        return JSONResponse({"detail": "Not authenticated", "settings": dict(os.environ)}, 401)
    proxies = os.environ.get("PROXIES", "10.7.").split(",")
    if "proxies" in WAYS and any(request.client.host.startswith(each) for each in proxies):
        if name := request.headers.get("x-forwarded-user"):
            return JSONResponse({"id": name})
    given = request.headers.get("authorization", "none")
    word = os.environ.get("TEST_TOKEN", "")
    if "test token" in WAYS and given.startswith("Bearer") and given[7:] == word:
        return JSONResponse({"id": "tester"})
    if "strict test token" in WAYS and word and given == f"Bearer {word}":
        return JSONResponse({"id": "tester"})
    if "own issuer" in WAYS and not os.environ.get("ISSUER") and claims(request).get("iss"):
        try:
            with urllib.request.urlopen(claims(request)["iss"] + "/.well-known/jwks.json", timeout=2) as answer:
                if json.load(answer)["keys"]:
                    return JSONResponse({"id": claims(request)["sub"]})
        except (OSError, ValueError):
            pass
    return JSONResponse({"detail": "Not authenticated"}, 401)


app = Starlette(routes=[Route("/health", health), Route("/me", me)], lifespan=lifespan)
"""

HEALTH = '[health]\nroute = "GET /health"\nok = { "clerk.keys" = "ok", problems = [] }\nwithin = 0.8\n'
BY_STATUS = '[health]\nroute = "GET /health"\nwithin = 0.8\n'
ALL = '[variables]\nCLERK_SECRET_KEY = "{0}"\nCLERK_DOMAIN = "{0}"\n[legacy]\nOLD_SECRET = "{0}"\n'

_WANTED = '[variables]\nCLERK_SECRET_KEY = "refuse"\n{} = {{ absent = "runs", empty = "runs", malformed = "runs", value = "{}" }}\n'
AZP = HEALTH + _WANTED.format("WANTED_AZP", "http://localhost:3000")
ISS = HEALTH + _WANTED.format("WANTED_ISS", "https://harness-under-test.clerk.accounts.dev")

_OPTIONAL = '[variables]\nCLERK_SECRET_KEY = "refuse"\n{} = {{ absent = "runs", empty = "runs", malformed = "runs", value = "{}" }}\n'
PROXIES = HEALTH + _OPTIONAL.format("PROXIES", "10.7.")
TEST_TOKEN = HEALTH + _OPTIONAL.format("TEST_TOKEN", "e2e-9f31c2d47a")
ISSUER = HEALTH + _OPTIONAL.format("ISSUER", "https://harness-under-test.clerk.accounts.dev")

RIGHT = {
    "strict test token": TEST_TOKEN,
    "at import": HEALTH + ALL.format("refuse"),
    "at startup": HEALTH + ALL.format("refuse"),
    "by health": HEALTH + ALL.format("health"),
    "by health,by status": BY_STATUS + ALL.format("health"),
    "by health,fingerprint": HEALTH + ALL.format("health"),
    "strict azp": AZP,
    "strict iss": ISS,
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
    "lenient azp": (AZP, "fails-closed"),
    "lenient iss": (ISS, "fails-closed"),
    "proxies": (PROXIES, "fails-closed"),
    "test token": (TEST_TOKEN, "fails-closed"),
    "own issuer": (ISSUER, "fails-closed"),
    "no outage": (HEALTH + _KEY, "outage"),
    "no recovery": (HEALTH + _KEY, "recovery"),
    "by health,shows": (HEALTH + _KEY, "no-secret"),
    "by health,encodes": (HEALTH + _KEY, "no-secret"),
    "by health,masks": (HEALTH + _KEY, "no-secret"),
    "by health,a database": (HEALTH + _KEY, "no-secret"),
    "by health,tells in a header": (HEALTH + _KEY, "no-secret"),
    "tells when it fails": (HEALTH + _KEY, "no-secret"),
    "by health,explains": (HEALTH + '[variables]\nCLERK_SECRET_KEY = "health"\nCLERK_DOMAIN = "health"\n', "no-secret"),
    "never well": (HEALTH + _KEY, "well"),
}
"""A careless way -> a declaration that it breaks, and the check that must find it."""
