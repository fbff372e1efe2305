"""One browser, one fake, one backend and one front end for all flaws: what is wrong with the front end is a variable."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from harness.contracts.base import Check
from harness.contracts.frontend.chromium import launch, missing
from harness.contracts.frontend.declaration import FrontendFile
from harness.contracts.frontend.holding import hold
from harness.contracts.frontend.serving import Files
from harness.contracts.frontend.stage import Stage
from harness.contracts.frontend.verify import CONTRACT
from harness.contracts.matrix import load
from harness.core.ports import free_port
from harness.run.context import RunContext
from harness.run.options import Options
from tests.conftest import MATRIX, ROOT, write_suites
from tests.frontend.backend import CODE

SITE = Path(__file__).parent / "site"
UNPACKED = ROOT / "tests/browser/node_modules/.browser/chromium"
SCRIPTS = ROOT / "tests/conformance/browser"
PAGES = {
    "/": {"who": "public"},
    "/dashboard": {"who": "signed-in", "shows": "#content", "again": "#again"},
    "/profile": {"who": "signed-in", "shows": "#content", "again": "#again"},
}
BASE = {"url": "http://localhost:3000", "pages": PAGES, "patience": 8, "sign_out": {"click": ("#out",)}}
Hold = Callable[..., dict[str, Check]]


def named_browser() -> str | None:
    """The browser of the project's own tests, where `make test` has unpacked it."""
    return os.fspath(UNPACKED) if UNPACKED.exists() and "HARNESS_BROWSER" not in os.environ else None


@pytest.fixture(scope="session")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hold]:
    """Holds checks of the front end with a flaw, and gives them by name."""
    assert missing(named_browser()) is None, missing(named_browser())
    folder = tmp_path_factory.mktemp("front")
    (folder / "backend.py").write_text(CODE)
    matrix = MATRIX.partition("[mechanisms]")[0].replace('mechanism = "clerk"', "")
    write_suites(folder / "suites", '"GET /me" = "clerk"\n', matrix=matrix)
    port = free_port()
    origin = f"http://localhost:{port}"
    options = Options(
        suites=folder / "suites", command=f'"{sys.executable}" -m uvicorn backend:app --port {{port}}', app_dir=folder,
        python=sys.executable, agents=1, openapi="", env={"ORIGIN": origin},
    )  # fmt: skip
    with RunContext(options, load(folder / "suites")) as context, ThreadPoolExecutor(1) as pool:
        context.clerk.script_folders.append(SCRIPTS)
        files = Files(SITE, port)
        backend = str(context.target.url).replace("127.0.0.1", "localhost")  # type: ignore[attr-defined]
        given = {
            "VITE_CLERK_PUBLISHABLE_KEY": context.clerk.publishable_key,
            "DOMAIN": context.clerk.domain,
            "API": backend,
        }

        def begin() -> Stage:
            from playwright.sync_api import sync_playwright

            playwright = sync_playwright().start()
            browser = launch(playwright, context.clerk, named_browser())
            stop.extend((browser.close, playwright.stop))
            return Stage(
                FrontendFile.model_validate(BASE), context.clerk, backend, origin, browser, folder / "frontend"
            )

        stop: list[Callable[[], object]] = []
        stage = pool.submit(begin).result()

        def run(flaw: str = "", only: str = "", style: str = "", **more: object) -> dict[str, Check]:
            files.variables = given | {"FLAW": flaw, "STYLE": style}
            file = FrontendFile.model_validate(BASE | more)
            names = only.split(",") if only else ()
            work = lambda: hold(CONTRACT, replace(stage, file=file), lambda method, path: False, None, names)  # noqa: E731
            return {check.name: check for check in pool.submit(work).result()}

        try:
            yield run
        finally:
            pool.submit(lambda: [each() for each in stop]).result()
            files.close()
