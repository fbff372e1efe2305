"""The channel of the probe in Node: nobody but the harness is heard, the app sees nothing of it, and what is not seen is not said."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.fake_clerk import FakeClerk
from harness.run.environment import base_environment
from harness.targets.base import Call, Observation, Request
from harness.targets.command import CommandTarget
from harness.targets.host_redirect import Names
from harness.targets.node_probe import MARK, NodeProbe
from tests.targets.kit import ask_lane
from tests.targets.test_command import NODE
from tests.targets.test_node_probe import HERE

SERVER = """
const express = require("express");
const app = express();
let ran = 0;
app.get("/ran", (request, response) => response.json({ ran }));
app.use("/wild", (request, response, next) => next());
app.get("/seen/:id", (request, response) => {
  ran += 1;
  response.json({ raw: request.rawHeaders, names: Object.keys(request.headers), distinct: request.headersDistinct });
});
app.get("/wild/*rest", (request, response) => response.json({}));
app.get(/^.regular/, (request, response) => response.json({}));
const goesOn = (request, response, next) => next();
app.use("/lazy", goesOn);
app.use("/lazy/teams", (request, response, next) => next());
app.get("/later", async (request, response) => {
  await new Promise((done) => setImmediate(done));
  response.status(403).json({});
});
app.get("/fails", () => { throw new Error("by itself"); });
app.listen(Number(process.env.PORT), "127.0.0.1");
"""


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandTarget]:
    folder = tmp_path_factory.mktemp("channel")
    (folder / "server.cjs").write_text(SERVER)
    (folder / "node_modules").symlink_to(HERE / "node_modules")
    with FakeClerk() as clerk:
        names = Names(clerk)
        environment = names.environment(base_environment())
        started = CommandTarget(
            "http://127.0.0.1:{port}", command=f"{NODE} server.cjs", directory=folder, environment=environment, names=names, lanes_wanted=1
        )  # fmt: skip
        try:
            started.start()
            yield started
        finally:
            started.close()
            names.close()


def ask(
    target: CommandTarget, path: str, *, key: str = "", stop: bool = False, headers: list[tuple[str, str]] | None = None
) -> Observation:
    """One GET of the route with that key (the path's own, where none is given)."""
    route = next(route for route in target.routes if route.key == (key or f"GET {path}"))
    return ask_lane(
        target.lanes[0], [Call(route, Request("GET", path, headers=[("host", "-"), *(headers or [])]), stop)]
    )[0]


def test_the_app_sees_nothing_of_the_mark(target: CommandTarget) -> None:
    seen = ask(target, "/seen/1", key="GET /seen/{id}")
    assert (seen.status, seen.entered, seen.finished) == (200, True, True), seen.body
    assert MARK not in seen.body.lower()
    assert "host" in json.loads(seen.body)["names"]


def test_a_client_s_mark_is_a_header_like_any_other(target: CommandTarget) -> None:
    """Without the secret of the run nothing is stopped, and nothing is taken away."""
    forged = (MARK, "x" * 43 + " 1 1 R0VUIC9zZWVuL3tpZH0")
    seen = ask(target, "/seen/1", key="GET /seen/{id}", headers=[forged])
    assert (seen.status, seen.entered, seen.stopped) == (200, True, False)
    assert MARK in json.loads(seen.body)["names"]


def test_what_is_stopped_has_not_run_and_is_answered_with_a_failure(target: CommandTarget) -> None:
    before = ask(target, "/ran").body
    stopped = ask(target, "/seen/1", key="GET /seen/{id}", stop=True)
    assert (stopped.status, stopped.stopped, stopped.entered) == (503, True, True)
    assert ask(target, "/ran").body == before


def test_a_refusal_and_a_failure_of_the_handler_are_no_ends(target: CommandTarget) -> None:
    assert [(o.entered, o.finished) for o in (ask(target, "/later"), ask(target, "/fails"))] == [(True, False)] * 2


def test_another_route_s_handler_is_told(target: CommandTarget) -> None:
    seen = ask(target, "/ran", key="GET /later")
    assert (seen.entered, seen.elsewhere) == (False, True)


def test_what_the_server_itself_refuses_nobody_has_seen(target: CommandTarget) -> None:
    seen = ask(target, "/ran", headers=[("x-long", "x" * 40_000)])
    assert (seen.status, seen.entered) == (431, None)


def test_wildcards_are_routes_and_regular_expressions_are_named(target: CommandTarget) -> None:
    assert "GET /wild/{rest}" in {route.key for route in target.routes}
    assert [note for note in target.notes if "regular" in note]


def test_functions_at_paths_behind_which_no_route_is_known_are_named(target: CommandTarget) -> None:
    """A router that is imported when it is first asked for is nowhere before: a run of what is known would say nothing of it."""
    (note,) = [note for note in target.notes if "behind" in note]
    # Not a guard above it, nor that of /wild.
    assert note.startswith("Express: what is behind /lazy/teams is not seen")


def test_whoever_does_not_know_the_secret_is_not_heard() -> None:
    probe = NodeProbe()
    try:
        for hello in ({"secret": "guessed", "node": "20"}, {"node": "20"}, ["?"]):
            with socket.socket(socket.AF_UNIX) as other:
                other.connect(probe.variables["CLERK_HARNESS_PROBE"])
                other.sendall(json.dumps(hello).encode() + b"\n" + b'{"id": "trace 1", "trace": {"entered": false}}\n')
                observation = Observation(status=401)
                probe.add_trace(observation, 1)
                assert observation.entered is None
    finally:
        probe.close()
    assert not Path(probe.variables["CLERK_HARNESS_PROBE"]).exists()


def test_an_error_at_the_start_is_told_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "server.mjs").write_text('import "node:fs";\nnull.port;\n')
    target = CommandTarget(
        "http://127.0.0.1:{port}", command=f"{NODE} server.mjs", directory=tmp_path, environment=base_environment()
    )
    with pytest.raises(Exception, match=r"ended with 1: TypeError: .*null.* at server\.mjs:2$"):
        target.start()
    target.close()
