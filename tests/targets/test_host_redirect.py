"""Clerk's real names lead to the fake, in every kind of process that is started, and nothing else leaves the machine."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import requests

from harness.fake_clerk import FakeClerk
from harness.run.environment import base_environment
from harness.targets.host_redirect import Names, real_names
from tests.targets.kit import own_address

NODE = shutil.which("node") or os.fspath(Path(sys.executable).parent / "node")
URLS = """
URLS = ["https://api.clerk.com/v1/jwks", "https://api.clerk.com:8443/v1/jwks", "https://harness-under-test.clerk.accounts.dev/.well-known/jwks.json"]
import os
HEADERS = {"authorization": "Bearer " + os.environ["CLERK_SECRET_KEY"]}
"""
ASYNC = """
import asyncio
{loop}
async def main():
{body}
asyncio.run(main())
"""
HTTPX = """
    import httpx
    async with httpx.AsyncClient(headers=HEADERS) as client:
        for url in URLS:
            print((await client.get(url)).json()["keys"][0]["kid"])
"""
AIOHTTP = """
    import aiohttp
    async with aiohttp.ClientSession(headers=HEADERS) as client:
        for url in URLS:
            async with client.get(url) as answer:
                print((await answer.json())["keys"][0]["kid"])
"""
UVLOOP = "import uvloop; asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())"
PYTHON = {
    "httpx": "import httpx\nfor url in URLS: print(httpx.get(url, headers=HEADERS).json()['keys'][0]['kid'])",
    "httpx with a transport": "import httpx\nclient = httpx.Client(transport=httpx.HTTPTransport(), headers=HEADERS)\n"
    "for url in URLS: print(client.get(url).json()['keys'][0]['kid'])",
    "httpx async": ASYNC.format(loop="", body=HTTPX),
    "httpx on uvloop": ASYNC.format(loop=UVLOOP, body=HTTPX),
    "aiohttp": ASYNC.format(loop="", body=AIOHTTP),
    "aiohttp on uvloop": ASYNC.format(loop=UVLOOP, body=AIOHTTP),
    "requests": "import requests\nfor url in URLS: print(requests.get(url, headers=HEADERS).json()['keys'][0]['kid'])",
    "urllib": "import urllib.request, json\nfor url in URLS:\n"
    "  print(json.load(urllib.request.urlopen(urllib.request.Request(url, headers=HEADERS)))['keys'][0]['kid'])",
    "the official SDK": "import clerk_backend_api, os\nsdk = clerk_backend_api.Clerk(bearer_auth=os.environ['CLERK_SECRET_KEY'])\n"
    "for _ in URLS: print(sdk.jwks.get_jwks().keys[0].kid)",
}
NODE_HEAD = """
const URLS = ["https://api.clerk.com/v1/jwks", "https://api.clerk.com:8443/v1/jwks", "https://harness-under-test.clerk.accounts.dev/.well-known/jwks.json"];
const headers = {authorization: "Bearer " + process.env.CLERK_SECRET_KEY};
const told = (text) => console.log(JSON.parse(text).keys[0].kid);
"""
NODES = {
    "fetch": "(async () => { for (const url of URLS) told(await (await fetch(url, {headers})).text()); })();",
    "https": "const https = require('https');"
    "(async () => { for (const url of URLS) await new Promise((done) => https.get(url, {headers}, (answer) => {"
    " let text = ''; answer.on('data', (part) => (text += part)); answer.on('end', () => { told(text); done(); }); })); })();",
}


@pytest.fixture
def clerk() -> Iterator[FakeClerk]:
    with FakeClerk() as started:
        yield started


@pytest.fixture
def names(clerk: FakeClerk) -> Iterator[Names]:
    names = Names(clerk)
    yield names
    names.close()


def run(names: Names, *command: str, proxy: bool = True) -> subprocess.CompletedProcess[str]:
    environment = names.environment(base_environment())
    if not proxy:
        environment |= {"HTTPS_PROXY": "", "https_proxy": ""}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("proxy", [False, True], ids=["hooks", "proxy too"])
@pytest.mark.parametrize("client", PYTHON)
def test_every_python_client_reaches_the_fake(names: Names, clerk: FakeClerk, client: str, proxy: bool) -> None:
    done = run(names, sys.executable, "-c", URLS + PYTHON[client], proxy=proxy)
    assert done.stdout.split() == [clerk.key.kid] * 3, done.stderr
    assert names.blocked() == []


@pytest.mark.parametrize("client", NODES)
def test_every_node_client_reaches_the_fake(names: Names, clerk: FakeClerk, client: str) -> None:
    done = run(names, NODE, "-e", NODE_HEAD + NODES[client])
    assert done.stdout.split() == [clerk.key.kid] * 3, done.stderr
    assert names.blocked() == []


def test_a_program_without_hooks_goes_through_the_proxy(names: Names, clerk: FakeClerk) -> None:
    # -I: Python takes no notice of PYTHONPATH, like a program in another language.
    code = URLS + PYTHON["urllib"] + "\nurllib.request.urlopen('https://example.com/')"
    done = run(names, sys.executable, "-I", "-c", code)
    assert done.stdout.split() == [clerk.key.kid] * 3, done.stderr
    assert "403" in done.stderr
    assert names.blocked() == ["example.com"]


REFUSED = {
    "python name": (sys.executable, "import urllib.request; urllib.request.urlopen('http://one.example/')", "one.example"),
    "python address": (sys.executable, "import socket; socket.create_connection(('192.0.2.1', 80), 1)", "192.0.2.1:80"),
    "python uvloop": (
        sys.executable,
        "import asyncio, uvloop\nasync def main():\n await asyncio.open_connection('two.example', 80)\n"
        "asyncio.set_event_loop_policy(uvloop.EventLoopPolicy()); asyncio.run(main())",
        "two.example",
    ),
    "node name": (NODE, "fetch('http://three.example/')", "three.example"),
    "node address": (NODE, "require('net').connect(80, '192.0.2.1')", "192.0.2.1:80"),
    "node lookup": (NODE, "require('dns').lookup('four.example', (error) => { throw error; })", "four.example"),
    "node datagram": (NODE, "require('dgram').createSocket('udp4').send('x', 53, '192.0.2.53')", "192.0.2.53"),
}  # fmt: skip


@pytest.mark.parametrize("way", REFUSED)
def test_nothing_else_leaves_the_machine_and_it_is_told_by_name(names: Names, way: str) -> None:
    program, code, name = REFUSED[way]
    done = run(names, program, "-c" if program == sys.executable else "-e", code)
    assert done.returncode != 0
    assert "clerk-harness" in done.stderr
    assert names.blocked() == [name]


@pytest.mark.parametrize("program", [sys.executable, NODE], ids=["python", "node"])
def test_this_machine_can_be_reached_as_ever(names: Names, clerk: FakeClerk, program: str) -> None:
    url = f"http://localhost:{clerk.port}/.well-known/jwks.json"
    node = f"fetch('{url}').then((answer) => answer.text()).then(console.log)"
    python = f"import urllib.request; print(urllib.request.urlopen('{url}').read().decode())"
    done = run(names, program, *(("-c", python) if program == sys.executable else ("-e", node)))
    assert json.loads(done.stdout)["keys"][0]["kid"] == clerk.key.kid, done.stderr
    assert names.blocked() == []


@pytest.mark.parametrize("program", [sys.executable, NODE], ids=["python", "node"])
def test_the_host_of_the_database_can_be_reached_and_no_other(clerk: FakeClerk, program: str) -> None:
    host = own_address()
    if host is None:
        pytest.skip("this machine has no address but loopback")
    names = Names(clerk, allowed=[host])
    node = "const c = require('net').connect(%d, '%s', () => { console.log('there'); c.destroy(); });"
    python = "import socket; socket.create_connection(('%s', %d)).close(); print('there')"
    with socket.create_server((host, 0)) as server:
        port = server.getsockname()[1]
        code = ("-c", python % (host, port)) if program == sys.executable else ("-e", node % (port, host))
        done = run(names, program, *code)
    assert done.stdout.strip() == "there", done.stderr
    assert (names.blocked(), names.attempts()["attempt"]) == ([], [])
    other = ("-c", python % ("192.0.2.77", 5432)) if program == sys.executable else ("-e", node % (5432, "192.0.2.77"))
    assert run(names, program, *other).returncode != 0
    assert names.blocked() == ["192.0.2.77:5432"]
    names.close()


def test_a_run_beside_another_reports_where_that_one_does(clerk: FakeClerk, names: Names) -> None:
    beside = Names(clerk, beside=names.directory)
    assert run(beside, sys.executable, "-c", "import urllib.request as u; u.urlopen('http://one.example/')").returncode
    run(beside, sys.executable, "-c", "import subprocess; subprocess.run(['true', 'a-secret'])")
    beside.close()
    assert names.blocked() == ["one.example"]
    assert names.attempts()["program"] == ["true"]


def test_what_is_said_of_an_attempt_cannot_break_a_report(names: Names) -> None:
    code = "import _socket\nfor name in ('a\\nattempt b\\x1b[31m', 'c' * 60 + '.example'):\n"
    code += " try: _socket.getaddrinfo(name, 80)\n except OSError: pass"
    run(names, sys.executable, "-c", code)
    first, second = names.attempts()["attempt"]
    assert first.startswith("the name a?attempt b?[31m (socket.getaddrinfo")
    assert second.startswith("the name ccc")


def test_an_audit_hook_never_raises_and_loopback_is_not_told(names: Names) -> None:
    code = """
import ctypes, _socket, os, socket, subprocess, sys
sys.audit("socket.connect"); sys.audit("socket.connect", 1, 2); sys.audit("subprocess.Popen", None, [], None, None)
sys.audit("ctypes.dlsym", None, 3); sys.audit("os.exec", object(), [], None)
server = socket.create_server(("127.0.0.1", 0))
_socket.socket().connect(server.getsockname())
_socket.getaddrinfo("localhost", 80)
one, two = socket.socketpair()
one.sendmsg([b"x"])
ctypes.CDLL(None).getpid()
print("done")
"""
    done = run(names, sys.executable, "-c", code)
    assert done.stdout.strip() == "done", done.stderr
    assert names.attempts() == {"attempt": [], "program": [], "library": []}


def test_tls_is_verified(names: Names) -> None:
    with FakeClerk() as other:  # Its authority is not the one that the process trusts.
        environment = names.environment(base_environment()) | {"CLERK_HARNESS_PORT": str(other.port)}
        environment |= {"HTTPS_PROXY": "", "https_proxy": ""}
        code = "import httpx; httpx.get('https://api.clerk.com/v1/jwks')"
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert "CERTIFICATE_VERIFY_FAILED" in done.stderr
        done = subprocess.run(
            [NODE, "-e", "fetch('https://api.clerk.com/v1/jwks')"], env=environment, capture_output=True, text=True, timeout=60, check=False
        )  # fmt: skip
        assert "certificate" in done.stderr.lower()


def test_a_process_s_own_sitecustomize_and_options_still_count(names: Names, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('mine')")
    (tmp_path / "mine.cjs").write_text("console.log('mine')")
    own = base_environment() | {
        "PYTHONPATH": os.fspath(tmp_path),
        "NODE_OPTIONS": f'--require "{tmp_path / "mine.cjs"}"',
    }
    for command in ([sys.executable, "-c", "print('done')"], [NODE, "-e", "console.log('done')"]):
        done = subprocess.run(
            command, env=names.environment(own), capture_output=True, text=True, timeout=60, check=True
        )
        assert done.stdout.split() == ["mine", "done"]


def test_in_this_process_while_the_context_lasts(clerk: FakeClerk) -> None:
    before = (socket.getaddrinfo, socket.socket.connect, os.environ.get("SSL_CERT_FILE"))
    url = f"{clerk.issuer}/.well-known/jwks.json"
    with real_names(clerk) as redirect:
        assert httpx.get(url).json() == requests.get(url, timeout=10).json() == clerk.jwks()
        with pytest.raises(httpx.ConnectError, match="nothing may leave"):
            httpx.get("https://example.com/")
        assert redirect.resolve(f"{clerk.domain}.localhost") == "127.0.0.1"
        assert redirect.blocked == ["example.com"]
    assert (socket.getaddrinfo, socket.socket.connect, os.environ.get("SSL_CERT_FILE")) == before
