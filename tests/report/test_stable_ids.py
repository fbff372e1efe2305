"""One flawed backend in two processes, on two ports, has the same causes and findings by the same ids: reports can be compared."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.report.json_report import document
from harness.run.options import Options
from tests import valid
from tests.conftest import judged, write_suites

BACKEND = """
import os, sys, time, uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Backend(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args): pass

    def do_GET(self):
        token = self.headers.get("authorization", "").removeprefix("Bearer ")
        here = f"127.0.0.1:{self.server.server_port}, process {os.getpid()}, {time.time()}, {uuid.uuid4()}"
        if self.path == "/broken" and token:
            return self.answer(500, f"cannot reach the database from {here}")
        if self.path == "/talks" and not token.count(".") == 2:
            return self.answer(401, f"Traceback (most recent call last): no token, {here}")
        self.answer(200 if token or self.path == "/open" else 401, here)

    def answer(self, status, text):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

server = ThreadingHTTPServer(("127.0.0.1", 0), Backend)
print(server.server_port, flush=True)
server.serve_forever()
"""
ROUTES = '"GET /open" = "clerk"\n"GET /any" = "clerk"\n"GET /broken" = "clerk"\n"GET /talks" = "clerk"\n'
MATRIX = '[policies.clerk]\naccept = ["clerk"]\n'


@pytest.fixture
def addresses(tmp_path: Path) -> Iterator[list[str]]:
    (tmp_path / "backend.py").write_text(BACKEND)
    started = [
        subprocess.Popen([sys.executable, str(tmp_path / "backend.py")], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    try:
        yield [f"http://127.0.0.1:{each.stdout.readline().strip()}" for each in started if each.stdout is not None]
    finally:
        for each in started:
            each.kill()
            each.communicate()


def test_ids_are_those_of_the_backend_and_not_of_where_it_runs(addresses: list[str], tmp_path: Path) -> None:
    suites = write_suites(tmp_path / "suites", ROUTES, matrix=MATRIX)
    told = []
    for url in addresses:
        options = Options(suites=suites, url=url, openapi="", credentials=["clerk", "forged", "missing", "garbage"])
        found: dict[str, Any] = document(judged(options).record)
        assert valid.misfits(found) == []
        told.append(found)
    one, other = ({kind: [each["id"] for each in report[kind]] for kind in ("causes", "findings")} for report in told)
    assert one == other
    assert len(set(one["causes"])) == len(one["causes"])
    assert {"breach", "fault", "leak"} <= {cause["verdict"] for cause in told[0]["causes"]}
    same = ("id", "verdict", "by", "shows", "functions", "routes", "credentials", "cells", "dependents", "remedy")
    first, second = ([{key: cause[key] for key in same} for cause in report["causes"]] for report in told)
    assert first == second
