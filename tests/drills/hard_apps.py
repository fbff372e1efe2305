"""What is started in the drills, and is hard to end: it loops, forks, and leaves daemons."""

from __future__ import annotations

_TELL = """
import os, signal, sys, time
def tell(name):
    open(name, "w").close()
def daemon(name):
    \"\"\"As daemons are made: by two forks and a session of its own; it takes notice of no signal.\"\"\"
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            for file in range(3, 256):
                try: os.close(file)
                except OSError: pass
            tell(name)
            time.sleep(1000)
        os._exit(0)
    os.wait()
"""
DIES_HARD = (
    _TELL + "for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT): signal.signal(number, signal.SIG_IGN)\n"
)
IMPORT_LOOP = DIES_HARD + "tell('sign')\nwhile True: pass\n"
HANDLER_LOOP = (
    DIES_HARD
    + """
from fastapi import FastAPI
app = FastAPI()
@app.get("/me")
def me():
    tell("sign")
    while True: pass
"""
)
DAEMON_APP = (
    _TELL
    + """
from fastapi import FastAPI
app = FastAPI()
daemon("daemon")
@app.get("/me")
def me(): return {}
"""
)
SERVER = (
    _TELL
    + """
import socket
daemon("daemon")
listener = socket.create_server(("127.0.0.1", int(os.environ["PORT"])), backlog=128)
def serve(name):
    tell(name)
    while True:
        connection, _ = listener.accept()
        with connection:
            asked = connection.recv(65536)
            tell("asked")
            body = '{"paths": {"/me": {"get": {}}}}' if b"/openapi.json" in asked else "{}"
            head = f"HTTP/1.1 200 OK\\r\\ncontent-type: application/json\\r\\ncontent-length: {len(body)}\\r\\n"
            connection.sendall(f"{head}connection: close\\r\\n\\r\\n{body}".encode())
for name in ("one", "two"):
    if os.fork() == 0:
        serve(name)
time.sleep(1000)
"""
)
MIGRATION = DIES_HARD + "daemon('daemon')\ntell('sign')\ntime.sleep(1000)\n"
WORKING = """
from fastapi import FastAPI
app = FastAPI()
@app.get("/me")
def me(): return {}
@app.get("/open")
def open_(): return {}
"""
