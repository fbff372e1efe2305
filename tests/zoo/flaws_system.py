"""Flaws of attachment, of refusals and failures, of memory, and of trouble with the issuer."""

from __future__ import annotations

from harness.fake_clerk.ids import stable_id
from tests.zoo.correct import _APP
from tests.zoo.model import Animal, flaw
from tests.zoo.templates import ATTACHED, ATTACHED_ROUTES, TOKEN, USER

_USER = "user: str = Depends(current_user)"
_REFUSE = "    claims = verify_token(bearer_of(request))\n    if claims is None:\n        raise refusal()\n"
_SHAPE = """    if not isinstance(token, str) or not re.fullmatch(r"[\\w-]+\\.[\\w-]+\\.[\\w-]+", token, re.ASCII) or len(token) > 8192:
        return None
"""
_FAILS = "    except FAILS:\n        return None\n"
_KEYS = """    global KEYS, ASKED
    if not KEYS or (kid is not ... and kid not in KEYS and time.monotonic() - ASKED > 0.3):
        ASKED = time.monotonic()
        KEYS = {entry["kid"]: entry for entry in fetched(JWKS)["keys"]}
    return KEYS
"""
_NOTED = """    import psycopg
    def note(what):
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as db:
            db.execute("insert into deeds (what) values (%s)", (what,))
    def claimed(token):
        try:
            return str(payload_of(token)["sub"]).replace(chr(0), "")
        except Exception:
            return "nobody"
"""
_SEEN_FIRST = "    note(claimed(bearer_of(request)))\n"
NOTING = TOKEN.replace(_REFUSE, _NOTED + """    note(request.url.path)
    claims = verify_token(bearer_of(request))
    note(("came " if claims else "refused ") + claimed(bearer_of(request)))
    if claims is None:
        raise refusal()
    note(claims["sub"])
""")
REMEMBERED = USER + _APP + """
ANSWERS = {}

@app.get("/me")
def me(request: Request, user: str = Depends(current_user)):
    key = KEPT
    if key not in ANSWERS or ANSWERS[key][0] < time.monotonic():
        ANSWERS[key] = (time.monotonic() + 60, {"user": user, "secret": "what is kept here"})
    return ANSWERS[key][1]
"""
_TABLE = [stable_id("user", f"identity:{name}") for name in ("alice", "bob", "admin", "member")]
"""The people whom a database would know."""
_NOTHING = "missing forged expired legacy garbage"
_OTHER = '    return None\n\ndef current_user'


def _attached(name: str, description: str, changes: dict[str, str], expects: str = _NOTHING, **more: object) -> Animal:
    return flaw(name, description, ATTACHED, changes, expects, routes=ATTACHED_ROUTES, **more)


def _remembers(name: str, description: str, key: str, expects: str, **more: object) -> Animal:
    """A cache of what was verified, under a key that is less than the token."""
    return flaw(name, description, TOKEN, {
        "def verify_token(token):": "SEEN = {}\n\ndef verify_token(token):",
        "        header = header_of(token)\n        check_class": f"        header = header_of(token)\n        key = {key}\n        if key in SEEN:\n            return SEEN[key]\n        check_class",
        "        return claims\n    except": "        SEEN[key] = claims\n        return claims\n    except",
    }, expects, **more)  # fmt: skip


def _in_trouble(name: str, description: str, changes: dict[str, str], expects: str, **more: object) -> Animal:
    return flaw(name, description, TOKEN, changes, expects, unseen="a running server cannot be started anew without its keys", **more)


FLAWS = [
    # Attachment
    _attached("one-route-unguarded", "One route of a router hangs on the app and has no guard.", {'@router.post("/items/{item_id}")': '@app.post("/items/{item_id}")'}),
    _attached("router-unguarded", "The router has lost its guard.", {"APIRouter(dependencies=[Depends(current_user)])": "APIRouter()"}),
    _attached("hidden-route-unguarded", "A route that no document shows has no guard.", {'@app.get("/reports", include_in_schema=False, dependencies=[Depends(current_user)])': '@app.get("/reports", include_in_schema=False)'}),
    _attached("mount-unguarded", "A mounted app does not inherit the guard.", {"openapi_url=None, dependencies=[Depends(current_user)])": "openapi_url=None)"}),
    _attached("websocket-unguarded", "The websocket has no guard.", {"user: str = Depends(websocket_user)": 'user: str = "anyone"'}),
    _attached("websocket-answers-first", "The websocket accepts everybody, and closes it after the first message.", {'user: str = Depends(websocket_user)):\n    await websocket.accept()\n': '):\n    await websocket.accept()\n    user = verify_token(websocket.query_params.get("token"))\n    await websocket.send_json({"rows": ["one"]})\n    if user is None:\n        await websocket.close(1008)\n        return\n'}, "missing forged"),
    _attached("generator-guard-forgives", "A guard that yields forgets to raise.", {'@app.get("/exported", dependencies=[Depends(current_user)])': 'async def lenient(request: Request):\n    claims = verify_token(bearer_of(request))\n    yield claims\n\n@app.get("/exported", dependencies=[Depends(lenient)])'}),
    _attached("guard-overridden", "An override that tests needed was left in.", {'app.mount("/inner", inner)\n': 'app.mount("/inner", inner)\ninner.dependency_overrides[current_user] = lambda: "tester"\n'}),
    _attached("decorator-order", "The guard's decorator stands above the route's, so that the route has the unguarded function.", {
        '@app.get("/exported", dependencies=[Depends(current_user)])\nasync def exported():': """def signed_in(view):
    @functools.wraps(view)
    async def inner_view(request: Request):
        current_user(request)
        return await view()
    return inner_view

@signed_in
@app.get("/exported")
async def exported():"""}),
    _attached("undeclared-route", "A route was added, and nobody said who may enter.", {'@router.get("/items")\n': '@router.get("/items/new")\ndef new_items():\n    return {}\n\n@router.get("/items")\n'}, "GET", kind="undeclared", unseen="a route that nobody names is not seen from outside"),
    _attached("stale-line", "A line of the matrix is for a route that is gone.", {'@app.get("/reports", include_in_schema=False, dependencies=[Depends(current_user)])\ndef reports():\n    return {"reports": ["one"]}\n': ""}, "GET", kind="stale", unseen="from outside a route that is gone is one that nobody reaches"),
    flaw("after-the-deed", "The handler writes first and authenticates then.", TOKEN, {
        f"def me({_USER}):": "def me(request: Request):\n    import psycopg\n    with psycopg.connect(os.environ[\"DATABASE_URL\"], autocommit=True) as db:\n        db.execute(\"insert into deeds (what) values ('done')\")\n    user = current_user(request)",
    }, "forged expired missing", host="alone", database=True, unseen="from outside a refusal looks like a refusal"),
    flaw("row-before-verification", "The row of a first sign-in is made while the token is still to be verified.", TOKEN, {
        "    claims = verify_token(bearer_of(request))\n    if claims is None:\n        raise refusal()\n": _NOTED + _SEEN_FIRST + "    claims = verify_token(bearer_of(request))\n    if claims is None:\n        raise refusal()\n",
    }, "forged-newcomer", host="alone", database=True, unseen="from outside a refusal looks like a refusal"),
    # Refusals and failures
    flaw("newcomers-kept-out", "Whoever is not in the table yet is kept out.", TOKEN, {_REFUSE: _REFUSE + f"    if claims['sub'] not in {_TABLE}:\n        raise refusal()\n"}, "clerk-newcomer", kind="lockout"),
    flaw("old-claims-kept-out", "Tokens of the first version are kept out, though the instance issues them.", TOKEN, {"def check_party(claims):": "def check_party(claims):\n    if claims.get(\"v\") is None:\n        raise ValueError"}, "clerk-v1", kind="lockout"),
    flaw("party-required", "Tokens without a website are kept out.", TOKEN, {'    if "azp" in claims and claims["azp"] != PARTY:': '    if claims.get("azp") != PARTY:'}, "clerk-no-azp", kind="lockout"),
    flaw("first-key-only", "Of the published keys only the first is known: a rotation locks everybody out.", TOKEN, {'entry for entry in fetched(JWKS)["keys"]}': 'entry for entry in fetched(JWKS)["keys"][:1]}'}, "clerk-rotated", kind="lockout"),
    flaw("garbage-crashes", "What cannot be read crashes the verifier.", TOKEN, {_SHAPE: "    if token is None: return None\n", _FAILS: "    except (jwt.ExpiredSignatureError, jwt.InvalidSignatureError):\n        return None\n"}, "garbage not-base64 deeply-nested-json kid-array non-ascii", kind="fault"),
    flaw("nul-crashes", "A NUL byte crashes the verifier.", TOKEN, {_SHAPE: '    if token and "\\x00" in token: raise RuntimeError("embedded null byte")\n' + _SHAPE}, "nul-byte", kind="fault", unseen="the server refuses such a field itself"),
    flaw("control-crashes", "A control character crashes the verifier.", TOKEN, {"    fields = connection": '    if any("\\x01" in v for v in connection.headers.values()): raise RuntimeError("control character")\n    fields = connection'}, "control-characters", kind="fault", unseen="the server refuses such a field itself"),
    flaw("huge-crashes", "A key id of 64 KiB brings the verifier down.", TOKEN, {_SHAPE: '    if token and 900_000 > len(token) > 60_000: raise MemoryError\n' + _SHAPE}, "kid-huge", kind="fault", unseen="how large a field the server takes depends on how it comes in"),
    flaw("mebibyte-crashes", "A token of a mebibyte brings the verifier down.", TOKEN, {_SHAPE: '    if token and len(token) > 1_000_000: raise MemoryError\n' + _SHAPE}, "huge-token", kind="fault", unseen="the server refuses such a field itself"),
    flaw("list-crashes", "A payload that is a list crashes the verifier.", TOKEN, {_FAILS: "    except jwt.DecodeError:\n        payload_of(token).get('sub')\n        return None\n" + _FAILS}, "json-array-payload", kind="fault"),
    flaw("reason-told", "The refusal tells why.", TOKEN, {_FAILS: "    except FAILS as error:\n        raise HTTPException(401, f'Invalid token: {error}')\n"}, "expired nbf-future iss-other", kind="leak"),
    flaw("trace-shown", "The refusal shows where in the code it was refused.", TOKEN, {_FAILS: "    except FAILS:\n        import traceback\n        raise HTTPException(401, traceback.format_exc())\n"}, "forged expired", kind="leak"),
    flaw("status-tells", "A known kind of token is refused with another status.", TOKEN, {_FAILS: "    except jwt.ExpiredSignatureError:\n        raise HTTPException(403, 'Not authenticated')\n" + _FAILS}, "expired", kind="leak"),
    flaw("header-tells", "The challenge tells why.", TOKEN, {_FAILS: "    except jwt.InvalidIssuerError:\n        raise HTTPException(401, 'Not authenticated', headers={'WWW-Authenticate': 'Bearer error=\"insufficient\"'})\n" + _FAILS}, "iss-other", kind="leak"),
    flaw("code-tells", "A code in the refusal tells why.", TOKEN, {_FAILS: "    except jwt.InvalidAudienceError:\n        raise HTTPException(401, {'error': 'E-17-AUD'})\n" + _FAILS}, "aud-foreign", kind="leak"),
    flaw("existence-told", "The refusal tells that a user does not exist.", TOKEN, {'def current_user(request: Request):\n': 'def current_user(request: Request):\n    if payload_in(bearer_of(request)).get("sub", "user_2").startswith("mch_"):\n        raise HTTPException(401, "User not found")\n',
        "def other_way(request):": "def payload_in(token):\n    try:\n        found = payload_of(token)\n        return found if isinstance(found, dict) and isinstance(found.get('sub'), str) else {}\n    except Exception:\n        return {}\n\ndef other_way(request):"}, "sub-of-machine", kind="leak"),
    flaw("unreachable", "The route wants what the declaration does not give: nothing is proven.", TOKEN, {
        '@app.get("/me")': 'def tenant(request: Request):\n    if "x-tenant" not in request.headers:\n        raise HTTPException(400, "Which tenant?")\n\n@app.get("/me", dependencies=[Depends(tenant)])',
    }, "clerk forged", kind="inconclusive"),
    # Memory
    _remembers("remembers-by-jti", "What was verified is remembered by the token's id.", 'payload_of(token).get("jti")', "forged-after-genuine-same-jti"),
    _remembers("remembers-by-sub", "What was verified is remembered by the user.", 'payload_of(token).get("sub")', "forged-after-genuine-same-sub"),
    _remembers("remembers-by-prefix", "What was verified is remembered by the first part of the token.", 'token.rpartition(".")[0] + token.rpartition(".")[2][:40]', "forged-after-genuine-same-prefix"),
    Animal("answers-kept-for-a-path", "An answer is remembered by the path, behind the guard: everybody sees whoever came first.", REMEMBERED.replace("KEPT", "request.url.path"), frozenset({"answer-of-who-came-first"}), unseen="a running server cannot be started anew"),
    _remembers("remembers-too-long", "What was verified is remembered after it has run out.", "token", "expired-after-genuine"),
    flaw("one-for-all", "The user of a request is kept where all requests share it.", TOKEN, {
        "def current_user(request: Request):": "HOLDER = {}\n\nasync def current_user(request: Request):",
        '        raise refusal()\n    return claims["sub"]\n\napp': '        raise refusal()\n    HOLDER["user"] = claims["sub"]\n    import asyncio\n    await asyncio.sleep(0.02)\n    return HOLDER["user"]\n\napp',
    }, "two-identities-at-once"),
    # The issuer
    flaw("asks-for-every-kid", "Every unknown key id is a question to the issuer.", TOKEN, {_KEYS: '    KEYS.update({entry["kid"]: entry for entry in fetched(JWKS)["keys"]})\n    return KEYS\n'}, "unknown-kid-flood", kind="fault", policy="steadfast"),
    _in_trouble("outage-opens", "While the issuer's keys cannot be had, tokens are read without verification.", {_FAILS: "    except OSError:\n        return payload_of(token)\n" + _FAILS}, "jwks-outage"),
    _in_trouble("malformed-opens", "A key set that cannot be read means no verification.", {_FAILS: "    except json.JSONDecodeError:\n        return payload_of(token)\n" + _FAILS}, "jwks-malformed"),
    _in_trouble("empty-opens", "A key set without keys means no verification.", {"def decoded(header, token):\n": "def decoded(header, token):\n    if not published():\n        return payload_of(token)\n"}, "jwks-empty"),
    _in_trouble("slow-opens", "Keys that come late mean no verification.", {"timeout=5) as answer": "timeout=0.5) as answer", _FAILS: "    except TimeoutError:\n        return payload_of(token)\n" + _FAILS}, "jwks-slow"),
    _in_trouble("outage-crashes", "While the issuer's keys cannot be had, the verifier crashes.", {"OSError, AttributeError": "AttributeError"}, "jwks-outage", kind="fault"),
    _in_trouble("never-heals", "One outage, and the keys are never asked for again.", {_KEYS: "    if not KEYS:\n        KEYS[None] = {}\n        KEYS.update({entry[\"kid\"]: entry for entry in fetched(JWKS)[\"keys\"]})\n    return KEYS\n"}, "jwks-heals", kind="lockout"),
    flaw("keys-added-never-removed", "Keys are asked for when one is not known, and never forgotten, though the policy wants a rotated key to end.", TOKEN, {
        _KEYS: '    KEYS.update({entry["kid"]: entry for entry in fetched(JWKS)["keys"]})\n    return KEYS\n'}, "rotated-out-after-genuine", policy="rotating"),
]  # fmt: skip
CORRECT = [
    Animal("notes-attempts", "Each request is noted, and each attempt with the person who is claimed and how it ended; a row of the person comes after verification.", NOTING, host="alone", database=True, unseen="from outside a refusal looks like a refusal"),
]  # fmt: skip
