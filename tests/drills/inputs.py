"""Every malformed input: see `tests.drills.malformed`."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

from tests.drills.apps import app_cases
from tests.drills.malformed import APP, MATRIX, RUN, Case, Maker, Text
from tests.drills.mutations import TOMLS, mutation_cases
from tests.drills.servers import SERVERS, documents
from tests.drills.values import FILES, LONG, MISUSE, NOT_UTF8, OPTIONS, PLACED, URLS, script


def _option_cases() -> Iterator[Case]:
    for flag, values in OPTIONS.items():
        for value in values:
            shown = (value if isinstance(value, str) else repr(value))[:40]
            given = (os.fsencode(flag) + b"=" + value) if isinstance(value, bytes) else f"{flag}={value}"
            matrix = MATRIX + "[database]\n" if flag == "--postgres" else MATRIX
            files = PLACED | {"suites/auth_matrix.toml": matrix}
            yield Case(
                f"option {flag} {shown!r}",
                (*RUN, given),
                files,
                names=(flag, "--app", "no credential or group") if flag != "--suites" else (),
            )
    for words in (
        ("--app", "backend:app", "--url", "http://127.0.0.1:1"), ("--app", "backend:app", "--command", "true"), ("--nonsense",), ("--agents",),
        ("--url", "http://127.0.0.1:1", "--python", "x"), ("--url", "http://127.0.0.1:1", "--app-dir", "x"), ("stray",), ("--drills", "--fuzz"),
        ("--url", "http://127.0.0.1:1", "--command", "true"), ("--url", "http://127.0.0.1:{port}/x", "--command", "true"), ("--",),
    ):  # fmt: skip
        yield Case(f"contradiction {' '.join(words)}", (*RUN, *words), codes=MISUSE)


def _file_cases() -> Iterator[Case]:
    for (path, command), (what, content) in itertools.product(TOMLS.items(), FILES.items()):
        files: dict[str, str | bytes | Maker] = {path: content}
        yield Case(f"file {path} is {what}", command, files, names=(Path(path).name, "suites/routers"))
    for what, content in FILES.items():
        matrix = MATRIX + '[database]\nseed = "seed.sql"\n'
        files = {"suites/auth_matrix.toml": matrix, "suites/seed.sql": content}
        yield Case(f"seed file is {what}", RUN, files, names=("seed.sql",))
    for text in (
        "",
        " ",
        "alembic 'upgrade",
        "\\u0000",
        "not-there",
        "/",
        "python -c 1/0",
        "alembic upgrade head",
        "false",
        "yes-no\\n",
    ):
        matrix = MATRIX + f'[database]\nmigrate = "{text}"\n'
        yield Case(f"migrate {text!r}", RUN, {"suites/auth_matrix.toml": matrix}, names=("migrate",), codes=MISUSE)


def _issuer_cases() -> Iterator[Case]:
    for more in (
        ("--port", "99999", "--", "true"), ("--port", "-1", "--", "true"), ("--port", "abc"), ("--host", "nowhere.invalid", "--", "true"), ("--host", "", "--", "true"),
        ("--host", "1.2.3.4", "--", "true"), ("--host", "\u20ac", "--", "true"), ("--host", "a" * 70, "--", "true"), ("--webhooks", "http://[::1", "--", "true"),
        ("--webhooks", "http://127.0.0.1:99999", "--", "true"), ("--webhooks", "x", "--", "true"), ("--webhooks", "https://example.com", "--", "true"), ("--webhooks=", "--", "true"),
        ("--env-file", "missing/x", "--", "true"), ("--env-file", "suites", "--", "true"), ("--env-file", "pipe", "--", "true"), ("--env-file", "loop", "--", "true"),
        ("--env-file", "/dev/null", "--", "true"), ("--env-file", NOT_UTF8, "--", "true"), ("--env-file", "x" * 300, "--", "true"), ("--seed", "", "--", "true"),
        ("--seed", NOT_UTF8, "--", "true"), ("--", ""), ("--", "not-there"), ("--", "/"), ("--", "/etc/passwd"), ("--", NOT_UTF8), ("--", "./py"), ("stray",),
    ):  # fmt: skip
        shown = " ".join(str(word) for word in more)[:60]
        yield Case(f"issuer {shown}", ("issuer", *more), PLACED | {"py": script("nonsense\n")}, codes=MISUSE)
    for domain in ("\u20ac.x", "", " ", "a" * 100, "a..b", "x\ny", "/", NOT_UTF8, "*", "a:1"):
        yield Case(f"issuer --domain {domain!r:.30}", ("issuer", "--domain", domain, "--", "true"))


def _token_cases() -> Iterator[Case]:
    for names in (
        ("nothing",),
        ("",),
        (NOT_UTF8,),
        ("clerk@",),
        ("@",),
        ("clerk@cookie:",),
        ("clerk\n",),
        ("time",),
        (LONG,),
        ("path-case", "x"),
        ("webhook",),
    ):
        yield Case(f"token {names[0]!r:.30}", ("token", *names))
    for url in URLS:
        yield Case(f"token --issuer {url!r:.40}", ("token", "clerk", "--issuer", url), names=("--issuer",))
    for what, answer in SERVERS.items():
        yield Case(
            f"token --issuer that is {what}",
            ("token", "clerk", "--issuer", "http://127.0.0.1:{port}"),
            answer=answer,
            names=("--issuer",),
            codes=MISUSE,
        )


def _command_cases() -> Iterator[Case]:
    for command in ("routes", "init"):
        for given in (
            (),
            ("--app", ""),
            ("--app", "a:"),
            ("--app", "backend:app", "--suites", "/proc/x"),
            ("--app", "backend:app", "--suites", "pipe"),
            ("--url", "http://["),
        ):
            yield Case(f"{command} {' '.join(given)}", (command, *given), PLACED)
    for option in (
        ("--migrate=",),
        ("--migrate='",),
        ("--seed", "missing"),
        ("--scheme", ""),
        ("--scheme", "1"),
        ("--seed", NOT_UTF8),
    ):
        yield Case(
            f"init {option!r}",
            ("init", "--app", "backend:app", "--suites", "new", *option),
            names=("migrate", "seed", "--scheme"),
        )
    for words in ((), ("nothing",), ("",), (NOT_UTF8,), ("--version", "x"), ("run", "--suites")):
        yield Case(f"command {words!r}", words)


def _server_cases() -> Iterator[Case]:
    routed = ("run", "--credentials", "missing", "--no-drills", "--quiet", "--time-limit", "2", "--url")
    for what, answer in (SERVERS | documents()).items():
        yield Case(f"server is {what}", (*routed, "http://127.0.0.1:{port}"), answer=answer)
    for what in ("ssh", "garbage", "silent"):
        yield Case(
            f"server is {what}, over TLS",
            (*routed, "https://127.0.0.1:{port}"),
            answer=SERVERS[what],
            names=("--url",),
            codes=MISUSE,
        )
        postgres = (*RUN, "--postgres", "postgresql://u:geheim@127.0.0.1:{port}/x")
        files: dict[str, str | bytes | Maker] = {"suites/auth_matrix.toml": MATRIX + "[database]\n"}
        yield Case(f"postgres is {what}", postgres, files, answer=SERVERS[what], names=("--postgres",), codes=MISUSE)


def _place_cases() -> Iterator[Case]:
    for folder in ("not UTF-8 \udcff", "a\nline", "-x", "{port}", "a:b", "ü", "'", "%41"):
        yield Case(f"place is called {folder!r}", RUN, folder=folder, codes=frozenset({0}))
    yield Case(
        "place is not UTF-8, init",
        ("init", "--app", "backend:app", "--suites", "new"),
        folder="\udcff",
        codes=frozenset({0}),
    )
    yield Case("place gone", RUN, gone=True, codes=MISUSE)
    yield Case("place gone, init", ("init", "--app", "backend:app"), gone=True, codes=MISUSE)
    yield Case("place gone, issuer", ("issuer", "--", "true"), gone=True)
    yield Case("place gone, token", ("token", "clerk"), gone=True)
    ascii_only: dict[str, Text] = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    files: dict[str, str | bytes | Maker] = {
        "backend.py": APP.replace('"/me"', '"/mé€"'), "suites/routers/app.toml": 'router = "äpp€"\n[routes]\n"GET /mé€" = "clerk"\n',
    }  # fmt: skip
    for command in (
        ("run", "--no-drills", "--credentials", "missing"),
        ("routes",),
        ("token",),
        ("token", "--page"),
        ("init", "--app", "backend:app", "--suites", "n"),
    ):
        yield Case(f"ascii {command[0]} {len(command)}", command, files, ascii_only, codes=frozenset({0, 1}))
    for name, value in (
        ("HARNESS_POSTGRES_URL", "nonsense"), ("HARNESS_POSTGRES_URL", NOT_UTF8), ("HARNESS_POSTGRES_URL", "postgresql://127.0.0.1:1/x"), ("TZ", "nonsense"), ("LANG", "nonsense"),
        ("HOME", "/nowhere"), ("PATH", ""), ("PATH", NOT_UTF8), ("TMPDIR", "/nowhere"), ("COLUMNS", "x"), ("HARNESS_LONG", "x"), ("LOGNAME", NOT_UTF8), ("NO_COLOR", NOT_UTF8),
    ):  # fmt: skip
        yield Case(
            f"variable {name} {value!r}",
            RUN,
            {"suites/auth_matrix.toml": MATRIX + "[database]\n"},
            {name: value},
            names=("POSTGRES", "postgres", name, "mporary"),
        )


def every(seed: int) -> Iterator[Case]:
    """Every case of the table, and what the generator makes with a seed."""
    for cases in (
        _option_cases(),
        _file_cases(),
        app_cases(),
        _issuer_cases(),
        _token_cases(),
        _command_cases(),
        _server_cases(),
        _place_cases(),
        mutation_cases(seed),
        _pytest_cases(),
    ):
        yield from cases


def _pytest_cases() -> Iterator[Case]:
    for flag in ("--url", "--issuer-port", "--agents", "--app", "--python", "--env", "--credentials", "--openapi"):
        for value in OPTIONS[flag][:8]:
            given = f"--harness-{flag[2:]}=".encode() + (value if isinstance(value, bytes) else value.encode())
            yield Case(
                f"pytest {flag} {value!r:.40}",
                ("suites", "-q", "-x", "-p", "no:cacheprovider", given),
                module="pytest",
                codes=frozenset(range(6)),
            )
