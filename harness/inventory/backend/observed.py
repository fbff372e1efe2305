"""What a run saw, out of its auth-matrix.json: which functions consented to requests, route by route, and what each route depends on.

A report names the functions that consented. One that never did, on a route into which people got, either does not stand there
or lets nobody in; one that did and that the code does not name there came in by another way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from harness.core.paths import path_shape


@dataclass
class Seen:
    """A route of a run. `admitted`: somebody got in, so that its guards consented to somebody."""

    route: str
    endpoint: str
    public: bool
    dependencies: frozenset[str]
    consented: set[str] = field(default_factory=set)
    admitted: bool = False


class Observed:
    """The routes of a run, by the handlers that the app really has."""

    def __init__(self, report: dict[str, Any]) -> None:
        self.whole = bool(report["complete"]) and not report["narrowed"]
        self.command = str(report.get("command", ""))
        self._by_endpoint: dict[str, list[Seen]] = {}
        for router in report["routers"]:
            for route in router["routes"]:
                seen = _seen(route, report["policies"])
                self._by_endpoint.setdefault(seen.endpoint, []).append(seen)
        self._met: set[str] = set()

    def of(self, endpoint: str) -> list[Seen]:
        """The routes of a handler; the folder that was given may lie above the one that Python imports from."""
        found = self._by_endpoint.get(endpoint, [])
        self._met.add(endpoint)
        if not found:
            module, _, name = endpoint.partition(":")
            parts = module.split(".")
            for start in range(1, len(parts)):
                shorter = f"{'.'.join(parts[start:])}:{name}"
                if shorter in self._by_endpoint:
                    self._met.add(shorter)
                    return self._by_endpoint[shorter]
        return found

    def unmet(self) -> list[Seen]:
        """Routes of the run whose handlers nobody has asked for: the code that was read does not define them."""
        return [seen for endpoint, routes in self._by_endpoint.items() if endpoint not in self._met for seen in routes]


def _seen(route: dict[str, Any], policies: dict[str, Any]) -> Seen:
    accepted = (policies.get(route["policy"] or "") or {}).get("accept", [])
    seen = Seen(
        str(route["route"]),
        str(route["endpoint"]),
        is_public(accepted if isinstance(accepted, list) else [accepted]),
        frozenset(map(str, route["dependencies"])),
    )
    for cell in route["cells"]:
        seen.consented |= {str(name) for name in cell.get("functions", [])}
        seen.admitted |= cell["expected"] == "accept" and cell["verdict"] == "pass"
    return seen


def is_public(accepted: Iterable[object]) -> bool:
    """Whether a policy lets in people without a credential."""
    return bool({"*", "missing"} & {str(each) for each in accepted})


@dataclass
class Declared:
    """Routes that the declaration says are public, where no report does: `(method, shape of the path)`, and routers by name."""

    public: set[tuple[str, str]] = field(default_factory=set)
    guarded: set[tuple[str, str]] = field(default_factory=set)
    routers: dict[str, bool] = field(default_factory=dict)

    def is_public(self, methods: tuple[str, ...], path: str, module: str) -> bool:
        """Whether a route is meant to be open; `path` may lack the prefix under which its router is included."""
        shape = path_shape(path).rstrip("/")
        for known, public in ((self.public, True), (self.guarded, False)):
            for method, full in known:
                ends = full.rstrip("/")
                if (not methods or method in methods) and (ends == shape or (shape and ends.endswith(shape))):
                    return public
        return self.routers.get(module.rpartition(".")[2], False)
