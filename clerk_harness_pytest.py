"""The pytest plugin's door. It has a name of its own, for a project may have a module `harness`, which hides the package."""

from __future__ import annotations

from harness.pytest_plugin.hooks import *  # noqa: F403
