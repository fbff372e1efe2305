"""The frameworks that the agent knows: which one an app is of, and apps of one within another."""

from __future__ import annotations

from typing import ClassVar

import pytest

from harness.targets.agent.discover import discover
from harness.targets.agent.frameworks import FRAMEWORKS, framework_of
from harness.targets.agent.loader import interface_of
from tests.targets.conftest import Start


def test_each_framework_recognises_its_own_apps() -> None:
    from fastapi import FastAPI
    from flask import Flask
    from starlette.applications import Starlette

    apps = [Flask(__name__), Starlette(), FastAPI()]
    assert [type(framework_of(app)).__name__ for app in apps] == ["Flask", "Starlette", "Starlette"]
    assert framework_of(lambda scope: None) is None


def test_a_list_that_is_called_routes_is_not_enough() -> None:
    class Route:
        rule, method = "/me", "GET"

    class Bottle:
        routes: ClassVar = [Route(), 1, None]

    assert framework_of(Bottle()) is None


def test_every_framework_of_an_interface_has_packages() -> None:
    assert all(framework.packages for framework in FRAMEWORKS)


@pytest.mark.parametrize(
    ("code", "interface"),
    [
        ("async def app(scope, receive, send): ...", "asgi"),
        ("def app(environ, start_response): ...", "wsgi"),
        ("class App:\n    async def __call__(self, scope, receive, send): ...\napp = App()", "asgi"),
        ("class App:\n    def __call__(self, environ, start_response): ...\napp = App()", "wsgi"),
        ("from starlette.middleware.gzip import GZipMiddleware\napp = GZipMiddleware(None)", "asgi"),
        ("app = 5", None),
        ("def app(one): ...", None),
    ],
)
def test_the_interface_of_an_app(code: str, interface: str | None) -> None:
    namespace: dict[str, object] = {}
    exec(code, namespace)
    assert interface_of(namespace["app"]) == interface


def test_apps_of_other_frameworks_that_starlette_mounts(start: Start) -> None:
    code = """
    import django
    from django.conf import settings
    settings.configure(ROOT_URLCONF=__name__, SECRET_KEY="x", ALLOWED_HOSTS=["*"])
    django.setup()
    from django.core.asgi import get_asgi_application
    from django.http import HttpResponse
    from django.urls import path
    from flask import Flask
    from starlette.applications import Starlette
    from starlette.routing import Mount, Route
    from starlette.responses import PlainTextResponse

    def person(request, pk): return HttpResponse(pk)
    urlpatterns = [path("people/<int:pk>/", person)]

    inner = Flask(__name__, static_folder=None)
    @inner.get("/notes/<int:note>")
    def note(note): return str(note)

    class Wsgi:
        def __init__(self, app): self.app = app
        async def __call__(self, scope, receive, send): raise NotImplementedError

    async def unknown(scope, receive, send): ...
    async def own(request): return PlainTextResponse("own")
    app = Starlette(routes=[
        Route("/own", own), Mount("/django", get_asgi_application()), Mount("/flask/{tenant:int}", Wsgi(inner)),
        Mount("/unknown", unknown),
    ])
    """
    target = start(code)
    found = {route.key: (route.mount, route.parameters) for route in target.routes}
    assert found == {
        "GET /own": ("", {}),
        "GET /django/people/{pk}/": ("/django", {"pk": 1}),
        "GET /flask/{tenant}/notes/{note}": ("/flask/{tenant}", {"tenant": 1, "note": 1}),
        "GET /unknown/{path}": ("/unknown", {}),
    }


def test_a_rule_for_a_websocket_is_no_get() -> None:
    """Quart's rules have Werkzeug's mark of a websocket, and the method GET beside it."""
    from flask import Flask
    from werkzeug.routing import Rule

    app = Flask(__name__, static_folder=None)
    app.url_map.add(Rule("/live/<int:room>", endpoint="chat.live", websocket=True, methods=["GET"]))
    app.view_functions["chat.live"] = lambda room: ""
    app.get("/rooms")(lambda: [])
    found = {(route.method, route.path): route for route in discover(app)}
    assert set(found) == {("WS", "/live/{room}"), ("GET", "/rooms")}
    assert (found["WS", "/live/{room}"].kind, found["WS", "/live/{room}"].tags) == ("websocket", ["chat"])
