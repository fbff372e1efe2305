"""Ways off this machine that a backend may try. Each connects to, or sends to, a port of its own at HOST.

Copied beside the backend under test, and imported there as `outgoing_ways`. No way raises.
"""

from __future__ import annotations

import _socket
import asyncio
import contextlib
import ctypes
import http.client
import json
import multiprocessing
import os
import socket
import struct
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable
from typing import Any

HOST = os.environ.get("OUTSIDE_HOST", "")
PORTS: dict[str, int] = json.loads(os.environ.get("OUTSIDE_PORTS", "{}"))
UDP, V6 = socket.SOCK_DGRAM, socket.AF_INET6
CODE = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 5)"
WAYS: dict[str, Callable[[int], None]] = {}


def way(function: Callable[[int], None]) -> Callable[[int], None]:
    """A way is called with the port that is its own."""
    WAYS[function.__name__] = function
    return function


def try_way(name: str) -> None:
    """Try one; whatever it raises is its own matter."""
    if name in PORTS:
        with contextlib.suppress(Exception):
            WAYS[name](PORTS[name])


def connect(port: int) -> None:
    """The plain way."""
    with socket.socket() as used:
        used.settimeout(5)
        used.connect((HOST, port))


for plain in ("at_import", "in_lifespan", "in_a_handler", "in_a_migration"):
    WAYS[plain] = connect


@way
def create_connection(port: int) -> None:
    socket.create_connection((HOST, port), 5)


@way
def connect_ex(port: int) -> None:
    socket.socket().connect_ex((HOST, port))


@way
def a_subclass(port: int) -> None:
    class Mine(socket.socket):
        def connect(self, address: Any) -> None:
            return super().connect(address)

    Mine().connect((HOST, port))


@way
def socket_in_c(port: int) -> None:
    _socket.socket().connect((HOST, port))


@way
def udp_sendto(port: int) -> None:
    socket.socket(type=UDP).sendto(b"x", (HOST, port))


@way
def udp_sendmsg(port: int) -> None:
    socket.socket(type=UDP).sendmsg([b"x"], [], 0, (HOST, port))


@way
def udp_in_c(port: int) -> None:
    _socket.socket(_socket.AF_INET, UDP).sendto(b"x", (HOST, port))


@way
def sendmsg_in_c(port: int) -> None:
    _socket.socket(_socket.AF_INET, UDP).sendmsg([b"x"], [], 0, (HOST, port))


@way
def ipv6_mapped(port: int) -> None:
    socket.socket(V6).connect(("::ffff:" + HOST, port))


@way
def ipv6_mapped_in_c(port: int) -> None:
    _socket.socket(V6).connect(("::ffff:" + HOST, port))


@way
def open_connection(port: int) -> None:
    asyncio.run(asyncio.open_connection(HOST, port))


@way
def asyncio_datagrams(port: int) -> None:
    async def send() -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=(HOST, port))
        transport.sendto(b"x")

    asyncio.run(send())


@way
def sock_connect(port: int) -> None:
    async def send() -> None:
        used = socket.socket()
        used.setblocking(False)
        await asyncio.get_running_loop().sock_connect(used, (HOST, port))

    asyncio.run(send())


@way
def http_client(port: int) -> None:
    http.client.HTTPConnection(HOST, port, timeout=5).connect()


@way
def urllib_request(port: int) -> None:
    socket.setdefaulttimeout(1)
    try:
        urllib.request.urlopen(f"http://{HOST}:{port}/", timeout=1)
    finally:
        socket.setdefaulttimeout(None)


@way
def httpx_get(port: int) -> None:
    import httpx

    httpx.get(f"http://{HOST}:{port}/", timeout=1)


@way
def a_thread(port: int) -> None:
    thread = threading.Thread(target=WAYS["socket_in_c"], args=(port,))
    thread.start()
    thread.join()


@way
def a_fork(port: int) -> None:
    child = os.fork()
    if child == 0:
        with contextlib.suppress(Exception):
            connect(port)
        os._exit(0)
    os.waitpid(child, 0)


@way
def a_fork_in_c(port: int) -> None:
    child = os.fork()
    if child == 0:
        with contextlib.suppress(Exception):
            WAYS["socket_in_c"](port)
        os._exit(0)
    os.waitpid(child, 0)


@way
def multiprocessing_spawn(port: int) -> None:
    process = multiprocessing.get_context("spawn").Process(target=connect, args=(port,))
    process.start()
    process.join()


@way
def a_python(port: int) -> None:
    subprocess.run([sys.executable, "-c", CODE, HOST, str(port)], stderr=subprocess.DEVNULL, check=False)


@way
def a_program(port: int) -> None:  # -I: no hook is loaded, as in any other language.
    subprocess.run([sys.executable, "-I", "-c", CODE, HOST, str(port)], stderr=subprocess.DEVNULL, check=False)


@way
def a_shell(port: int) -> None:
    os.system(f"{sys.executable} -I -c '{CODE}' {HOST} {port} 2>/dev/null")


@way
def posix_spawn(port: int) -> None:
    pid = os.posix_spawn(sys.executable, [sys.executable, "-I", "-c", CODE, HOST, str(port)], {})
    os.waitpid(pid, 0)


@way
def libc(port: int) -> None:
    used = socket.socket()
    address = struct.pack("=HH4s8x", socket.AF_INET, socket.htons(port), socket.inet_aton(HOST))
    ctypes.CDLL(None).connect(used.fileno(), address, len(address))
