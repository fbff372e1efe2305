"""Asks every route of a backend who gets in today, starting it again with what it lacked; what must be said of the answers first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import TypeVar

from harness.contracts.matrix import Declaration
from harness.core.errors import TargetError
from harness.database import open_server
from harness.run.baseline import RouteBaseline, observe_baseline
from harness.run.context import RunContext
from harness.run.options import Options

_HARMLESS, _HARMLESS_URL = "none-of-the-harness", "http://127.0.0.1:9"
_MOST_VARIABLES = 40
Done = TypeVar("Done")


def observed(options: Options, declaration: Declaration) -> tuple[list[RouteBaseline], dict[str, str]]:
    """What every route does, and the variables without which the app does not start, with harmless values."""
    return started(options, declaration, observe_baseline)


def started(
    options: Options, declaration: Declaration, work: Callable[[RunContext], Done]
) -> tuple[Done, dict[str, str]]:
    """Start the target and do `work` on it: what that returns, and the variables without which the app does not start, with
    harmless values. Raises HarnessError where it does not start with them either.
    """
    given: dict[str, str] = {}
    with ExitStack() as stack:
        wanted = declaration.matrix.database is not None
        server = (
            stack.enter_context(closing(open_server(options.postgres))) if wanted else None
        )  # One for all attempts.
        while True:
            with_them = replace(options, agents=1, env=given | options.env)
            try:
                with RunContext(with_them, declaration, server=server) as session:
                    return work(session), given
            except TargetError as error:
                more = [name for name in wanted_variables(str(error)) if name not in with_them.env]
                if not more or len(given) >= _MOST_VARIABLES:
                    raise
                given |= {name: _HARMLESS_URL if name.endswith(("URL", "URI", "HOST")) else _HARMLESS for name in more}


def wanted_variables(message: str) -> list[str]:
    """The variables of the environment that an app says it lacks, in the words of Python, pydantic and people."""
    found = re.findall(r"KeyError: '([A-Z][A-Z0-9_]+)'", message)
    found += [name.upper() for name in re.findall(r"\b(\w+)\s+Field required", message)]
    if re.search(r"\b(not set|required|missing|must be set|undefined|not found|environment|Set the)\b", message, re.I):
        found += re.findall(r"\b([A-Z][A-Z0-9]*_[A-Z0-9_]*[A-Z0-9])\b", message)
    return list(dict.fromkeys(name for name in found if not name.startswith("CLERK_HARNESS")))


def nobody_gets_in(found: list[RouteBaseline]) -> list[str]:
    """What must be said first: that no genuine token was let in anywhere, or at many routes, and what it was answered."""
    shut = [entry for entry in found if entry.answer and entry.guard.startswith(("nobody", "?"))]
    if not shut or (len(shut) < len(found) / 2 and any("clerk" in entry.guard for entry in found)):
        return []
    answers = Counter(entry.answer for entry in shut).most_common(3)
    told = "; ".join(f"{number} times {answer}" for answer, number in answers)
    return [
        f"{len(shut)} of {len(found)} routes let nobody in. A genuine session token was answered {told}",
        "the way out may be the user's row ([identities] with a Clerk id of the seed), the database (--migrate, --postgres), "
        "the origin of the front end ([settings] origin), a role or an organization",
    ]
