"""The usual way: one parametrized pytest item a request, with starlette's TestClient. Collected by `speed.py` only."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

ITEMS = [item for item in json.loads(Path(os.environ["BENCHMARK_REQUESTS"]).read_text()) if item[2] != "/chat/stream"]


@pytest.fixture(scope="session")
def client() -> TestClient:
    """As FastAPI's documentation shows it: one client, made once, used by every test."""
    from app.main import app

    return TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize("item", ITEMS, ids=range(len(ITEMS)))
def test_request(client: TestClient, item: list[Any]) -> None:
    kind, method, path, query, headers, body, messages = item
    url = f"{path}?{query}" if query else path
    pairs = [
        (name, value.encode("latin-1")) for name, value in headers if name not in ("host", "connection", "upgrade")
    ]
    if kind == "websocket":
        try:
            with client.websocket_connect(url, headers=dict(headers)) as socket:
                for message in messages:
                    socket.send_text(message)
                    socket.receive_text()
        except (WebSocketDisconnect, WebSocketDenialResponse):
            pass
        return
    answer = client.request(method, url, headers=pairs, content=body.encode("latin-1"))
    assert answer.status_code < 500
