"""A Chromium for the front-end contract: which one, at Clerk's names, with the fake's certificate trusted and no other.

Playwright is imported here and in `visitor`, when the contract is verified: it is an extra of the package (`frontend`).
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_pem_x509_certificate

from harness.core.errors import HarnessError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

    from harness.fake_clerk import FakeClerk

VARIABLE = "HARNESS_BROWSER"
_LAUNCH = 60
"""Seconds in which a browser must be up; Playwright waits three minutes."""
_INSTALLED = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
_UNPACKED = ("node_modules/.browser/chromium", "tests/browser/node_modules/.browser/chromium")
_PASSED = ("PATH", "HOME", "LANG", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "FONTCONFIG_PATH", "FONTCONFIG_FILE")
NO_PLAYWRIGHT = (
    "Playwright is not installed, which drives the browser: pip install 'clerk-harness[frontend]', then `playwright install chromium` "
    "unless there is a Chromium or Chrome"
)
NO_BROWSER = (
    "no Chromium was found: run `playwright install chromium`, install Chromium or Chrome, or name one with --browser"
)

NO_FONTS = (
    "{} finds no font, so it can show no text: install one (the package fonts-dejavu-core, say), "
    "or name another browser with --browser"
)


def missing(given: str | None) -> str | None:
    """What is missing for a browser, as a sentence with the way out; None where there is one.

    Raises HarnessError for a browser that the user has named and that is none.
    """
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return NO_PLAYWRIGHT
    return None if candidates(given) or _playwrights_own() else NO_BROWSER


def candidates(given: str | None) -> list[str]:
    """The browsers that may be used, the best first; the one that was named alone. Raises HarnessError where that is none."""
    named = given or os.environ.get(VARIABLE)
    if named:
        found = shutil.which(named)
        if found is None:
            option = "--browser" if given else VARIABLE
            raise HarnessError(f"{option} {named}: no program of this name; give the path of a Chromium or Chrome")
        return [found]
    known = [shutil.which(name) for name in (*_INSTALLED, _MAC)]
    return [
        *filter(None, known),
        *(os.fspath(path.resolve()) for path in map(Path, _UNPACKED) if os.access(path, os.X_OK)),
    ]


def _playwrights_own() -> bool:
    """Whether `playwright install` has brought a Chromium."""
    given = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    homes = (Path.home() / ".cache/ms-playwright", Path.home() / "Library/Caches/ms-playwright")
    places = [Path(given)] if given and given != "0" else homes
    return any(True for place in places if place.is_dir() for _ in place.glob("chromium*"))


def launch(playwright: Playwright, clerk: FakeClerk, given: str | None) -> Browser:
    """Start a Chromium in which Clerk's names lead to the fake and no other host exists. Raises HarnessError where none starts."""
    named = candidates(given)
    paths: list[str | None] = [*named] if given or os.environ.get(VARIABLE) else [None, *named]
    problem = NO_BROWSER
    for path in paths:
        if path is None and not _playwrights_own():
            continue
        for sandbox in (True, False):
            if sandbox and os.geteuid() == 0:
                continue  # Chromium refuses to run as root with its sandbox.
            try:
                browser = playwright.chromium.launch(
                    executable_path=path,
                    headless=True,
                    chromium_sandbox=sandbox,
                    timeout=_LAUNCH * 1000,
                    args=_arguments(clerk),
                    env=dict(_environment(path)),
                )
                if _writes(browser):
                    return browser
                browser.close()
                problem = NO_FONTS.format(path or "the Chromium of Playwright")
                break
            except Exception as error:  # Playwright's own kinds; the message of the last one is told.
                problem = f"{path or 'the Chromium of Playwright'} does not start: {_first(str(error))}; name another with --browser"
                if "sandbox" not in str(error).lower():
                    break
    raise HarnessError(problem)


def _first(message: str) -> str:
    """The lines of Playwright's message that say what the browser said."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    said = [line for line in lines if "error while loading" in line or "ERROR" in line or "FATAL" in line]
    return (said or lines or ["it says nothing"])[0][:300]


def _arguments(clerk: FakeClerk) -> list[str]:
    certificate = load_pem_x509_certificate(ssl.get_server_certificate(("127.0.0.1", clerk.port)).encode())
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    trusted = base64.b64encode(hashlib.sha256(key).digest()).decode("ascii")
    names = [f"MAP {name} 127.0.0.1:{clerk.port}" for name in clerk.api.names]
    local = [f"EXCLUDE {name}" for name in ("localhost", "*.localhost", "127.0.0.1")]
    return [
        f"--host-resolver-rules={', '.join([*names, 'MAP * ~NOTFOUND', *local])}",
        # This key alone: every other certificate is verified as usual.
        f"--ignore-certificate-errors-spki-list={trusted}",
        "--no-proxy-server",
    ]


def _writes(browser: Browser) -> bool:
    """Whether text has a size in it: without a font it has none, and every page of the front end would pass for blank."""
    page = browser.new_page()
    page.set_content("<span>text</span>")
    wide = bool(page.evaluate("document.querySelector('span').getBoundingClientRect().width > 0"))
    page.close()
    return wide


def _environment(path: str | None) -> dict[str, str]:
    """What the browser gets of this machine's environment; fonts that lie beside it, where the machine may have none."""
    known = {name: os.environ[name] for name in _PASSED if name in os.environ}
    fonts = Path(path).parent / "fonts" if path is not None else None
    return ({"FONTCONFIG_PATH": os.fspath(fonts)} if fonts is not None and fonts.is_dir() else {}) | known
