"""Backends whose refusal is neither returned nor a status: errors in a body of GraphQL or JSON-RPC, an envelope with a code of its
own, and ASGI apps that send it.
"""

from __future__ import annotations

from tests.zoo.correct import _APP
from tests.zoo.model import Animal, flaw
from tests.zoo.templates import VERIFY

GRAPHQL = (
    VERIFY
    + _APP
    + """
def failed(message, code):
    return {"data": None, "errors": [{"message": message, "extensions": {"code": code}}]}

@app.post("/graphql")
async def graphql(request: Request):
    try:
        asked = re.fullmatch(r"\\s*(?:query)?\\s*{([\\w\\s]*)}\\s*", (await request.json())["query"])[1].split()
    except (KeyError, TypeError, ValueError):
        return failed("Syntax Error", "GRAPHQL_PARSE_FAILED")
    claims = verify_token(bearer_of(request))
    if claims is None:
        return failed("Not authenticated", "UNAUTHENTICATED")
    return {"data": {name: claims["sub"] for name in asked}}
"""
)
_REFUSED = """    if claims is None:
        return failed("Not authenticated", "UNAUTHENTICATED")
    return {"data": {name: claims["sub"] for name in asked}}
"""
NAMED_GRAPHQL = GRAPHQL.replace(r"(?:query)?\s*{([\w\s]*)}\s*", r"(?:query(?:\s+\w+)?)?\s*{([\w\s]*)}\s*(?:#.*)?")
"""The same with questions that have a name, and comments."""
GRAPHQL_ROUTES = '"POST {at}/graphql" = {{ policy = "{policy}", json = {{ query = "{{ me }}" }} }}'
_VERIFIED = "    claims = verify_token(bearer_of(request))\n"
RPC = (
    VERIFY
    + _APP
    + """
METHODS = {"me": lambda claims: {"user": claims["sub"]}}

@app.post("/rpc")
async def rpc(request: Request):
    call = await request.json()
    answer = {"jsonrpc": "2.0", "id": call.get("id")}
    claims = verify_token(bearer_of(request))
    if call.get("method") not in METHODS:
        return answer | {"error": {"code": -32601, "message": "Method not found"}}
    if claims is None:
        return answer | {"error": {"code": -32001, "message": "Unauthorized"}}
    return answer | {"result": METHODS[call["method"]](claims)}
"""
)
RPC_ROUTES = '"POST {at}/rpc" = {{ policy = "{policy}", json = {{ jsonrpc = "2.0", method = "me", id = 1 }} }}'
CODES = (
    VERIFY
    + _APP
    + """
from fastapi.responses import JSONResponse

class Refused(Exception):
    pass

@app.exception_handler(Refused)
async def refused(request, error):
    return JSONResponse({"code": 401, "msg": "please sign in", "data": None})

def signed_in(request: Request):
    claims = verify_token(bearer_of(request))
    if claims is None:
        raise Refused
    return claims

@app.get("/profile")
async def profile(claims: dict = Depends(signed_in)):
    return {"code": 0, "msg": "ok", "data": {"id": claims["sub"], "name": "as it is kept here"}}

@app.get("/settings")
async def settings(request: Request):
    claims = verify_token(bearer_of(request))
    if claims is None:
        return {"success": False, "error": {"type": "unauthenticated", "message": "Invalid or missing token"}}
    return {"success": True, "error": None, "theme": "dark", "of": claims["sub"]}
"""
)
CODES_ROUTES = '"GET {at}/profile" = "{policy}"\n"GET {at}/settings" = "{policy}"'
MOUNTED = (
    VERIFY
    + _APP
    + """
from fastapi.responses import JSONResponse

async def reports(scope, receive, send):
    await JSONResponse({"reports": "what is kept here"})(scope, receive, send)

class Guard:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http" and verify_token(bearer_of(Request(scope))) is None:
            return await Response("Not authenticated", 401, {"WWW-Authenticate": "Bearer"})(scope, receive, send)
        await self.app(scope, receive, send)

app.mount("/reports", Guard(reports))
"""
)
MOUNTED_ROUTES = '"GET {at}/reports/{{path}}" = {{ policy = "{policy}", path = {{ path = "all" }} }}'
CORRECT = [
    Animal("graphql", "GraphQL: a resolver refuses by an error beside data that is null, and the status is 200.", GRAPHQL, policy="inside", routes=GRAPHQL_ROUTES),
    flaw("graphql-schema-for-everybody", "GraphQL: who asks only for the schema needs no token, whatever the question is called.", NAMED_GRAPHQL, {_REFUSED: """    if claims is None and not set(asked) <= {"__schema", "__typename"}:
        return failed("Not authenticated", "UNAUTHENTICATED")
    return {"data": {name: "of the schema" if claims is None else claims["sub"] for name in asked}}
"""}, "", policy="inside", routes=GRAPHQL_ROUTES),
    Animal("json-rpc", "JSON-RPC: a refusal is an error in place of a result, and the status is 200.", RPC, policy="inside", routes=RPC_ROUTES),
    Animal("code-in-an-envelope", "Every answer is a 200 with an envelope: what is refused says so by its code, by an exception's handler or by the route's own.", CODES, policy="inside", routes=CODES_ROUTES),
    Animal("guard-around-a-mount", "An ASGI app is mounted with its guard around it, which sends 401 by itself.", MOUNTED, policy="inside", routes=MOUNTED_ROUTES),
]  # fmt: skip
FLAWS = [
    flaw("graphql-unverified", "GraphQL: what a token says is believed.", GRAPHQL, {_VERIFIED: """    try:
        claims = unverified(bearer_of(request))
    except Exception:
        claims = None
"""}, "forged", policy="inside", routes=GRAPHQL_ROUTES),
    flaw("graphql-data-beside-the-error", "GraphQL: an error is told, and the data come all the same.", GRAPHQL, {
        _VERIFIED: _VERIFIED + """    if claims is None and bearer_of(request):
        return failed("Not authenticated", "UNAUTHENTICATED") | {"data": {name: "what is kept here" for name in asked}}
""",
    }, "forged expired garbage", policy="inside", routes=GRAPHQL_ROUTES),
    flaw("graphql-open-by-name", "GraphQL: a question that is called as that of introspection needs no token.", NAMED_GRAPHQL, {_REFUSED: """    if claims is None and (await request.json()).get("operationName") != "IntrospectionQuery":
        return failed("Not authenticated", "UNAUTHENTICATED")
    return {"data": {name: "what is kept here" if claims is None else claims["sub"] for name in asked}}
"""}, "graphql-open-question", policy="inside", routes=GRAPHQL_ROUTES),
    flaw("graphql-open-by-a-word", "GraphQL: a question with a word of the schema anywhere in its text needs no token.", NAMED_GRAPHQL, {_REFUSED: """    if claims is None and "__schema" not in (await request.json())["query"]:
        return failed("Not authenticated", "UNAUTHENTICATED")
    return {"data": {name: "what is kept here" if claims is None else claims["sub"] for name in asked}}
"""}, "graphql-open-question", policy="inside", routes=GRAPHQL_ROUTES),
    flaw("json-rpc-unverified", "JSON-RPC: what a token says is believed.", RPC, {_VERIFIED: """    try:
        claims = unverified(bearer_of(request))
    except Exception:
        claims = None
"""}, "forged", policy="inside", routes=RPC_ROUTES),
    flaw("envelope-unverified", "An envelope with a code of its own: what a token says is believed.", CODES, {
        "def signed_in(request: Request):\n    claims = verify_token(bearer_of(request))\n": """def signed_in(request: Request):
    try:
        claims = unverified(bearer_of(request))
    except Exception:
        claims = None
""",
    }, "forged", policy="inside", routes=CODES_ROUTES),
    flaw("envelope-with-data", "The envelope's code refuses an expired token, and the data are in it all the same.", CODES, {
        '    if claims is None:\n        return {"success": False,': """    if claims is None and bearer_of(request):
        return {"success": False, "error": {"type": "unauthenticated", "message": "Expired token"}, "theme": "dark", "of": "alice"}
    if claims is None:
        return {"success": False,""",
    }, "expired", policy="inside", routes=CODES_ROUTES),
    flaw("guard-around-a-mount-of-any-time", "The guard around a mounted ASGI app does not look at the time.", MOUNTED, {
        "verify_token(bearer_of(Request(scope))) is None": "not signed(bearer_of(Request(scope)))",
        "class Guard:": """def signed(token):
    try:
        header = header_of(token)
        check_class(header)
        claims = jwt.decode(token, key_for(header, token), algorithms=["RS256"], issuer=ISSUER, options={"require": ["sub", "sid"], "verify_exp": False, "verify_nbf": False, "verify_iat": False})
        check_party(claims)
        check_people(claims)
        return True
    except FAILS:
        return False

class Guard:""",
    }, "expired", policy="inside", routes=MOUNTED_ROUTES),
]  # fmt: skip
