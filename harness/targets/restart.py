"""Starting a target a second time, in another environment: for checks of how it starts up."""

from __future__ import annotations

from dataclasses import replace

from harness.targets.app import AppTarget
from harness.targets.base import Target
from harness.targets.command import CommandTarget


def environment_of(target: Target) -> dict[str, str] | None:
    """Return the variables that a target was started with; None for a running server, which the harness did not start."""
    if isinstance(target, AppTarget):
        return target.spec.environments[0]
    return target.environment if isinstance(target, CommandTarget) else None


def can_run_in_parallel(target: Target) -> bool:
    """Whether a second one can run at the same time: not where a command's port is fixed."""
    return not isinstance(target, CommandTarget) or target.free


def restart(target: Target, environment: dict[str, str], limit: float) -> Target:
    """Start the target again in another environment, within `limit` seconds, and return the second one; the caller closes it.

    Raises StartHung when it is not ready by then, TargetError when it does not start.
    """
    if isinstance(target, AppTarget):
        return AppTarget(replace(target.spec, environments=[environment], start_limit=limit)).start()
    assert isinstance(target, CommandTarget)
    another = target.again(environment, limit)
    try:
        return another.start()
    except BaseException:
        another.close()
        raise
