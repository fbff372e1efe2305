"""For each option what is no value of it, and files that are none."""

from __future__ import annotations

import os
from pathlib import Path

from tests.drills.malformed import MATRIX, Maker, Text

MISUSE = frozenset({2})
NOT_UTF8 = b"\xff\xfe"
LONG = "x" * 100_000


def fifo(path: Path) -> None:
    """A pipe that nobody writes to: opening it to read waits for ever."""
    os.mkfifo(path)


def directory(path: Path) -> None:
    """A directory where a file is expected."""
    path.mkdir()


def loop(path: Path) -> None:
    """A link to itself."""
    path.symlink_to(path.name)


def link(target: str) -> Maker:
    """A link to somewhere else."""
    return lambda path: path.symlink_to(target)


def huge(path: Path) -> None:
    """A file of a terabyte, of which nothing is on the disk."""
    with path.open("wb") as file:
        file.truncate(1 << 40)


def script(text: str) -> Maker:
    """Something that can be started."""

    def make(path: Path) -> None:
        path.write_text(text)
        path.chmod(0o755)

    return make


URLS = (
    "", " ", "http://[::1", "http://127.0.0.1:99999", "http://127.0.0.1:-1", "http://127.0.0.1:abc", "http://:8000", "http://",
    "http://user:pw@127.0.0.1:1/", "http://127.0.0.1:1", "http://127.0.0.1 :1", "http://127.0.0.1:1/ a", "http://exämple:1",
    "http://①.①:1", "ftp://127.0.0.1", "127.0.0.1:1", "http://localhost\n:1", "//127.0.0.1:1", "http://127.0.0.1:٣",
    "http://" + "a" * 300 + ":1", "http://127.0.0.1:0", NOT_UTF8, "http://127.0.0.1:{port", "http://[::1]:1", "http://[fe80::1%x]:1",
    "http://127.0.0.1:1#x", "http://.localhost:1", "http://localhost.:1", "https://127.0.0.1:1", "sk_test_abcdefghijklmnop", LONG,
)  # fmt: skip
_NUMBERS = (
    "",
    "-1",
    "abc",
    "99999999999999999999",
    "nan",
    "inf",
    "1e999",
    "1_000_000_000_000",
    "0x10",
    "1.5",
    NOT_UTF8,
    "٣",
    "9" * 5000,
)
_TEXTS = ("", " ", NOT_UTF8, LONG, "\n", "'", "{", "{port", "\\", "-", "ü")
_PLACES = (
    "",
    "missing",
    "backend.py",
    "/dev/null",
    "/dev/null/x",
    "/proc/x/y",
    NOT_UTF8,
    "x" * 300,
    LONG,
    "loop",
    "pipe",
    "~nobody/x",
)
PLACED: dict[str, str | bytes | Maker] = {"loop": loop, "pipe": fifo}

OPTIONS: dict[str, tuple[Text, ...]] = {
    "--url": URLS,
    "--issuer-port": ("99999", "1", *_NUMBERS),
    "--agents": ("0", "65", *_NUMBERS),
    "--fuzz": _NUMBERS,
    "--seed": _NUMBERS,
    "--sequences": ("0", *_NUMBERS),
    "--time-limit": ("0", "601", *_NUMBERS),
    "--app": (
        "a", "a:", ":b", ":", "a.b:c.d", "os:path", "backend:", "backend:nothing", "backend:app.x.y", "..:x", ".", "backend.py", "a b",
        "backend:app:app", "backend:__class__", "os.path:join", "backend/app", "json:dumps", "a" * 1000, *_TEXTS,
    ),
    "--app-dir": _PLACES,
    "--python": ("/bin/true", "/bin/false", "/bin/cat", "/etc/passwd", "/", "not-there", "./loop", "./pipe", *_TEXTS),
    "--env": ("x", "=x", "a=b=c", "A=\n", "A\n=1", "=", "A B=1", "PATH=", "PYTHONHOME=/nowhere", "PYTHONPATH=/dev/null", b"\xff=1", b"A=\xff", f"A={LONG}", *_TEXTS),
    "--command": ("false", "true", "not-there", "'unbalanced", "/", "/etc/passwd", "sleep {port", "echo {port}", *_TEXTS),
    "--openapi": ("openapi.json", "//", "http://x/y", " ", "/a b", "/\r\nX: y", "/ü", "/€", "?x", *_TEXTS),
    "--allow-host": _TEXTS,
    "--postgres": (
        "mysql://x", "postgresql://", "postgresql:///", "postgresql://127.0.0.1:1/x", "postgresql://127.0.0.1:99999/x", "postgresql://[::1",
        "postgresql:///x?host=/nowhere", "postgresql://127.0.0.1:1/?nonsense=1", "docker", "embeded", "postgresql://u:secretpw@127.0.0.1:1/x",
        "postgresql://127.0.0.1:abc/x", "postgresql://%00@127.0.0.1:1/x", "postgres://%ff@127.0.0.1:1/x", "postgresql://a b@c:1/x", *_TEXTS,
    ),
    "--router": ("nothing", "*", *_TEXTS),
    "--route": ("GET", "/me", "get /me", "GET  /me", "FETCH /me", "GET /nothing", "GET /[", *_TEXTS),
    "--credentials": (",", "nothing", "clerk,,", "clerk@", "@", "clerk@x", "clerk@cookie:", "CLERK", "*", *_TEXTS),
    "--only": ("nothing", ",", "matrix,x", "user_sync", *_TEXTS),
    "--suites": _PLACES,
    "--reports": _PLACES,
}  # fmt: skip
"""For each option what is no value of it, or a strange one."""


FILES: dict[str, str | bytes | Maker] = {
    "missing": lambda path: None, "a directory": directory, "a pipe": fifo, "a loop": loop, "a device": link("/dev/zero"), "huge": huge,
    "a dangling link": link("nowhere"), "empty": "", "NUL bytes": b"a = 1\0\n", "a BOM": b"\xef\xbb\xbfx = 1\n", "UTF-16": MATRIX.encode("utf-16"),
    "latin-1": "a = 'ü'\n".encode("latin-1"), "CR only": b"a = 1\rb = 2\r", "deep": "a = " + "[" * 20_000, "deep tables": "a = " + "{a=" * 5000,
    "a deep key": "a" + ".a" * 20_000 + " = 1\n", "twice": "a = 1\na = 1\n", "a huge number": "a = " + "9" * 10_000 + "\n", "no date": "a = 2026-13-45\n",
    "binary": bytes(range(256)), "a terminal": link("/dev/tty"), "memory": link("/proc/self/mem"), "a socket": link("/dev/log"),
}  # fmt: skip
"""Files that are none, or hold no TOML."""
