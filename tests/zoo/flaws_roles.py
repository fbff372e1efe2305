"""Flaws of roles, of organizations and of whose rows are shown: a genuine person claims more than the token says."""

from __future__ import annotations

from tests.zoo.correct import _APP
from tests.zoo.model import Animal, flaw
from tests.zoo.templates import ADMIN, USER
from tests.zoo.templates_spellings import (
    FLASK,
    INVITING,
    INVITING_ROUTES,
    ORGANIZATION,
    ORGANIZATION_ROUTES,
    ROLE_IS,
    WANTED,
    rows,
)

_NAMED = "what the source names is read inside the process"


def _admins(name: str, description: str, rule: str, expects: str, before: str = "", **more: object) -> Animal:
    """Admins alone are let in; `rule` says who is none, with the functions of `before`."""
    changes = {ROLE_IS: f"    if {rule}:\n"} | ({"def role_of(claims):": before + "def role_of(claims):"} if before else {})
    return flaw(name, description, ADMIN, changes, expects, policy="admin", **more)


_ROLES = [
    _admins("admin-somewhere-in-the-role", "Whoever has the word admin in the role is one.", '"admin" not in (role_of(claims) or "")', "role-lookalike"),
    _admins("role-begins-with-admin", "Whose role begins with admin is one.", 'not (role_of(claims) or "").startswith("admin")', "role-lookalike"),
    _admins("role-matched", "The role is matched by a pattern that has no end.", 'not re.match(r"(org:)?(admin|owner)", str(role_of(claims)))', "role-lookalike"),
    _admins("letters-of-the-role", "The role is searched for in a text of roles, and the other way round.", 'not any(role in (role_of(claims) or "") for role in "owner,admin".split(","))', "role-lookalike"),
    flaw("admin-of-any-organization", "An admin is one, whichever organization the path names.", ORGANIZATION, {WANTED: '    return role_of(claims) == "admin"\n'}, "admin-of-another-organization", policy="admin", routes=ORGANIZATION_ROUTES),
    flaw("admin-of-some-organization", "The token must have an organization and the path too; nobody compares the two.", ORGANIZATION, {WANTED: '    own = claims.get("o") or {}\n    return bool(organization and own.get("id")) and own.get("rol") in {"admin", "owner"}\n'}, "admin-of-another-organization", policy="admin", routes=ORGANIZATION_ROUTES),
    _admins("permission-of-any-feature", "Whoever may manage something may manage invoices.", '"manage" not in (claims.get("o") or {}).get("per", "").split(",")', "role-lookalike"),
    _admins("permission-by-the-wrong-end", "The bits of a feature are read from the left, as they are written.", 'not may_manage_invoices(claims)', "role-lookalike", before="""def may_manage_invoices(claims):
    own = claims.get("o") or {}
    features = [each[2:] for each in claims.get("fea", "").split(",") if each.startswith("o:")]
    masks, names = own.get("fpm", "").split(","), own.get("per", "").split(",")
    if "invoices" not in features or "manage" not in names:
        return False
    return format(int(masks[features.index("invoices")]), f"0{len(names)}b")[names.index("manage")] == "1"

"""),
    _admins("permission-beside-the-person's", "The features of the person are counted with those of the organization.", 'not may_manage_invoices(claims)', "role-lookalike", before="""def may_manage_invoices(claims):
    own = claims.get("o") or {}
    names = own.get("per", "").split(",")
    for feature, mask in zip(claims.get("fea", "").split(","), own.get("fpm", "").split(",")):
        if feature == "o:invoices" and "manage" in names:
            return bool(int(mask) >> names.index("manage") & 1)
    return False

"""),
    _admins("permission-in-the-text", "The permission is searched for in the text of all, in version 1 of the claims.", 'role_of(claims) != "admin" and "org:invoices:manage" not in ",".join(claims.get("org_permissions", []))', "role-lookalike"),
    _admins("role-of-the-gateway", "The role is the one that a gateway would set, where there is one.", '"admin" not in (request.headers.get("x-user-roles") or role_of(claims) or "").split(",")', "role-in-header"),
    Animal("role-of-the-gateway-of-flask", "Flask: a decorator wants a role, and asks a header first.", FLASK + """
app = Flask(__name__, static_folder=None)

def authenticated_as(*roles):
    def wrap(view):
        @functools.wraps(view)
        def guarded(*args, **kwargs):
            claims = verify_token(bearer_of(request))
            if claims is None:
                return refusal()
            g.role = request.headers.get("X-Role", (claims.get("o") or {}).get("rol"))
            if g.role not in roles:
                return jsonify(error="Not allowed"), 403
            return view(*args, **kwargs)
        return guarded
    return wrap

@app.get("/me")
@authenticated_as("admin", "owner")
def me():
    return {"secret": "what admins see"}
""", frozenset({"role-in-header"}), host="alone", server="werkzeug", policy="admin"),
    _admins("role-of-the-query", "The page for admins is asked for with a parameter, which is believed.", 'role_of(claims) != "admin" and request.query_params.get("role") != "admin"', "role-in-query"),
    _admins("admin-switch", "A switch in the query shows what admins see.", 'role_of(claims) != "admin" and request.query_params.get("isAdmin", "").lower() != "true" and "admin" not in request.query_params.getlist("roles")', "role-in-query"),
    flaw("role-of-the-body", "What stands in the body is laid over what is known of the user.", INVITING, {ROLE_IS: """    known = {"role": role_of(claims), "sub": claims["sub"]} | await request.json()
    if known["role"] != "admin":
"""}, "role-in-body", policy="admin", routes=INVITING_ROUTES),
]  # fmt: skip


_IDENTITIES = [
    Animal("user-of-a-header", "Who asks is verified; whose rows these are a header says.", USER + _APP + rows('request.headers.get("x-user-id", user)'), frozenset({"identity-in-header"})),
    Animal("acts-for-a-header", "Support may act for others, and nobody asks who is of the support.", USER + _APP + rows("acting_for(request) or user", """
def acting_for(request):
    for name in ("x-act-as", "x-on-behalf-of", "x-impersonate-user"):
        if person := request.headers.get(name):
            return person
"""), frozenset({"identity-in-header"})),
    Animal("mail-of-a-header", "Rows are found by the e-mail address, which a proxy would set.", USER + _APP + rows('request.headers.get("x-forwarded-email") or address_of(user)', """
API = os.environ.get("CLERK_API_URL", "https://api.clerk.com")

@functools.cache
def address_of(user):
    question = urllib.request.Request(f"{API}/v1/users/{user}", headers={"Authorization": "Bearer " + os.environ["CLERK_SECRET_KEY"]})
    with urllib.request.urlopen(question, timeout=5) as answer:
        return json.load(answer)["email_addresses"][0]["email_address"]
"""), frozenset({"identity-in-header"})),
    Animal("user-of-the-query", "Whose rows these are the query may say.", USER + _APP + rows('request.query_params.get("impersonate", user)'), frozenset({"identity-in-query"})),
    Animal("user-of-the-query-of-flask", "Flask: the query is laid over what the token says.", FLASK + """
app = Flask(__name__, static_folder=None)

@app.before_request
def authenticate():
    claims = verify_token(bearer_of(request))
    if claims is None:
        return refusal()
    g.session = claims | request.args.to_dict()

@app.get("/me")
def me():
    return {"rows": [hashlib.sha256(g.session["sub"].encode()).hexdigest()[:12]]}
""", frozenset({"identity-in-query"}), host="alone", server="werkzeug"),
    Animal("rows-of-a-header-of-our-own", "Whose rows these are says a header of the support's, and nobody asks who is of the support.", USER + _APP + rows('request.headers.get("x-desk-customer") or user'), frozenset({"named-identity"}), unseen=_NAMED),
    Animal("token-of-a-cookie-of-our-own", "The header is verified; the name is read of a cookie that the portal sets.", USER + _APP + rows('payload_of(request.cookies["desk_portal"])["sub"] if "desk_portal" in request.cookies else user'), frozenset({"named-identity"}), unseen=_NAMED),
    Animal("cookie-beside-the-header", "The header is verified; who it is says the cookie, where there is one.", USER + _APP + rows('payload_of(request.cookies["__session"])["sub"] if "__session" in request.cookies else user'), frozenset({"identity-in-token"})),
    Animal("last-of-the-fields-is-read", "The first Authorization field is verified, and the last one read.", USER.replace("bearer_of(request)", 'request.headers.get("authorization", "").removeprefix("Bearer ")') + _APP + rows('payload_of(request.headers.getlist("authorization")[-1])["sub"]'), frozenset({"identity-in-token"})),
    Animal("id-token-beside-the-header", "The header is verified; the name comes of the token in another header, for who reads it trusts the guard.", USER + _APP + rows('payload_of(request.headers.get("x-id-token", "") or bearer_of(request))["sub"]'), frozenset({"identity-in-token"})),
]  # fmt: skip

FLAWS = [*_ROLES, *_IDENTITIES]
