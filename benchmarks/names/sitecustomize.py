"""Leads Clerk's names to the fake for the contestants that have no agent. Nothing per request: only on connecting."""

import importlib.util
import os
from pathlib import Path

_FILE = Path(__file__).resolve().parents[2] / "harness" / "targets" / "agent" / "redirect.py"

if "BENCHMARK_FAKE_PORT" in os.environ:
    spec = importlib.util.spec_from_file_location("benchmark_redirect", _FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    names = ["api.clerk.com", "*.clerk.accounts.dev"]
    module.Redirect(names, int(os.environ["BENCHMARK_FAKE_PORT"])).install()
