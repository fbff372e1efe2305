"""Runs when a Python process of a started command begins: Clerk's real names lead to the fake, nothing else is reached.

Found through PYTHONPATH, where it may hide another `sitecustomize`; that one is run afterwards.
"""

import os
import sys
from typing import Any


def _load(name: str) -> Any:
    """A module of the agent's, alone."""
    import importlib.util

    here = os.path.dirname(os.path.abspath(__file__))
    path = os.path.join(os.path.dirname(here), name + ".py")
    spec = importlib.util.spec_from_file_location("_clerk_harness_" + name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _redirect() -> None:
    redirect, clients, outgoing, live_environment = map(_load, ("redirect", "clients", "outgoing", "live_environment"))
    names = os.environ["CLERK_HARNESS_NAMES"].split(",")
    installed = redirect.Redirect(names, int(os.environ["CLERK_HARNESS_PORT"]), **redirect.settings(os.environ))
    installed.install()
    clients.install(installed)
    if "CLERK_HARNESS_ATTEMPTS" in os.environ:
        outgoing.Outgoing(installed, os.environ["CLERK_HARNESS_ATTEMPTS"]).install()
    if "CLERK_HARNESS_LIVE" in os.environ:
        live_environment.watch(os.environ["CLERK_HARNESS_LIVE"])


def _the_next() -> None:
    """Run the `sitecustomize` that this one hides."""
    import importlib.machinery
    import importlib.util

    here = os.path.dirname(os.path.abspath(__file__))
    paths = [path for path in sys.path if os.path.abspath(path or ".") != here]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", paths)
    if spec is not None and spec.loader is not None:
        module = importlib.util.module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


if "CLERK_HARNESS_NAMES" in os.environ:
    _redirect()
if "CLERK_HARNESS_DATABASE" in os.environ:
    sys.meta_path.insert(0, _load("clients").Finder(_load("own_database").PATCHES))
if "CLERK_HARNESS_PROBE" in os.environ:
    sys.meta_path.insert(0, _load("clients").Finder({"aiohttp.web_app": _load("aiohttp_probe").patch}))
_the_next()
