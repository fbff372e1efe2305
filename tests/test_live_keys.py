"""Keys of a production instance, secret and publishable, are refused wherever a run could take them from.

Clerk, Environments: such keys begin with `sk_live_` and `pk_live_`.
"""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from harness.contracts.matrix import load
from harness.core.errors import UnsafeError
from harness.run.context import RunContext
from harness.run.environment import refuse_live_keys
from harness.run.options import Options
from harness.targets.agent.live_values import Holdings
from tests.conftest import in_this_process, write_suites

HOST = "clerk.example.com"
SECRET = "sk_live_" + "0123456789abcdef"
PUBLISHABLE = "pk_live_" + base64.b64encode(f"{HOST}$".encode()).decode()
LIVE = pytest.mark.parametrize("key", [SECRET, PUBLISHABLE], ids=["secret", "publishable"])


@LIVE
@pytest.mark.parametrize("value", ["{}", "sk_test_abcdefgh,{}", "sk_test_abcdefgh {}"])
def test_a_live_key_is_refused_alone_and_beside_others(key: str, value: str) -> None:
    with pytest.raises(UnsafeError) as refused:
        refuse_live_keys({"HOME": "/", "KEYS": value.format(key)}, "--env")
    assert str(refused.value).startswith(f"--env: KEYS holds a live key ({key[:8]}…")
    assert key not in str(refused.value)


def test_a_publishable_key_names_its_host() -> None:
    with pytest.raises(UnsafeError, match=f"of {HOST}"):
        refuse_live_keys({"KEY": PUBLISHABLE}, "--env")


@pytest.mark.parametrize("value", ["", "sk_test_abcdefgh", "pk_test_abcdefgh", "task_live_wire"])
def test_other_values_are_taken(value: str) -> None:
    refuse_live_keys({"KEY": value}, "--env")


@LIVE
@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"env": {"KEY": "{}"}}, "--env: KEY"),
        ({"env": {"OPTIONS": '{{"clerk": "{}"}}'}}, "--env: OPTIONS"),
        ({"command": 'env X={} sh -c "node server.js"'}, "--command"),
        ({"url": "http://127.0.0.1:1/?key={}"}, "--url"),
        ({"postgres": "postgresql://me:{}@127.0.0.1:1/db"}, "--postgres"),
        ({"openapi": "/openapi.json?key={}"}, "--openapi"),
        ({"allow_hosts": ["a", "{}"]}, "--allow-host"),
    ],
)
def test_a_run_refuses_it_in_every_option_before_anything_starts(
    tmp_path: Path, key: str, options: dict[str, Any], told: str
) -> None:
    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: filled(inner) for name, inner in value.items()}
        return [filled(inner) for inner in value] if isinstance(value, list) else value.format(key)

    suites = write_suites(tmp_path, '"GET /me" = "clerk"\n')
    context = RunContext(Options(suites=suites, **filled(options)), load(suites))
    with pytest.raises(UnsafeError) as refused, context:
        pass
    assert str(refused.value).startswith(f"{told} holds a live key ({key[:8]}…")
    assert key[8:14] not in str(refused.value)
    assert not hasattr(context, "clerk")


@pytest.mark.parametrize("name", ["HOME", "HARNESS_POSTGRES_URL"])
def test_what_is_passed_on_of_the_shell_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, f"postgresql://x:{SECRET}@127.0.0.1:1/db")
    suites = write_suites(tmp_path, '"GET /me" = "clerk"\n')
    with (
        pytest.raises(UnsafeError, match=f"the environment: {name} holds a live key"),
        RunContext(Options(suites=suites, app="x:app"), load(suites)),
    ):
        pass


# Declarations


@LIVE
@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("auth_matrix.toml", '[target.env]\nKEY = "{}"', " [target.env]: KEY"),
        ("auth_matrix.toml", "[target]\ncommand = 'env X={} \"node server.js\"'", " [target]: command"),
        ("auth_matrix.toml", '[database]\nmigrate = "KEY={} alembic upgrade head"', " [database]: migrate"),
        ("auth_matrix.toml", '[database]\nurl = "postgresql://u:{}@h/d"', " [database]: url"),
        ("auth_matrix.toml", 'strange = [{{ a = ["x", "{}"] }}]', " [strange.0.a]: 1"),
        ("auth_matrix.toml", '[mechanisms]\n"{}" = []', " [mechanisms]: a name"),
        ("auth_matrix.toml", "# the key is {}", ": line 1"),
        ("auth_matrix.toml", 'description = """\nuse\n{}\n"""', ": description"),
        ("routers/app.toml", '[routes]\n"GET /me" = {{ headers = {{ x-key = "{}" }} }}', " [routes.GET /me.headers]: x-key"),
        ("routers/app.toml", '[routes]\n"GET /me" = {{ json = {{ a = "{}" }} }}', " [routes.GET /me.json]: a"),
    ],
)  # fmt: skip
def test_it_is_refused_in_every_text_of_a_declaration(
    tmp_path: Path, key: str, file: str, text: str, told: str
) -> None:
    suites = write_suites(tmp_path, '"GET /me" = "clerk"\n')
    given = 'router = "app"\n' if file.startswith("routers") else ""
    (suites / file).write_text(given + text.format(key) + "\n")
    with pytest.raises(UnsafeError) as refused:
        load(suites)
    assert str(refused.value).startswith(f"{suites / file}{told} holds a live key ({key[:8]}…")
    assert key[8:14] not in str(refused.value)


def test_an_escape_hides_none(tmp_path: Path) -> None:
    suites = write_suites(tmp_path, "")
    (suites / "auth_matrix.toml").write_text('[target.env]\nKEY = "sk\\u005flive\\u005f0123456789abcdef"\n')
    with pytest.raises(UnsafeError, match="KEY holds a live key"):
        load(suites)


@pytest.mark.parametrize("file", ["user_sync.toml", "migrations.toml", "budget.toml", "configuration.toml"])
def test_it_is_refused_in_the_file_of_every_contract(
    tmp_path: Path, file: str, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "app.py").write_text(SETTERS["nowhere"] + SERVES)
    suites = write_suites(tmp_path / "suites", '"GET /me" = "public"\n')
    (suites / file).write_text(f"# {SECRET}\n")
    done = in_this_process(["run", "--app", "app:app", "--no-drills"], tmp_path, capfd)
    assert done.returncode == 2, done.stdout
    assert f"{file}: line 1 holds a live key (sk_live_…)" in done.stderr
    assert SECRET[8:14] not in done.stdout + done.stderr


def test_the_seed_of_the_issuer_is_looked_at(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "people.toml").write_text(f'[[users]]\nemail = "a@b.c"\nprivate_metadata = {{ key = "{SECRET}" }}\n')
    done = in_this_process(["issuer", "--seed", "people.toml", "--", "true"], tmp_path, capfd)
    assert (done.returncode, done.stdout) == (2, "")
    assert "people.toml [users.0.private_metadata]: key holds a live key (sk_live_…)" in done.stderr


# Apps that bring it themselves

SETTERS = {
    "nowhere": "",
    "the environment, at import": f"import os\nos.environ['CLERK_SECRET_KEY'] = '{SECRET}'\n",
    "a .env that is loaded over ours": "from dotenv import load_dotenv\nload_dotenv(override=True)\n",
    "a constant": f"CLERK_KEY = '{SECRET}'\n",
    "a class": f"class Config:\n    OPTIONS = {{'clerk': ['{SECRET}']}}\n",
    "an object": f"class Settings:\n    def __init__(self):\n        self.key = '{SECRET}'\nsettings = Settings()\n",
    "a secret of pydantic": f"from pydantic import BaseModel, SecretStr\nclass S(BaseModel):\n    key: SecretStr\ns = S(key='{SECRET}')\n",
    "a name in a dictionary": f"TENANTS = {{'{SECRET}': 1}}\n",
    "its start-up": "import os\nasync def begin():\n    os.environ['CLERK_SECRET_KEY'] = 'sk_' + 'live_0123456789abcdef'\n",
    "the first request": "import os\ndef first():\n    os.environ['CLERK_SECRET_KEY'] = 'sk_' + 'live_0123456789abcdef'\n",
}  # fmt: skip
SETTERS["a cache, at the first request"] = (
    "class Settings:\n    pass\nCACHE = {}\n"
    "def first():\n    CACHE['x'] = Settings()\n    CACHE['x'].key = 'sk_' + 'live_0123456789abcdef'\n"
)
SERVES = """
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

async def me(request):
    if "first" in globals():
        first()
    return PlainTextResponse("me")

class lifespan:
    def __init__(self, app): pass
    async def __aenter__(self):
        if "begin" in globals():
            await begin()
    async def __aexit__(self, *error): pass

app = Starlette(routes=[Route("/me", me)], lifespan=lifespan)
"""
TOLD = {
    "the environment, at import": "CLERK_SECRET_KEY is set to a live key (sk_live_…), from {app}",
    "a .env that is loaded over ours": "CLERK_SECRET_KEY is set to a live key (sk_live_…), from {env}",
    "a constant": "app:CLERK_KEY holds a live key (sk_live_…)",
    "a class": "app:Config.OPTIONS.clerk holds a live key",
    "an object": "app:settings.key holds a live key",
    "a secret of pydantic": "app:s.key holds a live key",
    "a name in a dictionary": "app:TENANTS holds a live key",
    "its start-up": "CLERK_SECRET_KEY is set to a live key (sk_live_…)",
    "the first request": "CLERK_SECRET_KEY is set to a live key (sk_live_…)",
    "a cache, at the first request": "app:CACHE.x.key holds a live key (sk_live_…)",
}


def project(root: Path, way: str) -> Path:
    (root / "app.py").write_text(SETTERS[way] + SERVES)
    if ".env" in way:
        (root / ".env").write_text(f"DEBUG=1\nexport CLERK_SECRET_KEY={SECRET}\n")
    return write_suites(root / "suites", '"GET /me" = "public"\n')


@pytest.mark.parametrize("way", TOLD)
def test_an_app_that_runs_on_one_stops_the_run(tmp_path: Path, way: str, capfd: pytest.CaptureFixture[str]) -> None:
    project(tmp_path, way)
    done = in_this_process(["run", "--app", "app:app", "--no-drills", "--credentials", "missing"], tmp_path, capfd)
    assert (done.returncode, done.stderr.count("--app app:app: ")) == (2, 1), done.stdout + done.stderr
    told = TOLD[way].format(app="", env=tmp_path / ".env").removesuffix(", from ")
    assert f"--app app:app: {told}" in done.stderr
    assert SECRET[8:14] not in done.stdout + done.stderr
    for report in (tmp_path / "reports").rglob("*"):
        assert report.is_dir() or SECRET[8:14] not in report.read_text()


def test_one_in_a_file_that_is_not_in_effect_is_a_note(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    project(tmp_path, "nowhere")
    (tmp_path / ".env.production").write_text(f"CLERK_SECRET_KEY={SECRET}\n")
    (tmp_path / ".env.example").write_text(f"CLERK_SECRET_KEY={SECRET}\n")
    done = in_this_process(["run", "--app", "app:app", "--no-drills", "--credentials", "missing"], tmp_path, capfd)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (
        ".env.production holds a live key (sk_live_…) in CLERK_SECRET_KEY: nothing tells" in done.stdout + done.stderr
    )
    assert ".env.example" not in done.stdout + done.stderr
    assert SECRET[8:14] not in done.stdout + done.stderr


def test_nothing_of_the_app_runs_while_it_is_looked_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lazy objects work as soon as they are asked what they are, and an app's own collections may count as they like."""

    def runs(self: object, *given: object) -> Any:
        raise AssertionError("it ran")

    asked = ("__iter__", "__len__", "__eq__", "__bool__", "__getattr__")
    lazy = type("Lazy", (), {**dict.fromkeys(asked, runs), "__class__": property(runs)})
    mine = type("Mine", (dict,), dict.fromkeys(("items", "keys", "values", "__iter__", "__len__"), runs))
    words = type("Words", (str,), dict.fromkeys(("__str__", "__contains__", "__len__"), runs))
    held: list[object] = [lazy(), mine(a=lazy(), b={"c": words(SECRET)})]
    held.append(held)
    module = ModuleType("held_by_an_app")
    module.__file__ = str(tmp_path / "held_by_an_app.py")
    module.held = held  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "held_by_an_app", module)
    found = [(place, key) for place, key, _ in Holdings(str(tmp_path)).find()]
    assert found == [("held_by_an_app:held.b.c", "sk_live_…")]


def test_settings_of_pydantic_are_found_in_their_cache(tmp_path: Path) -> None:
    """The package is not installed here: a class of that name in a module of that name, as the agent looks for it."""
    (tmp_path / "pydantic_settings.py").write_text("class BaseSettings: pass\n")
    (tmp_path / "app.py").write_text(
        "import functools\nfrom pydantic_settings import BaseSettings\n"
        f"class Settings(BaseSettings):\n    def __init__(self):\n        self.clerk = 'sk_' + '{SECRET[3:]}'\n"
        "@functools.cache\ndef get_settings():\n    return Settings()\nget_settings()\n" + SERVES
    )
    suites = write_suites(tmp_path / "suites", '"GET /me" = "public"\n')
    options = Options(suites=suites, app="app:app", app_dir=tmp_path)
    with pytest.raises(UnsafeError, match=r"app:Settings\.clerk holds a live key"), RunContext(options, load(suites)):
        pass


COMMAND = """
import os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
{}
HTTPServer(("127.0.0.1", int(os.environ["PORT"])), BaseHTTPRequestHandler).serve_forever()
"""


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ("python server.py", SETTERS["a .env that is loaded over ours"], "CLERK_SECRET_KEY is set to a live key (sk_live_…), from "),
        ("python server.py", SETTERS["the environment, at import"] + "sys.exit(1)", "CLERK_SECRET_KEY is set to a live key (sk_live_…)"),
        ("sh start.sh", "", "MY_KEY is set to a live key (sk_live_…)"),
    ],
)  # fmt: skip
def test_a_command_that_runs_on_one_stops_the_run(tmp_path: Path, words: str, code: str, told: str) -> None:
    if words.startswith("sh") and not Path("/proc/self/environ").exists():
        pytest.skip("the environment of other processes cannot be read here: there is no /proc")
    (tmp_path / "server.py").write_text(COMMAND.format(code))
    (tmp_path / "start.sh").write_text(f"MY_KEY={SECRET} exec python -S server.py\n")
    (tmp_path / ".env").write_text(f"CLERK_SECRET_KEY={SECRET}\n")
    suites = write_suites(tmp_path / "suites", '"GET /me" = "public"\n')
    options = Options(suites=suites, command=words, app_dir=tmp_path, openapi="")
    context = RunContext(options, load(suites))
    with pytest.raises(UnsafeError) as refused, context:
        pass
    assert str(refused.value).startswith(f"--command: {told}")
    assert SECRET[8:14] not in str(refused.value)


@LIVE
def test_the_issuer_starts_no_command_beside_one(tmp_path: Path, capfd: pytest.CaptureFixture[str], key: str) -> None:
    program = [sys.executable, "-c", "print('ran')"]
    done = in_this_process(["issuer", "--", *program], tmp_path, capfd, {"MY_KEY": key})
    assert (done.returncode, done.stdout) == (2, "")
    assert "the environment: MY_KEY holds a live key" in done.stderr
    assert key not in done.stderr


def test_the_issuer_refuses_one_in_the_command_and_tells_of_one_that_it_loads(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    done = in_this_process(["issuer", "--", "env", f"X={SECRET}", "true"], tmp_path, capfd)
    assert (done.returncode, done.stdout) == (2, "")
    assert "the command after -- holds a live key (sk_live_…)" in done.stderr
    code = "import os; os.environ['MY_KEY'] = ''.join(['sk_', 'live_', '0123456789abcdef']); print('ran')"
    done = in_this_process(["issuer", "--", sys.executable, "-c", code], tmp_path, capfd)
    assert (done.returncode, done.stdout) == (0, "ran\n")
    assert "MY_KEY is set to a live key (sk_live_…): the command set it itself" in done.stderr
    assert SECRET[8:14] not in done.stderr
