"""A backend of the real platform's size whose every request waits 12 ms (a call to Clerk, a database), at `--depth guards`.

    python benchmarks/waiting.py [--routes 210] [--wait 0.012] [--depth guards] [--agents 4]

Every tenth route is public, every tenth one for administrators; some write. Beside it the same backend without the wait, so that
what the wait costs can be told from what the work does. What waits leaves its core to others: four agents on two cores.
Exit code 1 when the waiting one takes longer than 60 s from start to end.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scale import IN_A_ROUTER, declare, run  # noqa: E402

from tests.zoo.templates import USER  # noqa: E402

SECONDS = 60.0
_APP = """
import asyncio
from typing import Annotated

async def waiting():
    await asyncio.sleep(WAIT)

def administrator(request: Request):
    claims = verify_token(bearer_of(request))
    if claims is None:
        raise refusal()
    if (claims.get("o") or {}).get("rol") != "admin":
        raise HTTPException(403)
    return claims["sub"]

def read(user: Annotated[str, Depends(current_user)]):
    return {"user": user}

def manage(user: Annotated[str, Depends(administrator)]):
    return {"user": user}

def public():
    return {}

HANDLERS = {"public": public, "clerk": read, "admin": manage}
app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
for kind, path, method in ROUTES:
    app.add_api_route(path, HANDLERS[kind], methods=[method], dependencies=[Depends(waiting)])
"""
_POLICIES = """
[policies.public]
accept = ["*"]
[policies.clerk]
accept = ["clerk"]
[policies.admin]
accept = ["clerk-org-admin"]
"""


def backend(folder: Path, routes: int, wait: float) -> Path:
    """Write a backend whose requests wait so many seconds, and its suites, whose folder is returned."""
    kinds = {0: "public", 5: "admin"}
    made = [
        (kinds.get(number % 10, "clerk"), f"/r{number // IN_A_ROUTER}/{number}", "POST" if number % 4 == 3 else "GET")
        for number in range(routes)
    ]
    (folder / "backend.py").write_text(f"{USER}\nWAIT = {wait}\nROUTES = {made!r}\n{_APP}")
    suites = folder / "suites"
    (suites / "routers").mkdir(parents=True)
    target = f'[target]\napp = "backend:app"\napp_dir = ".."\npython = {json.dumps(sys.executable)}\n'
    (suites / "auth_matrix.toml").write_text(target + _POLICIES)
    declare(suites, [(f"{method} {path}", kind) for kind, path, method in made])
    return suites


def main() -> int:
    """Measure, print, compare with what is wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--routes", type=int, default=210)
    parser.add_argument("--wait", type=float, default=0.012, help="seconds that every request waits (default: 0.012)")
    parser.add_argument("--depth", default="guards", choices=["quick", "guards", "whole"])
    parser.add_argument("--agents", type=int, default=4)
    given = parser.parse_args()
    took = {}
    for wait in (0.0, given.wait):
        with tempfile.TemporaryDirectory() as folder:
            suites = backend(Path(folder), given.routes, wait)
            found = run(suites, Path(folder) / "reports", "--depth", given.depth, "--agents", str(given.agents))
        took[wait] = found.seconds
        alone = f" (one after the other they would wait {found.cells * wait:.0f} s)" if wait else ""
        print(
            f"{given.routes} routes, {found.cells} cells, wait {wait * 1000:g} ms: {found.seconds:.1f} s, "
            f"matrix {found.matrix:.1f} s{alone}",
            flush=True,
        )
    missed = took[given.wait] > SECONDS
    print(
        f"with the wait / without: {took[given.wait] / took[0.0]:.2f}; wanted: at most {SECONDS:g} s{'  MISSED' if missed else ''}"
    )
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
