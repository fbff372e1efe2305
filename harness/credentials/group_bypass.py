"""Group `bypass`: no credential at all, but the method, the path or a header is bent, so that a guard may look elsewhere.

None of these may reach a handler that admits nobody without a credential; any answer that is not the handler's is right.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.credentials.mint import Mint
from harness.credentials.model import Bend, Bendable, Credential, Presentation, Recipe
from harness.credentials.recipes import several

_METHOD = "RFC 9110 section 9.3"
_OVERRIDE = "OWASP WSTG-CONF-06 (method overriding)"
_PATH = "RFC 3986 section 6.2"
_REWRITE = "OWASP WSTG-ATHZ-02 (X-Original-URL, X-Rewrite-URL)"
_TRUST = "OWASP ASVS 4.0 section 4.1"


def _entry(name: str, recipe: Recipe, source: str, why: str, cwe: str, **more: Any) -> Credential:
    return Credential(name, "bypass", recipe, cwe, source, why, token=False, **{"only": "http"} | more)


def _bend(*bends: Bend) -> Recipe:
    return several(*(_one(bend) for bend in bends))


def _one(bend: Bend) -> Recipe:
    return lambda mint: Presentation(bend=bend)


def _path(change: Callable[[str], str]) -> Bend:
    def bend(request: Bendable) -> None:
        request.path = change(request.path)

    return bend


def _method(name: str) -> Bend:
    def bend(request: Bendable) -> None:
        request.method = name

    return bend


def _set(request: Bendable, name: str, value: str) -> None:
    request.headers = [(known, given) for known, given in request.headers if known != name] + [(name, value)]


def _headers(**fields: str) -> Bend:
    def bend(request: Bendable) -> None:
        for name, value in fields.items():
            _set(request, name.replace("_", "-"), value)

    return bend


def _overridden(put: Callable[[Bendable, str], None]) -> Recipe:
    """Another method is sent, and `put` names the one that is meant: POST, by which browsers stand in for others, and GET, which guards
    of writes let pass. (What is meant by a form of itself would be no other method.)
    """

    def one(method: str, instead: str) -> Bend:
        def bend(request: Bendable) -> None:
            meant = request.method
            request.method = instead if meant == method else method
            put(request, meant)

        return bend

    return _bend(one("POST", "GET"), one("GET", "POST"))


def _override_by_header(request: Bendable, meant: str) -> None:
    for name in ("x-http-method-override", "x-http-method", "x-method-override"):
        _set(request, name, meant)


def _override_by_query(request: Bendable, meant: str) -> None:
    request.query = "&".join(part for part in (request.query, f"_method={meant}") if part)


def _rewritten_by(name: str) -> Bend:
    def bend(request: Bendable) -> None:
        target = request.path + (f"?{request.query}" if request.query else "")
        request.path, request.query = "/", ""
        _set(request, name, target)

    return bend


def _encoded_letter(path: str) -> str:
    for position, letter in enumerate(path):
        if letter.isascii() and letter.isalpha() and path[position - 1] != "%" and path[position - 2] != "%":
            return f"{path[:position]}%{ord(letter):02X}{path[position + 1 :]}"
    return path + "%20"


def _encoded_slash(path: str) -> str:
    before, _, last = path.rpartition("/")
    return f"{before}%2F{last}" if before else f"/%2F{last}"


def _inner_double_slash(path: str) -> str:
    before, _, last = path.rpartition("/")
    return f"{before}//{last}"


_USUALLY_PUBLIC = ("/health", "/docs", "/login", "/public", "/static", "/webhooks", "/api/health")
"""What guards leave open as a rule, where the matrix declares no public path."""


def _public(bend: Callable[[Bendable, str], None], *, value: bool = False) -> Recipe:
    """A form for each public path of the target: `bend` puts it into the request, or it stands for the texts of the path."""

    def recipe(mint: Mint) -> Presentation:
        paths = dict.fromkeys((*mint.public_paths[:6], *_USUALLY_PUBLIC))

        def one(path: str) -> Presentation:
            def bent(request: Bendable) -> None:
                bend(request, path)

            return Presentation(bend=bent, path_value=path.rstrip("/").rpartition("/")[2] if value else None, form=f"the public path {path}")

        first, second, *rest = map(one, paths)
        return replace(first, also=(second, *(replace(form, sparse=True) for form in rest)))

    return recipe


def _in_the_query(request: Bendable, public: str) -> None:
    request.query = "&".join(part for part in (request.query, f"next={public}&path={public}", public) if part)


def _in_the_fragment(request: Bendable, public: str) -> None:
    request.path += f"#{public}"


def _in_a_parameter(request: Bendable, public: str) -> None:
    request.path += f";{public}"


def _in_headers(request: Bendable, public: str) -> None:
    for name in ("x-original-url", "x-rewrite-url", "x-forwarded-uri", "x-original-uri", "x-forwarded-path", "x-request-path"):
        _set(request, name, public)
    _set(request, "referer", f"http://localhost:3000{public}")


def _in_the_host(request: Bendable, public: str) -> None:
    host = next((value for name, value in request.headers if name == "host"), "localhost")
    _set(request, "host", f"{host}{public}?")


def _before(between: str) -> Recipe:
    """The public path, what leads out of it again, and the path."""
    def recipe(mint: Mint) -> Presentation:
        first = _public(_through(between))(mint)
        forms = (first, *first.also)
        first, *rest = (replace(form, also=(), form=f"{form.form} and {between}") for form in forms)
        return replace(first, also=tuple(rest))

    return recipe


def _through(between: str) -> Callable[[Bendable, str], None]:
    def bend(request: Bendable, public: str) -> None:
        request.path = f"{public.rstrip('/')}{between}{request.path}"

    return bend


def _as_it_is(request: Bendable, public: str) -> None:
    """Only the texts in the path are others."""


_OPEN_OPERATIONS = ("IntrospectionQuery", "SubgraphIntrospectQuery", "Introspection", "Login", "SignIn", "Health")
"""Names of questions of GraphQL that guards leave open as a rule."""
_OPERATION = re.compile(r"^[^{]*?\b(query|mutation|subscription)\b(\s+[_A-Za-z]\w*)?")


def _question(change: Callable[[str], str], **fields: str) -> Bend:
    """GraphQL's question, changed so that it asks for the same."""

    def bend(request: Bendable) -> None:
        body = json.loads(request.body)
        request.body = json.dumps(body | {"query": change(body["query"])} | fields).encode()

    return bend


def _called(name: str) -> Bend:
    def change(text: str) -> str:
        found = _OPERATION.match(text)
        return f"query {name} {text}" if found is None else f"{text[: found.end(1)]} {name}{text[found.end() :]}"

    return _question(change, operationName=name)


def _with_words_of_the_schema(text: str) -> str:
    return f"{text}\n# query IntrospectionQuery {{ __schema {{ types {{ name }} }} }}"


CREDENTIALS = [
    _entry("head-method", _bend(_method("HEAD")), _METHOD, "The route asked with HEAD, which a guard that lists methods may have forgotten.", "CWE-650"),
    _entry("options-method", _bend(_method("OPTIONS")), _METHOD, "The route asked with OPTIONS, which guards let pass for browsers: it must not run the handler.", "CWE-650"),
    _entry("method-override-header", _overridden(_override_by_header), _OVERRIDE, "Another method is sent, and a header names the one that is meant: a guard sees the one, the router the other.", "CWE-650"),
    _entry("method-override-query", _overridden(_override_by_query), _OVERRIDE, "Another method is sent, and the query names the one that is meant.", "CWE-650"),
    _entry("trailing-slash", _bend(_path(lambda p: p[:-1] if p.endswith("/") and p != "/" else p + "/")), _PATH, "The path with a slash at its end (or without the one it has): a list of guarded paths may not hold it.", "CWE-647", tags=frozenset({"sentinel"})),
    _entry("double-slash", _bend(_path(lambda p: "/" + p), _path(_inner_double_slash)), _PATH, "The path with a slash twice: guard and router may read it differently.", "CWE-647"),
    _entry("dot-segment", _bend(_path(lambda p: "/." + p)), _PATH, "The path with a dot that means nothing in it.", "CWE-647"),
    _entry("parent-segment", _bend(_path(lambda p: "/public/.." + p), _path(lambda p: "/static/.." + p)), _PATH, "The path by way of a folder that may be open to everybody.", "CWE-22"),
    _entry("public-path-before", several(*(_before(between) for between in ("/..", "/%2e%2e", "-x/..", "/x/../.."))), _PATH, "The path by way of one that is declared public, or of one that begins like it: a guard that looks at the beginning lets it pass.", "CWE-22"),
    _entry("public-path-in-query", _public(_in_the_query), _PATH, "A public path in the query: a guard that looks for it anywhere in the address lets it pass.", "CWE-647"),
    _entry("public-path-in-fragment", _public(_in_the_fragment), "RFC 3986 section 3.5", "A public path after a #, which clients keep to themselves and servers cut off.", "CWE-647"),
    _entry("public-path-in-parameter", _public(_in_a_parameter), "RFC 3986 section 3.3", "A public path after a semicolon.", "CWE-647"),
    _entry("public-path-as-value", _public(_as_it_is, value=True), _PATH, "A public path where the address takes any text: a guard that looks for it anywhere in the path lets it pass.", "CWE-647"),
    _entry("public-path-in-host", _public(_in_the_host), "RFC 9110 section 7.2", "A public path and a question mark in the Host field: a guard that joins host and path to an address reads the public one.", "CWE-647", unsendable=True),
    _entry("public-path-in-header", _public(_in_headers), _REWRITE, "Headers by which proxies tell the path, with a public one in them.", "CWE-288"),
    _entry("encoded-slash", _bend(_path(_encoded_slash)), _PATH, "The path with an encoded slash, which a router may decode after the guard has looked.", "CWE-177"),
    _entry("encoded-letter", _bend(_path(_encoded_letter)), _PATH, "The path with one letter encoded: the same path, spelled otherwise.", "CWE-177"),
    _entry("upper-case-path", _bend(_path(str.upper)), _PATH, "The path in capitals, which a router that is blind to case takes for the same.", "CWE-178"),
    _entry("semicolon-parameter", _bend(_path(lambda p: p + ";x=1")), "RFC 3986 section 3.3", "The path with a parameter after a semicolon, which some servers cut off after the guard has looked.", "CWE-647"),
    _entry("extension-suffix", _bend(_path(lambda p: p + ".json"), _path(lambda p: p + ".css")), _PATH, "The path with a file's extension, by which guards know what is open to everybody.", "CWE-647"),
    _entry("absolute-uri", _bend(_path(lambda p: "http://localhost" + p)), "RFC 9112 section 3.2.2", "The whole address in place of the path, as proxies are asked: a guard that compares paths may not know it.", "CWE-647"),
    _entry("x-original-url", _bend(_rewritten_by("x-original-url")), _REWRITE, "The start page is asked for, and a header names the path that is meant.", "CWE-288"),
    _entry("x-rewrite-url", _bend(_rewritten_by("x-rewrite-url")), _REWRITE, "The start page is asked for, and another header names the path that is meant.", "CWE-288"),
    _entry("x-forwarded-for-loopback", _bend(_headers(x_forwarded_for="127.0.0.1", x_real_ip="127.0.0.1", forwarded="for=127.0.0.1", x_client_ip="127.0.0.1", true_client_ip="127.0.0.1")), _TRUST, "Headers that claim the request came from this very machine.", "CWE-348", tags=frozenset({"misconfigured"})),
    _entry("x-forwarded-prefix", _bend(_headers(x_forwarded_prefix="/public", x_script_name="/public", x_forwarded_path="/public")), _TRUST, "Headers that claim the app lives under a path that may be open to everybody.", "CWE-348"),
    _entry("host-localhost", _bend(_headers(host="localhost:8080")), "RFC 9110 section 7.2", "A Host field that says localhost, by which guards know developers.", "CWE-290"),
    _entry("origin-trusted", _bend(_headers(origin="http://localhost:3000", referer="http://localhost:3000/")), "RFC 6454 section 7.3", "The Origin of the genuine front end, which anybody but a browser can write.", "CWE-346"),
    _entry("health-user-agent", _bend(_headers(user_agent="kube-probe/1.31 ELB-HealthChecker/2.0 GoogleHC/1.0")), _TRUST, "The name by which a load balancer introduces itself when it asks after the server's health.", "CWE-290"),
    _entry("browser-navigation", _bend(_headers(accept="text/html,application/xhtml+xml,*/*;q=0.8", sec_fetch_mode="navigate", sec_fetch_dest="document", sec_fetch_site="none", upgrade_insecure_requests="1")), "RFC 9110 section 12.5.1; W3C Fetch Metadata", "The headers with which a browser opens a page: a guard that leaves pages to the front end lets it pass.", "CWE-807"),
    _entry("browser-prefetch", _bend(_headers(purpose="prefetch", sec_purpose="prefetch", x_moz="prefetch", x_middleware_prefetch="1", next_router_prefetch="1", rsc="1", x_nextjs_data="1")), "W3C Prefetch; CVE-2025-29927", "The headers with which browsers and frameworks fetch a page ahead.", "CWE-807"),
    _entry("upgrade-header", _bend(_headers(upgrade="websocket")), "RFC 9110 section 7.8", "A header that names websockets on a plain request: a guard that leaves those to others lets it pass.", "CWE-807"),
    _entry("content-type-changed", _bend(_headers(content_type="text/plain;charset=UTF-8")), "RFC 9110 section 8.3", "Another type of content than the route expects: a guard that reads bodies may skip it.", "CWE-436"),
    _entry("graphql-open-question", _bend(*map(_called, _OPEN_OPERATIONS), _question(_with_words_of_the_schema)), "https://spec.graphql.org/October2021/#sec-Named-Operation-Definitions; https://github.com/apollographql/rover/issues/852", "GraphQL's question under the name of one that guards leave open (introspection, signing in), or with that name in a comment: a name says nothing of what is asked.", "CWE-807", only="graphql"),
]  # fmt: skip
