"""Routes are reached: by a host, below a root path, with parameters of the kind that the router wants."""

from __future__ import annotations

from typing import Any

import pytest

from harness.targets.app import AppTarget
from harness.targets.base import Call, Observation, Request, Route
from harness.targets.request_builder import Example, base_request, under
from harness.targets.routes import routes_of_document
from tests.targets.conftest import Start
from tests.targets.kit import ask_lane, get

UUID = "00000000-0000-4000-8000-000000000001"


def reached(target: AppTarget, *, prefix: str = "") -> dict[str, bool | None]:
    """Whether the generated request of each route enters its handler."""
    calls = [Call(route, under(base_request(route, Example()), prefix)) for route in target.routes]
    seen = ask_lane(target.lanes[0], calls)
    return {call.route.key: one.entered for call, one in zip(calls, seen, strict=True)}


FLASK = """
from flask import Flask
from werkzeug.routing import BaseConverter
app = Flask(__name__, static_folder=None)
class Regex(BaseConverter):
    def __init__(self, url_map, pattern):
        super().__init__(url_map); self.regex = pattern
app.url_map.converters["regex"] = Regex
for rule in (
    "/plain/<x>", "/uuid/<uuid:x>", "/int/<int:x>", "/bounded/<int(min=100, max=200):x>", "/below/<int(max=0):x>",
    "/digits/<int(fixed_digits=4):x>", "/float/<float:x>", "/float-from/<float(min=7):x>", "/path/<path:x>", "/any/<any(zebra, apple):x>",
    "/length/<string(length=2):x>", "/regex/<regex('[a-z]{2}:[0-9]+'):x>", "/two/<int:x>/<uuid:y>",
):
    app.add_url_rule(rule, endpoint=rule, view_func=lambda **given: given)
"""
FLASK_VALUES: dict[str, dict[str, Any]] = {
    "/plain/{x}": {}, "/uuid/{x}": {"x": UUID}, "/int/{x}": {"x": 1}, "/bounded/{x}": {"x": 100}, "/below/{x}": {"x": 0},
    "/digits/{x}": {"x": "0001"}, "/float/{x}": {"x": 1.5}, "/float-from/{x}": {"x": 7.0}, "/path/{x}": {"x": "sample"},
    "/any/{x}": {"x": "zebra"}, "/length/{x}": {"x": "11"}, "/regex/{x}": {"x": "aa:1"}, "/two/{x}/{y}": {"x": 1, "y": UUID},
}  # fmt: skip


def test_flask_s_converters(start: Start) -> None:
    target = start(FLASK)
    assert {route.path: route.parameters for route in target.routes} == FLASK_VALUES
    assert set(reached(target).values()) == {True}


STARLETTE = """
from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route, WebSocketRoute
class Year(Convertor):
    regex = "[0-9]{4}"
    def convert(self, value): return int(value)
    def to_string(self, value): return str(value)
register_url_convertor("year", Year())
async def one(request): return JSONResponse({})
async def socket(websocket): await websocket.accept(); await websocket.close()
app = Starlette(routes=[
    *(Route(path, one) for path in ("/{x}", "/int/{x:int}", "/float/{x:float}", "/uuid/{x:uuid}", "/path/{x:path}", "/year/{x:year}")),
    WebSocketRoute("/ws/{x:uuid}", socket), Mount("/of/{tenant:int}", routes=[Route("/{x:uuid}", one)]),
])
"""


def test_starlette_s_convertors(start: Start) -> None:
    target = start(STARLETTE)
    assert {route.path: route.parameters for route in target.routes} == {
        "/{x}": {}, "/int/{x}": {"x": 1}, "/float/{x}": {"x": 1.5}, "/uuid/{x}": {"x": UUID}, "/path/{x}": {"x": "sample"},
        "/year/{x}": {"x": "1111"}, "/ws/{x}": {"x": UUID}, "/of/{tenant}/{x}": {"tenant": 1, "x": UUID},
    }  # fmt: skip
    assert set(reached(target).values()) == {True}


def test_fastapi_s_types_where_no_document_tells_them(start: Start) -> None:
    code = """
    import datetime, enum, uuid
    from typing import Annotated, Literal
    from fastapi import Depends, FastAPI, Path
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    class Kind(enum.Enum): RED = "red"
    @app.get("/uuid/{x}", include_in_schema=False)
    def by_uuid(x: uuid.UUID): ...
    @app.get("/date/{x}", include_in_schema=False)
    def by_date(x: Annotated[datetime.date, Path()]): ...
    @app.get("/time/{x}", include_in_schema=False)
    def by_time(x: datetime.datetime): ...
    @app.get("/kind/{x}", include_in_schema=False)
    def by_kind(x: Kind): ...
    @app.get("/word/{x}", include_in_schema=False)
    def by_word(x: Literal["a", "b"]): ...
    @app.get("/int/{x}", include_in_schema=False)
    def by_int(x: int): ...
    def found(x: uuid.UUID): ...
    @app.get("/depends/{x}", include_in_schema=False, dependencies=[Depends(found)])
    def by_dependency(): ...
    @app.get("/convertor/{x:int}")
    def by_convertor(x): ...
    """
    target = start(code)
    assert set(reached(target).values()) == {True}


DJANGO = """
from django.conf import settings
settings.configure(ALLOWED_HOSTS=["localhost"], ROOT_URLCONF=__name__, SECRET_KEY="x", MIDDLEWARE=[], INSTALLED_APPS=[])
import django
django.setup()
from django.core.handlers.wsgi import WSGIHandler
from django.http import JsonResponse
from django.urls import include, path, re_path, register_converter
class Year:
    regex = "[0-9]{4}"
    def to_python(self, value): return int(value)
    def to_url(self, value): return str(value)
register_converter(Year, "year")
def view(request, *args, **given): return JsonResponse({}, status=int(request.GET.get("status", 200)))
urlpatterns = [
    path("plain/<x>", view), path("int/<int:x>", view), path("uuid/<uuid:x>", view), path("slug/<slug:x>", view),
    path("year/<year:x>", view), path("of/<int:tenant>/", include([path("<uuid:x>", view)])),
    re_path(r"^digits/(?P<x>[0-9]{4})/$", view), re_path(r"^words/(?P<x>[-a-z]+)\\.pdf$", view), re_path(r"^either/(?P<x>b|a)/?$", view),
    re_path(r"^unnamed/([0-9]{2})/(\\w+)$", view), re_path(r"^maybe/(?:more/)?x$", view),
]
app = WSGIHandler()
"""


def test_django_s_converters_and_patterns(start: Start) -> None:
    target = start(DJANGO)
    assert {route.path: route.parameters for route in target.routes} == {
        "/plain/{x}": {}, "/int/{x}": {"x": 1}, "/uuid/{x}": {"x": UUID}, "/slug/{x}": {"x": "1"}, "/year/{x}": {"x": "1111"},
        "/of/{tenant}/{x}": {"tenant": 1, "x": UUID}, "/digits/{x}/": {"x": "1111"}, "/words/{x}.pdf": {"x": "a"},
        "/either/{x}": {"x": "b"}, "/unnamed/{arg1}/{arg2}": {"arg1": "11", "arg2": "1"}, "/maybe/x": {},
    }  # fmt: skip
    assert set(reached(target).values()) == {True}


@pytest.mark.parametrize(("status", "finished"), [("200", True), ("401", False), ("302", False)])
def test_what_django_s_views_return(start: Start, status: str, finished: bool) -> None:
    target = start(DJANGO)
    route = target.routes[0]
    request = base_request(route, Example(query={"status": status}))
    (seen,) = ask_lane(target.lanes[0], [Call(route, request)])
    assert (seen.status, seen.entered, seen.finished) == (int(status), True, finished)


def described(schema: dict[str, Any], **more: Any) -> Route:
    operation = {"parameters": [{"name": "x", "in": "path", "required": True, "schema": schema, **more}]}
    return Route("GET", "/{x}", parameters={"x": UUID}, operation=operation, document={"paths": {}})


@pytest.mark.parametrize(
    ("route", "example", "path"),
    [
        (Route("GET", "/{x}"), {}, "/1"),
        (Route("GET", "/{x}", parameters={"x": UUID}), {}, f"/{UUID}"),
        (Route("GET", "/{x}", parameters={"x": UUID}), {"x": "mine"}, "/mine"),
        (described({"type": "string", "title": "X"}), {}, f"/{UUID}"),
        (described({}), {}, f"/{UUID}"),
        (described({"type": "integer", "minimum": 7}), {}, "/7"),
        (described({"type": "string", "enum": ["red"]}), {}, "/red"),
        (described({"type": "string"}, example="blue"), {}, "/blue"),
        (described({"type": "integer"}), {"x": "mine"}, "/mine"),
    ],
)
def test_a_declared_value_goes_before_the_document_s_and_that_before_the_router_s(
    route: Route, example: dict[str, str], path: str
) -> None:
    assert base_request(route, Example(path=example)).path == path


def test_a_route_stays_hashable() -> None:
    assert len({Route("GET", "/x", parameters={"x": 1}), Route("GET", "/x")}) == 1


MOUNTS = """
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
inner = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
@inner.get("/me")
def me(): return {"v": 1}
deeper = Starlette(routes=[Route("/deep", lambda request: JSONResponse({}))])
inner.mount("/deeper", deeper)
app = FastAPI(root_path="/api", docs_url=None, redoc_url=None, openapi_url=None)
app.mount("/v1", inner)
@app.get("/own")
def own(): return {}
"""


def test_an_app_with_a_root_path_serves_its_mounts_below_it(start: Start) -> None:
    target = start(MOUNTS)
    assert {route.prefixes for route in target.routes} == {("/api",)}
    assert reached(target) == {"GET /own": True, "GET /v1/me": False, "GET /v1/deeper/deep": False}
    assert set(reached(target, prefix="/api").values()) == {True}


def test_a_mounted_app_that_knows_the_whole_path(start: Start) -> None:
    code = MOUNTS.replace('FastAPI(root_path="/api", ', "FastAPI(").replace(
        "inner = FastAPI(", 'inner = FastAPI(root_path="/api/v1", '
    )
    target = start(code)
    by_path = {route.path: route.prefixes for route in target.routes}
    assert by_path == {"/own": (), "/v1/me": ("/api",), "/v1/deeper/deep": ("/api",)}


def test_an_app_without_a_root_path_has_no_prefixes(start: Start) -> None:
    target = start(MOUNTS.replace('root_path="/api", ', ""))
    assert {route.prefixes for route in target.routes} == {()}
    assert set(reached(target).values()) == {True}


HOSTS = """
from fastapi import FastAPI
from starlette.responses import JSONResponse
from starlette.routing import Host, Mount, Route, Router
def view(request): return JSONResponse(dict(request.path_params))
tenant = Router([Route("/panel", view), Mount("/m", routes=[Route("/below/{x:int}", view)])])
async def bare(scope, receive, send): await JSONResponse({})(scope, receive, send)
app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
@app.get("/own")
def own(): return {}
app.router.routes += [
    Host("{tenant}.example.com", tenant), Host("api.example.org:8443", Router([Route("/fixed", view)])),
    Host("{n:int}.example.net", Router([Route("/numbered", view)])), Host("bare.example.net", bare),
]
"""


def test_routes_behind_a_host(start: Start) -> None:
    target = start(HOSTS)
    assert {route.path: route.host for route in target.routes} == {
        "/own": "", "/panel": "sample.example.com", "/m/below/{x}": "sample.example.com", "/fixed": "api.example.org:8443",
        "/numbered": "1.example.net", "/{path}": "bare.example.net",
    }  # fmt: skip
    assert reached(target) == dict.fromkeys((route.key for route in target.routes), True)


def test_a_declared_host_stays_and_is_sent_once(start: Start) -> None:
    target = start(HOSTS)
    (panel,) = [route for route in target.routes if route.path == "/panel"]
    mine, other = (
        base_request(panel, Example(headers={"Host": host})) for host in ("acme.example.com", "elsewhere.example.org")
    )
    assert [value for name, value in mine.headers if name == "host"] == ["acme.example.com"]
    entered, missed = ask_lane(target.lanes[0], [Call(panel, mine), Call(panel, other)])
    assert (entered.body, entered.entered) == ('{"tenant":"acme"}', True)
    assert (missed.status, missed.entered) == (404, False)


@pytest.mark.parametrize(
    ("how", "host"),
    [
        ('Flask(__name__, static_folder=None, host_matching=True)', "sample.example.com"),
        ('Flask(__name__, static_folder=None, subdomain_matching=True)', "sample.example.org"),
        ('Flask(__name__, static_folder=None)', ""),
    ],
)  # fmt: skip
def test_flask_s_hosts_and_subdomains(start: Start, how: str, host: str) -> None:
    code = f"""
    from flask import Flask
    app = {how}
    app.config["SERVER_NAME"] = "example.org" if app.subdomain_matching else None
    host = {{"host": "<tenant>.example.com"}} if app.url_map.host_matching else {{}}
    subdomain = {{"subdomain": "<tenant>"}} if app.subdomain_matching else {{}}
    @app.get("/one", **host, **subdomain)
    def one(tenant=""): return tenant
    """
    target = start(code)
    assert [route.host for route in target.routes] == [host]
    assert reached(target) == {"GET /one": True}


@pytest.mark.parametrize(
    ("prefix", "path"), [("/api", "/api/x"), ("/api/", "/api/x"), ("", "/x"), ("/with space", "/with%20space/x")]
)
def test_under_a_prefix(prefix: str, path: str) -> None:
    request = Request("GET", "/x", "a=b", [("host", "localhost")], b"", messages=["one"])
    moved = under(request, prefix)
    assert (moved.path, moved.query, moved.headers, moved.messages) == (path, "a=b", [("host", "localhost")], ["one"])
    assert request.path == "/x"


@pytest.mark.parametrize(
    ("servers", "prefixes"),
    [
        ([], ()),
        ([{"url": "/"}], ()),
        ([{"url": "/api"}, {"url": "https://api.example.com/v1/"}, {"url": "/api"}], ("/api", "/v1")),
        (
            [{"url": "https://{host}/{base}", "variables": {"host": {"default": "a"}, "base": {"default": "v2"}}}],
            ("/v2",),
        ),
        ([{"url": "../v3"}], ("/v3",)),
        ([{"url": "https://{unknown}/x"}], ("/x",)),
        ([{"url": "/{unknown}"}], ()),
    ],
)
def test_the_servers_of_a_document(servers: list[dict[str, Any]], prefixes: tuple[str, ...]) -> None:
    document = {"servers": servers, "paths": {"/x": {"get": {}}}}
    (route,) = routes_of_document(document, "/docs/openapi.json")
    assert route.prefixes == prefixes


def test_servers_of_a_path_and_an_operation_and_a_base_path() -> None:
    document: dict[str, Any] = {
        "basePath": "/old",
        "servers": [{"url": "/all"}],
        "paths": {"/x": {"servers": [{"url": "/path"}], "get": {"servers": [{"url": "/one"}]}}},
    }
    (route,) = routes_of_document(document)
    assert route.prefixes == ("/one", "/path", "/all", "/old")


def test_options_that_a_framework_answers_enters_no_handler(start: Start) -> None:
    def options(target: AppTarget, path: str) -> Observation:
        call = get(target, path, stop=True)
        call.request.method = "OPTIONS"
        return ask_lane(target.lanes[0], [call])[0]

    flask = options(start(FLASK), "/plain/{x}")
    assert (flask.status, flask.entered, flask.elsewhere, flask.stopped) == (200, False, False, False)
    starlette = options(start(STARLETTE), "/int/{x}")
    assert (starlette.entered, starlette.elsewhere, starlette.stopped) == (False, False, False)
    fastapi = options(start(MOUNTS), "/own")
    assert (fastapi.status, fastapi.entered, fastapi.elsewhere, fastapi.stopped) == (405, False, False, False)


def test_a_list_in_a_query_or_a_form_is_its_name_once_for_each_value() -> None:
    schema = {"type": "array", "items": {"type": "integer"}}
    wanted = {"parameters": [{"name": "ids", "in": "query", "required": True, "schema": schema}]}
    found = base_request(Route("GET", "/x", operation=wanted, document={}), Example()).query
    some = Example(query={"ids": [1, 2], "deep": True, "none": []}, form={"tags": ["a", "b c"], "n": 1})
    request = base_request(Route("POST", "/x"), some)
    assert (request.query, request.body) == ("ids=1&ids=2&deep=true", b"tags=a&tags=b+c&n=1")
    assert found == "ids=1"
