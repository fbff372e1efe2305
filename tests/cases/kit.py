"""What the cases share: guards that backends import, a folder with a backend in it, and a run over it."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

from harness.contracts.matrix import load
from harness.run.first_suites import write_suites as init
from harness.run.options import Options
from harness.run.project import Project
from tests.conftest import Judged, judged, write_suites

GUARDS = '''
"""Right guards, and `read`, which verifies nothing. All give claims, or None."""
import json, os, re, time, urllib.request
import jwt

ISSUER = os.environ["CLERK_ISSUER"]
SITE = "http://localhost:3000"
SESSION, TEMPLATE, MACHINE = "cl_B7d4PD111AAA", "cl_B7d4PD222AAA", "cl_B7d4PD333AAA"
WRONG = (jwt.PyJWTError, OSError, AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError)
known, asked_at = {}, -1.0

def fetch():
    with urllib.request.urlopen(os.environ["CLERK_JWKS_URL"], timeout=5) as answer:
        return {entry["kid"]: jwt.PyJWK(entry).key for entry in json.load(answer)["keys"]}

def key_of(kid):
    """Asked for again where it is not known, three times a second at most; what was withdrawn is forgotten then."""
    global known, asked_at
    if kid not in known and (not known or time.monotonic() - asked_at > 0.3):
        asked_at = time.monotonic()
        known = fetch()
    return known[kid]

def decode(token, require, **more):
    if not re.fullmatch(r"[\\w-]+\\.[\\w-]+\\.[\\w-]+", token, re.ASCII) or len(token) > 8192:
        raise ValueError("no token")
    header = jwt.get_unverified_header(token)
    options = {"require": ["exp", "iat", "nbf", "sub", "iss", *require]}
    more = {"leeway": 5} | more
    claims = jwt.decode(token, key_of(header["kid"]), algorithms=["RS256"], issuer=ISSUER, options=options, **more)
    if any(type(claims[name]) is not int for name in ("exp", "iat", "nbf")):
        raise ValueError("no numbers")
    return header, claims

def is_person(claims):
    return re.fullmatch("user_[A-Za-z0-9]+", claims["sub"]) is not None and claims.get("azp", SITE) == SITE

def session(token, **more):
    try:
        header, claims = decode(token, ["sid"], **more)
        right = header.get("cat", SESSION) == SESSION and claims.get("sts", "active") == "active" and is_person(claims)
        return claims if right else None
    except WRONG:
        return None

def machine(token):
    try:
        header, claims = decode(token, [])
        return claims if header["cat"] == MACHINE and claims["sub"].startswith("mch_") else None
    except WRONG:
        return None

def template(token):
    try:
        header, claims = decode(token, ["aud"], audience="backend")
        return claims if header["cat"] == TEMPLATE and claims["aud"] == "backend" and is_person(claims) else None
    except WRONG:
        return None

def read(token):
    """Unverified."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
        return claims if isinstance(claims, dict) else None
    except Exception:
        return None

def class_of(token):
    try:
        return jwt.get_unverified_header(token).get("cat")
    except Exception:
        return None

def bearer(connection):
    """Of a request or websocket of Starlette's."""
    fields = connection.headers.getlist("authorization")
    scheme, _, token = fields[0].partition(" ") if len(fields) == 1 else ("", "", "")
    return token if scheme.lower() == "bearer" else None

def role_of(claims):
    found = claims.get("o")
    role = found.get("rol") if isinstance(found, dict) else claims.get("org_role")
    return str(role or "").removeprefix("org:")
'''
FASTAPI = """
import asyncio, os, threading, time
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request, Response, WebSocket
from fastapi.responses import JSONResponse, StreamingResponse
import guards
from guards import bearer, read, role_of, session

def refused(status=401):
    return HTTPException(status, "Not authenticated", headers={"WWW-Authenticate": "Bearer"})

def person(request: Request):
    claims = session(bearer(request))
    if claims is None:
        raise refused()
    return claims["sub"]

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
"""
FLASK = """
import functools, os
from flask import Flask, abort, jsonify, request
import guards

app = Flask(__name__, static_folder=None)

def shown():
    fields = request.headers.getlist("Authorization")
    scheme, _, token = fields[0].partition(" ") if len(fields) == 1 else ("", "", "")
    return token if scheme.lower() == "bearer" else None
"""
POLICIES = """
[policies.public]
accept = ["*"]
[policies.clerk]
accept = ["clerk"]
[policies.admin]
accept = ["clerk-org-admin"]
[policies.machine]
accept = ["m2m-jwt"]
[policies.template]
accept = ["clerk-template"]
[policies.both]
accept = ["clerk", "m2m-jwt"]
[policies.optional]
accept = ["missing", "clerk"]
[policies.inside]
accept = ["clerk"]
guard = "handler"
"""
SETTINGS = "rotate_within = 1.5\nheal_within = 1.5\n"
FEW = ["missing", "clerk", "forged", "expired", "alg-none", "garbage", "legacy", "iss-other", "azp-foreign"]
"""Enough to tell a guard from none."""
BAD = {"forged", "expired", "alg-none"}
"""What gets in where no signature and no end is looked at."""


def written(folder: Path, code: str, **files: str) -> None:
    """A backend, the guards that it imports, and further modules."""
    for name, text in {"guards": GUARDS, "backend": code, **files}.items():
        (folder / f"{name}.py").write_text(dedent(text))


def tried(
    folder: Path, code: str, routes: str, *, policies: str = "", settings: str = "", head: str = "", **more: Any
) -> Judged:
    """Write a backend with its matrix (`policies` and `settings` beside the usual ones), and judge it."""
    written(folder, code)
    matrix = f"[settings]\n{SETTINGS}{settings}\n{POLICIES}{dedent(policies)}"
    suites = write_suites(folder / "suites", routes, matrix=matrix, head=head)
    target: dict[str, Any] = {} if "command" in more else {"app": "backend:app"}
    return judged(Options(suites=suites, app_dir=folder, python=sys.executable, agents=1, **(target | more)))


def first_survey(folder: Path, code: str, **more: Any) -> tuple[dict[str, dict[str, Any]], Path]:
    """What `init` writes about a backend that nobody has declared, by route, and where."""
    written(folder, code)
    suites = folder / "first"
    options = Options(
        suites=suites, app="backend:app", app_dir=folder, python=sys.executable, agents=1, contracts=False, **more
    )
    init(options, Project())
    declaration = load(suites)
    found: dict[str, dict[str, Any]] = {}
    for file in declaration.routers.values():
        for key, entry in file.routes.items():
            policy = declaration.policies[entry.policy]
            guard = entry.guard or policy.guard
            found[key] = {"accept": policy.accept, "guard": guard, "path": entry.path, "reviewed": entry.reviewed}
    return found, suites


def findings(result: Judged, kind: str, route: str | None = None) -> set[str]:
    """The credentials of all findings of a kind, on one route or on any."""
    return {name for verdict, key, name in result.failed if verdict == kind and route in (key, None)}


def said(result: Judged) -> str:
    """Whatever a run tells beside its findings, in small letters."""
    own = getattr(result.record, "notes", [])
    told = [*result.notes, *own, *(note for verdict in result.record.verdicts for note in verdict.notes)]
    return re.sub(r"\s+", " ", " ".join(map(str, told))).lower()
