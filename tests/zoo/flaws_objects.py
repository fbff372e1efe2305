"""Whose row it is: rows that are looked up by their number alone, and correct ones beside them."""

from __future__ import annotations

from harness.fake_clerk.ids import stable_id
from tests.zoo.model import Animal, flaw
from tests.zoo.templates import TOKEN

_PEOPLE = {number: stable_id("user", f"identity:{name}") for number, name in ((1, "alice"), (2, "bob"))}
_NOTES = f"""
OWNERS = {_PEOPLE!r}
TEXTS = {{1: "milk and bread", 2: "a secret diary"}}

def note_of(number, user):
    if OWNERS.get(number) != user:
        raise HTTPException(404, "Not found")
    return {{"number": number, "text": TEXTS[number]}}

@app.get("/notes/{{number}}")
def note(number: int, user: str = Depends(current_user)):
    return note_of(number, user)
"""
_MINE = f"""
OWNERS = {_PEOPLE!r}
TEXTS = {{1: "milk and bread", 2: "a secret diary"}}

@app.get("/notes")
def notes(by: int, user: str = Depends(current_user)):
    return [TEXTS[number] for number, owner in OWNERS.items() if owner == user]
"""
_MANY = f"""
OWNERS = {_PEOPLE!r}
TEXTS = {{1: "milk and bread", 2: "a secret diary"}}

@app.post("/notes/export")
def export(ids: Annotated[list[int], Body(embed=True)], user: str = Depends(current_user)):
    if not all(OWNERS.get(number) == user for number in ids):
        raise HTTPException(403, "Not yours")
    return [TEXTS[number] for number in ids]
"""
_AMONG = f"""
OWNERS = {_PEOPLE!r}
TEXTS = {{1: "milk and bread", 2: "a secret diary"}}

@app.get("/notes")
def notes(ids: Annotated[list[int], Query()], user: str = Depends(current_user)):
    return [TEXTS[number] for number in ids if OWNERS.get(number) == user]
"""
_TENANT = f"""
MEMBERS = {{"acme": [{_PEOPLE[1]!r}], "globex": [{_PEOPLE[2]!r}]}}
TEXTS = {{"acme": "rocket skates", "globex": "weather machine"}}

def tenant(x_organization: Annotated[str, Header()], user: str = Depends(current_user)):
    if user not in MEMBERS.get(x_organization, []):
        raise HTTPException(404, "Not found")
    return x_organization

@app.get("/projects")
def projects(name: str = Depends(tenant)):
    return {{"organization": name, "projects": [TEXTS[name]]}}
"""
_TOKENS_OWN = f"""
OWN = {{ {_PEOPLE[1]!r}: "acme", {_PEOPLE[2]!r}: "globex" }}
TEXTS = {{"acme": "rocket skates", "globex": "weather machine"}}

@app.get("/projects")
def projects(x_organization: Annotated[str, Header()], user: str = Depends(current_user)):
    return {{"asked": x_organization, "projects": [TEXTS.get(OWN.get(user))]}}
"""
_COMMAS = f"""
OWNERS = {_PEOPLE!r}
TEXTS = {{1: "milk and bread", 2: "a secret diary"}}

@app.get("/notes")
def notes(ids: str, user: str = Depends(current_user)):
    wanted = [int(number) for number in ids.split(",")]
    if not all(OWNERS.get(number) == user for number in wanted):
        raise HTTPException(404, "Not found")
    return {{"asked": ids, "notes": [TEXTS[number] for number in wanted]}}
"""
_TWICE = f"""
OWNERS = {_PEOPLE!r}
TEXTS = {{1: "milk and bread", 2: "a secret diary"}}

@app.get("/notes")
def notes(request: Request, user: str = Depends(current_user)):
    numbers = request.query_params.getlist("ids")
    if not numbers or OWNERS.get(int(numbers[-1])) != user:
        raise HTTPException(404, "Not found")
    return TEXTS[int(request.query_params["ids"])]
"""
_ALL = "    if not all(OWNERS.get(number) == user for number in ids):\n"
_OWNED = TOKEN + _NOTES
_ASKED = "    if OWNERS.get(number) != user:\n"
_LINE = '"GET {at}/notes/{{number}}" = {{ policy = "{policy}", path = {{ number = {{ alice = 1, bob = 2 }} }} }}\n"GET {at}/me" = "{policy}"'
_QUERY = '"GET {at}/notes" = {{ policy = "{policy}", query = {{ by = {{ alice = 1, bob = 2 }} }} }}\n"GET {at}/me" = "{policy}"'
_BODY = '"POST {at}/notes/export" = {{ policy = "{policy}", json = {{ ids = {{ alice = [1], bob = [2] }} }} }}\n"GET {at}/me" = "{policy}"'
_BOTH = "others-object@alice:bob others-object@bob:alice"
_HEADER = '"GET {at}/projects" = {{ policy = "{policy}", headers = {{ X-Organization = {{ alice = "acme", bob = "globex" }} }} }}\n"GET {at}/me" = "{policy}"'
_IDS = _QUERY.replace("by = {{ alice = 1, bob = 2 }}", 'ids = {{ alice = "1", bob = "2" }}')
_QUERIES = _QUERY.replace("by = {{ alice = 1, bob = 2 }}", "ids = {{ alice = [1], bob = [2] }}")

FLAWS = [
    flaw("anybody-s-note", "A note is looked up by its number alone.", _OWNED, {_ASKED: "    if number not in OWNERS:\n"}, "others-object@alice:bob others-object@bob:alice", routes=_LINE),
    flaw("anybody-s-notes", "The query says whose notes are listed.", TOKEN + _MINE, {"OWNERS.items() if owner == user]": "OWNERS.items() if number == by]"}, "others-object@alice:bob others-object@bob:alice", routes=_QUERY),
    flaw("first-of-the-notes", "Of many notes in one request only the first is looked at.", TOKEN + _MANY, {_ALL: "    if OWNERS.get(ids[0]) != user:\n"}, _BOTH, routes=_BODY),
    flaw("any-of-the-notes", "Of many notes in one request one's own must be among them.", TOKEN + _MANY, {_ALL: _ALL.replace("all(", "any(")}, _BOTH, routes=_BODY),
    flaw("anybody-s-tenant", "Which organization's projects are shown says a header, and nobody asks whether the person is of it.", TOKEN + _TENANT, {"    if user not in MEMBERS.get(x_organization, []):\n": "    if x_organization not in MEMBERS:\n"}, _BOTH, routes=_HEADER),
    flaw("any-of-the-notes-by-comma", "Of many notes in one text one's own must be among them.", TOKEN + _COMMAS, {"if not all(": "if not any("}, _BOTH, routes=_IDS),
    flaw("first-of-two-fields-decides", "The query's field may be there twice: the first is looked at, the last is used.", TOKEN + _TWICE, {"numbers[-1]": "numbers[0]"}, _BOTH, routes=_IDS),
    flaw("nobody-s-note", "Nobody's note is anybody's: the owner is compared with the number.", _OWNED, {_ASKED: "    if OWNERS.get(number) != number:\n"}, "own-object@alice:alice own-object@bob:bob", kind="lockout", routes=_LINE),
]  # fmt: skip
CORRECT = [
    Animal("own-note", "A note is looked up by its number and by whose it is.", _OWNED, routes=_LINE),
    Animal("own-note-masked", "Whoever asks for somebody else's note is refused.", _OWNED.replace('HTTPException(404, "Not found")', 'HTTPException(403, "Not yours")'), routes=_LINE),
    Animal("all-of-the-notes", "Of many notes in one request each must be one's own.", TOKEN + _MANY, routes=_BODY),
    Animal("own-among-the-notes", "Of the notes that are asked for one's own are given.", TOKEN + _AMONG, routes=_QUERIES),
    Animal("own-tenant", "The organization of a header is one of the person's own.", TOKEN + _TENANT, routes=_HEADER),
    Animal("tenant-of-the-token", "The projects are those of the person's own organization, and the header is only repeated.", TOKEN + _TOKENS_OWN, routes=_HEADER),
    Animal("all-of-the-notes-by-comma", "Of many notes in one text each must be one's own.", TOKEN + _COMMAS, routes=_IDS),
    Animal("last-of-two-fields-decides", "Of a field that is there twice the last is looked at and used.", TOKEN + _TWICE, routes=_IDS),
    Animal("own-notes", "The list is of the person's own notes, whatever the query says.", TOKEN + _MINE, routes=_QUERY),
]  # fmt: skip
