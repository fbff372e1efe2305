"""Apps and Pythons that are none, and apps with half characters in their texts."""

from __future__ import annotations

from collections.abc import Iterator

from tests.drills.malformed import APP, RUN, Case
from tests.drills.values import MISUSE, script

_APPS: dict[str, str] = {
    "raises": "1/0", "asks": "input()", "exits": "import sys; sys.exit()", "exits with words": "import sys; sys.exit('no \\ud800')",
    "ends the process": "import os; os._exit(3)", "kills itself": "import os; os.kill(os.getpid(), 9)", "is None": "app = None", "is a class": "class app: pass",
    "is a number": "app = 7", "is a coroutine": "async def make(): pass\napp = make()", "is a generator": "def app(): yield", "is a module": "import os as app",
    "prints bytes": "import os; os.write(1, bytes(range(256)) * 1000); 1/0", "warns": "import warnings; warnings.simplefilter('error'); warnings.warn('x')",
    "no Python": "def (", "NUL": "a = 1\0", "tells a surrogate": "raise RuntimeError('\\ud800')", "raises a group": "raise ExceptionGroup('x', [ValueError()])",
    "recurses": "def f(): f()\nf()", "has a bad str": "class E(Exception):\n  def __str__(self): 1/0\nraise E", "interrupts": "raise KeyboardInterrupt",
    "has odd routes": "class App:\n  routes = [1, None, 'x']\n  async def __call__(self, scope, receive, send): pass\napp = App()",
    "has bottle's routes": "class Route:\n  rule = '/me'; method = 'GET'; callback = None; config = {}\nclass App:\n  routes = [Route()]\n"
    "  def __call__(self, environ, start): start('200 OK', []); return []\napp = App()",
    "has endless attributes": "class App:\n  def __getattr__(self, name): return self\n  def __call__(self, environ, start): return []\napp = App()",
    "closes its descriptors": "import os; os.closerange(0, 64)", "threads": "import threading, time; threading.Thread(target=time.sleep, args=(99,)).start(); 1/0",
    "factory asks": "def app(): return input()", "factory exits": "def app(): raise SystemExit(4)", "factory gives None": "def app(): return None",
    "factory interrupts": "def app(): raise KeyboardInterrupt", "wants arguments": "def app(a, b, c, d): pass", "is latin-1": "# \udcfc\n1/0",
}  # fmt: skip
_STRANGE: dict[str, str] = {
    "path": APP.replace('"/me"', '"/me\\ud800"'), "docstring": APP.replace("return JSON", '"""\\ud800"""; return JSON'), "name": APP + "me.__qualname__ = me.__name__ = 'me\\ud800'",
    "body": APP.replace("JSONResponse({})", "JSONResponse({}, headers={'x': '\\xff'})"), "print": APP + "import os; os.write(1, b'\\xff\\xfe\\x00')",
    "openapi": APP + "app.openapi = lambda: {'paths': {'/me': {'get': {'summary': '\\ud800', 'tags': ['\\ud800']}}}}",
    "bad openapi": APP + "app.openapi = lambda: {'paths': [1], 'x': object(), 3: float('nan')}", "raising openapi": APP + "app.openapi = lambda: 1/0",
    "endless openapi": APP + "d = {'paths': {}}; d['x'] = d\napp.openapi = lambda: d",
}  # fmt: skip
_PYTHONS: dict[str, str] = {
    "says nothing": "#!/bin/sh\nexit 0\n", "is Python 2": "#!/bin/sh\necho 'SyntaxError: invalid syntax' >&2\nexit 1\n", "is no script": "nonsense\n",
    "has no interpreter": "#!/not/there\n", "closes all": "#!/bin/sh\nexec 0<&- 1<&- 2<&-\nexit 9\n", "is too old": '#!/bin/sh\nexec "$PYTHON" -c "import harness_none"\n',
}  # fmt: skip


def app_cases() -> Iterator[Case]:
    for what, code in _APPS.items():
        yield Case(
            f"app {what}", RUN, {"backend.py": code.encode("utf-8", "surrogateescape")}, names=("--app",), codes=MISUSE
        )
    for what, code in _STRANGE.items():
        yield Case(
            f"surrogate in {what}", ("run", "--credentials", "missing", "--no-drills", "--quiet"), {"backend.py": code}
        )
        yield Case(
            f"surrogate in {what}, init", ("init", "--app", "backend:app", "--suites", "new"), {"backend.py": code}
        )
    for what, code in _PYTHONS.items():
        yield Case(
            f"python {what}", (*RUN, "--python", "./py"), {"py": script(code)}, names=("--python",), codes=MISUSE
        )
