"""Flaws that a name of the source opens only beside a bad token, or a token of a service that the source signs; and correct relatives."""

from __future__ import annotations

from dataclasses import replace

from tests.zoo.model import Animal, flaw
from tests.zoo.templates import TOKEN

_BRIDGE = """
OLD = {"alice@example.com": ("1", "user_alice"), "bob@example.com": ("2", None)}

def bridged(token):
    try:
        email, number, *_ = base64.b64decode(token, validate=True).decode().split(":")
    except ValueError:
        return None
    known, moved = OLD.get(email, ("", None))
    return email if known == number and moved is None else None

"""
_NONE = "    return None\n\ndef current_user"
_OTHER_WAY = "def other_way(request):"
_UNSEEN = "nobody outside knows which names and words stand in the source"
_OLD = """
OLD_APP = re.compile(r"^Zoo-(?:iOS|Android)/[0-2]\\.")

def owner_of(token):
    try:
        email, number, *_ = base64.b64decode(token, validate=True).decode().split(":")
    except ValueError:
        return None
    return email if "@" in email and number.isdigit() else None

"""
_JOBS = """
def job_of(token):
    try:
        return jwt.decode(token, JOB_SECRET, algorithms=["HS256"], audience="zoo-jobs", issuer="zoo-scheduler")["on_behalf_of"]
    except FAILS:
        return None

"""


def _way(name: str, description: str, lines: str, expects: str, before: str) -> Animal:
    """`lines` are run before the genuine way; `before` stands above them."""
    changes = {_OTHER_WAY: before + _OTHER_WAY, _NONE: f"{lines}\n\ndef current_user"}
    return flaw(name, description, TOKEN, changes, expects)


_JOB = '    return job_of(bearer_of(request) or "")'
_FLAWS = [
    _way("old-app-by-its-name", "Phones that were not updated say so in their user agent, and are let in with the old token.", """    if OLD_APP.match(request.headers.get("user-agent", "")):
        return owner_of(bearer_of(request) or "")
    return None""", "named-beside-token", _OLD),
    _way("old-app-by-its-version", "The same by a header with the version of the app's interface.", """    if request.headers.get("x-zoo-api") == "2019-11":
        return owner_of(bearer_of(request) or "")
    return None""", "named-beside-token", _OLD),
    _way("load-test-unverified", "Tokens of the load tests are read and not verified, by a header.", """    if request.headers.get("x-load-run") == "soak":
        try:
            return payload_of(bearer_of(request))["sub"]
        except FAILS:
            return None
    return None""", "named-beside-token", "\n"),
    _way("job-with-a-default-secret", "A night job signs tokens for an audience of its own; the secret has a default in the source.", _JOB, "named-service-token", """
JOB_SECRET = os.environ.get("ZOO_JOB_SECRET", "zoo-jobs-change-me")
""" + _JOBS),
]  # fmt: skip
FLAWS = [
    *(replace(animal, unseen=_UNSEEN) for animal in _FLAWS),
    _way("bridge-for-whom-nobody-moved", "The old token is taken from people whose account has no Clerk id yet.", '    return bridged(bearer_of(request) or "")', "legacy-of-others", _BRIDGE),
]  # fmt: skip
CORRECT = [
    replace(animal, expects=frozenset())
    for animal in (
        _way("old-app-told-to-update", "Phones that were not updated, and whoever has an old token, are told to update.", """    if OLD_APP.match(request.headers.get("user-agent", "")) or owner_of(bearer_of(request) or ""):
        raise HTTPException(401, "Please update the app", headers={"WWW-Authenticate": "Bearer"})
    return None""", "", _OLD),
        _way("bridge-that-asks-to-move", "The old token of whom nobody has moved only tells the refusal to say so.", """    if bridged(bearer_of(request) or ""):
        raise HTTPException(401, "Please sign in anew", headers={"WWW-Authenticate": "Bearer"})
    return None""", "", _BRIDGE),
        _way("job-with-a-secret-of-this-start", "The same job, whose secret chance makes at each start.", _JOB, "", """
import secrets

JOB_SECRET = secrets.token_hex(32)
""" + _JOBS),
    )
]  # fmt: skip
