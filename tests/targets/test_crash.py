"""The error with which a program ended, as Node, Python and their launchers print it."""

from __future__ import annotations

import pytest

from harness.targets.crash import error_in

NODE = """
node:internal/modules/cjs/loader:1210
  throw err;
  ^

Error: Cannot find module 'expres'
Require stack:
- /srv/app/server.js
    at Module._resolveFilename (node:internal/modules/cjs/loader:1207:15)
    at require (node:internal/modules/helpers:182:18)
    at Object.<anonymous> (/srv/app/server.js:3:17) {
  code: 'MODULE_NOT_FOUND'
}

Node.js v20.20.2
"""
MODULE = """
node:internal/process/esm_loader:97
    internalBinding('errors').triggerUncaughtException(
    ^

Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'expres' imported from /srv/app/server.mjs
    at packageResolve (node:internal/modules/esm/resolve:873:9)

Node.js v20.20.2
"""
SYNTAX = """
file:///srv/app/routes/users.mjs:12
const = 3;
      ^

SyntaxError: Unexpected token '='
    at ModuleLoader.moduleStrategy (node:internal/modules/esm/translators:146:18)

Node.js v20.20.2
npm error Lifecycle script `start` failed with error:
npm error code 1
"""
CAUSE = """
TypeError: fetch failed
    at /srv/app/node_modules/undici/index.js:1:1
    at load (/srv/app/keys.js:7:3) {
  [cause]: Error: connect ECONNREFUSED 127.0.0.1:1
      at TCPConnectWrap.afterConnect (node:net:1:1)
}
Node.js v20.20.2
"""
PYTHON = """
Traceback (most recent call last):
  File "/usr/lib/python3.12/runpy.py", line 88, in _run_code
  File "/srv/app/main.py", line 4, in <module>
    import nothing
  File "/srv/.venv/lib/python3.12/site-packages/x.py", line 1, in y
ModuleNotFoundError: No module named 'nothing'
[supervisor] the worker has ended
"""


@pytest.mark.parametrize(
    ("output", "told"),
    [
        (NODE, "Error: Cannot find module 'expres' at server.js:3"),
        (MODULE, "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'expres' imported from /srv/app/server.mjs"),
        (SYNTAX, "SyntaxError: Unexpected token '=' at users.mjs:12"),
        (CAUSE, "TypeError: fetch failed at keys.js:7"),
        (PYTHON, "ModuleNotFoundError: No module named 'nothing' at main.py:4"),
        ("listening\nsqlalchemy.exc.ArgumentError: bad URL\n", "sqlalchemy.exc.ArgumentError: bad URL"),
        ("starting\nno database\n", "no database"),
        ("Errors are logged to file\nbye\n", "bye"),
        ("\n \n", "it printed nothing"),
        ("x" * 400, "x" * 300),
    ],
)  # fmt: skip
def test_the_error_is_told_with_its_file(output: str, told: str) -> None:
    assert error_in(output) == told
