"""Free ports and the shapes of path templates."""

from __future__ import annotations

import socket

import pytest

from harness.core.paths import path_shape
from harness.core.ports import free_port


def test_a_free_port_can_be_bound_and_is_none_of_the_system_s_own() -> None:
    port = free_port()
    assert 15000 <= port < 32000
    with socket.socket() as server:
        server.bind(("127.0.0.1", port))


def test_a_port_that_is_taken_is_passed_over() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port()))
        taken.listen()
        port = taken.getsockname()[1]
        # Others may take some of these meanwhile; the one that is taken here is tried first now and then.
        assert all(free_port(range(port, port + 8)) != port for _ in range(80))


def test_no_free_port_in_the_range() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="no free port"):
            free_port(range(port, port + 1))


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/peers", "/peers"),
        ("/peers/{id}", "/peers/{}"),
        ("/peers/{peer_id}/notes/{note-id:int}", "/peers/{}/notes/{}"),
        ("/files/{name}.{suffix}", "/files/{}.{}"),
        ("GET /peers/{}", "GET /peers/{}"),
        ("/broken/{id", "/broken/{id"),
    ],
)
def test_the_shape_of_a_path(path: str, shape: str) -> None:
    assert path_shape(path) == shape
