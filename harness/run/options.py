"""The options of a run. Each is declared once, as a field of `Options`; command line, pytest, the command that repeats a
run and the documentation are built from that by `harness.run.option_table`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from harness.core.command_line import word
from harness.run.isolate import Isolation
from harness.run.option_table import COMMANDS, EXAMINING, INIT, NAMES, PAIRS, RUN, SEVERAL, SWITCH, option

Depth = Literal["quick", "guards", "whole"]


@dataclass
class Options:
    """Options of a run. Empty means: as the declaration says, else the default."""

    suites: Path = option(
        "--suites", "the declaration (default: suites)", Path("suites"), kind=Path, metavar="DIR", pytest=False
    )
    app: str | None = option("--app", "ASGI or WSGI app, or a factory", metavar="MODULE:ATTRIBUTE", group="target")
    app_dir: Path | None = option(
        "--app-dir",
        "where the app is imported from (default: this directory)",
        kind=Path,
        metavar="DIR",
        group="target",
    )
    python: str | None = option(
        "--python", "the target's Python (default: its project's virtual environment)", metavar="PATH", group="target"
    )
    env: dict[str, str] = option(
        "--env", "set before the app is imported; repeatable", {}, kind=PAIRS, metavar="NAME=VALUE", group="target"
    )
    url: str | None = option(
        "--url",
        "a running backend instead of an app; --env then says what it was started with",
        metavar="URL",
        group="target",
    )
    command: str | None = option(
        "--command", 'starts a server to test, in any language: "node server.js", "uvicorn app:app --port {port}"',
        metavar="COMMAND", group="target",
    )  # fmt: skip
    openapi: str | None = option(
        "--openapi", "path of its OpenAPI document ('' for none)", metavar="PATH", group="target", empty=True
    )
    issuer_port: int = option(
        "--issuer-port", "where a running backend finds the fake Clerk (default: a free port)", 0, kind=int, metavar="PORT",
        group="target", low=0, high=65535, between="between 1 and 65535",
    )  # fmt: skip
    allow_hosts: list[str] = option(
        "--allow-host", "a host that is not this machine", [], kind=SEVERAL, metavar="HOST", group="target"
    )
    postgres: str | None = option(
        "--postgres",
        "a Postgres to use: a URL, docker, or embedded (default)",
        metavar="URL",
        group="target",
        repeated=False,
    )
    agents: int | None = option(
        "--agents", "agents side by side (default: one a core, two at most)", kind=int, metavar="N", group="target",
        low=1, high=64, repeated=False,
    )  # fmt: skip
    isolate: bool | None = option(
        "--isolate", "a network namespace of its own for the run, which nothing leaves (default: where the kernel allows it "
        "and no server outside is needed)", kind=SWITCH, group="target", pytest=False,
    )  # fmt: skip
    routers: list[str] = option(
        "--router",
        "only this router; repeatable",
        [],
        kind=SEVERAL,
        metavar="NAME",
        commands=RUN,
        pytest=False,
        repeated=False,
    )
    routes: list[str] = option(
        "--route",
        "only this route; repeatable",
        [],
        kind=SEVERAL,
        metavar='"GET /path"',
        commands=RUN,
        pytest=False,
        repeated=False,
    )
    credentials: list[str] = option(
        "--credentials", "only these credentials or groups, separated by commas", [], kind=NAMES, metavar="NAMES",
        commands=RUN, repeated=False,
    )  # fmt: skip
    depth: Depth = option(
        "--depth", "how much is tried: a few credentials on each route (quick), the catalogue once for each guard (guards), or "
        "all of it everywhere (whole, the default)", "whole", metavar="DEPTH", commands=RUN, repeated=False, choices=get_args(Depth),
    )  # fmt: skip
    drills: bool = option(
        "--drills", "rotate keys, cut off the issuer, let tokens run out; takes some ten seconds (default: in whole runs)",
        False, kind=SWITCH, commands=RUN, repeated=False,
    )  # fmt: skip
    strict: bool = option(
        "--strict", "what nobody but the issuer could sign fails the run as well (verdict hardening)", False, kind=bool,
        commands=RUN,
    )  # fmt: skip
    fuzz: int = option(
        "--fuzz", "try N mutations of a genuine token too, none of which may enter", 0, kind=int, metavar="N", commands=RUN,
        low=0, high=1_000_000, repeated=False,
    )  # fmt: skip
    seed: int = option(
        "--seed", "other mutations and sequences (default: 0, the same every time)", 0, kind=int, metavar="S", commands=RUN,
        repeated=False,
    )  # fmt: skip
    only: list[str] = option(
        "--only", "only these contracts, separated by commas: {contracts}", [], kind=NAMES, metavar="NAMES", commands=RUN,
        pytest=False, repeated=False,
    )  # fmt: skip
    sequences: int | None = option(
        "--sequences", "sequences of events for the user_sync contract (default: its file's, 100)", kind=int, metavar="N",
        commands=RUN, low=1, high=1_000_000, repeated=False,
    )  # fmt: skip
    rows: int | None = option(
        "--rows", "rehearse the migrations with so many rows in each table, and say how time and locks grow", kind=int,
        metavar="N", commands=RUN, low=100, high=100_000_000,
    )  # fmt: skip
    browser: str | None = option(
        "--browser", "the Chromium or Chrome for the frontend contract (default: Playwright's own, else one that is installed; "
        "also HARNESS_BROWSER)", metavar="PATH", commands=RUN,
    )  # fmt: skip
    time_limit: float | None = option(
        "--time-limit", "for each request", kind=float, metavar="SECONDS", commands=RUN, low=0, high=600, exclusive=True,
        between="between 0 and 600 seconds", repeated=False,
    )  # fmt: skip
    max_time: float | None = option(
        "--max-time", "for the whole run, start-up included; what was judged by then is reported, as incomplete",
        kind=float, metavar="SECONDS", commands=RUN, pytest=False, low=0, high=1_000_000, exclusive=True,
        between="between 0 and 1000000 seconds", repeated=False,
    )  # fmt: skip
    reports: Path = option(
        "--reports", "where reports are written (default: reports)", Path("reports"), kind=Path, metavar="DIR", commands=RUN,
        pytest=False, repeated=False,
    )  # fmt: skip
    annotations: bool | None = option(
        "--annotations", "print GitHub's annotations of the gravest causes (default: in GitHub Actions)", kind=SWITCH,
        commands=RUN, pytest=False, repeated=False,
    )  # fmt: skip
    baseline: Path | None = option(
        "--baseline", "findings that are known and do not fail the run", kind=Path, metavar="FILE", commands=RUN,
        repeated=False,
    )  # fmt: skip
    update_baseline: bool = option(
        "--update-baseline", "take known findings that are gone out of the baseline; adds none", False, kind=bool,
        commands=RUN, pytest=False, repeated=False,
    )  # fmt: skip
    shard: str | None = option(
        "--shard", "only this part of the run, for jobs side by side: 2/5 (see merge)", metavar="N/COUNT", commands=RUN,
        pytest=False, repeated=False,
    )  # fmt: skip
    shard_by: Path | None = option(
        "--shard-by", "balance shards by the times of this auth-matrix.json (default: by cells)", kind=Path, metavar="REPORT",
        commands=RUN, pytest=False, repeated=False,
    )  # fmt: skip
    exitfirst: bool = option(
        "--exitfirst", "stop at the first finding; the report says that it is incomplete", False, kind=bool, commands=RUN,
        pytest=False, repeated=False, short="-x",
    )  # fmt: skip
    watch: bool = option(
        "--watch", "run again when the declaration or the app's source changes, until Ctrl-C: a router alone when only its "
        "file did", False, kind=bool, commands=RUN, pytest=False, repeated=False,
    )  # fmt: skip
    quiet: bool = option(
        "--quiet", "nothing but the end: a line for each cause, the figures, the outcome and where the report is", False,
        kind=bool, commands=RUN, pytest=False, repeated=False,
    )  # fmt: skip
    update: bool = option(
        "--update", "add the routes that are new to suites that are there; what stands in them stays", False, kind=bool,
        commands=INIT, pytest=False, repeated=False,
    )  # fmt: skip
    contracts: bool = option(
        "--contracts", "write the files of the other contracts too, of what the app does when each is tried (default: yes)",
        True, kind=SWITCH, commands=INIT, pytest=False, repeated=False,
    )  # fmt: skip
    migrate: str | None = option(
        "--migrate", 'brings an empty database up to date: "alembic upgrade head"', metavar="COMMAND", commands=INIT,
        group="database", pytest=False, repeated=False,
    )  # fmt: skip
    seed_file: str | None = option(
        "--seed", "an SQL file, relative to the suites", metavar="FILE", commands=INIT, group="database", pytest=False,
        repeated=False,
    )  # fmt: skip
    scheme: str | None = option(
        "--scheme", "how the app writes its URL, for example postgresql+psycopg", metavar="SCHEME", commands=INIT,
        group="database", pytest=False, repeated=False,
    )  # fmt: skip
    rotation: bool = field(default=True)
    """Whether a rotation of the issuer's keys is held on each route; verifiers may take half a minute to follow."""

    isolation: Isolation = field(default_factory=Isolation)
    """How the run is kept from the network; see `harness.run.isolate`."""

    @property
    def narrowed(self) -> str:
        """The options by which a part of the matrix is left out, as a user wrote them."""
        given = [f"--router {word(name)}" for name in self.routers] + [f"--route {word(key)}" for key in self.routes]
        if self.depth == "quick" and not self.credentials:
            given.append("--depth quick")
        if not given and not self.credentials and not self.drills:
            given = ["--no-drills"]
        if self.only:
            given.append(f"--only {','.join(self.only)}")
        return " ".join(given + ([f"--credentials {','.join(self.credentials)}"] if self.credentials else []))

    @property
    def database(self) -> dict[str, str]:
        """For `init`: the `[database]` table that is to be used and written."""
        given = {"migrate": self.migrate, "seed": self.seed_file, "scheme": self.scheme}
        return {name: value for name, value in given.items() if value is not None}


__all__ = ["COMMANDS", "EXAMINING", "Options"]
