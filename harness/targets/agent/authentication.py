"""Which functions may authenticate: the app's own, its dependencies, known libraries; and which handlers use them."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from types import CodeType, FunctionType, ModuleType
from typing import Any

from .frameworks import FRAMEWORKS, FoundRoute
from .functions import layers as layers_of
from .functions import name_of, plain_function
from .mentions import COMMON, Mentions
from .own import is_own, is_standard
from .probe import Probe

_AUTH_WORD = re.compile(
    r"auth|token|verif|jwt|bearer|current_user|currentuser|credential|claim|session_user|principal|login_required|require_|permission"
)
_LIBRARIES = {
    "jwt.api_jwt": ["PyJWT.decode_complete"],
    "jose.jwt": ["decode"],
    "jose.jws": ["verify"],
    "joserfc.jwt": ["decode"],
    "authlib.jose.rfc7519.jwt": ["JsonWebToken.decode"],
    "authlib.jose.rfc7515.jws": ["JsonWebSignature.deserialize_compact"],
    "jwcrypto.jwt": ["JWT.deserialize"],
    "clerk_backend_api.security.verifytoken": ["verify_token", "verify_token_async"],
    "clerk_backend_api.security.authenticaterequest": ["authenticate_request", "authenticate_request_async"],
    "svix.webhooks": ["Webhook.verify"],
    "standardwebhooks.webhooks": ["Webhook.verify"],
}
"""Functions that verify tokens or signed requests: module -> qualified names."""
_OFFERED = {
    "get_signing_key_from_jwt": ("jwt.api_jwt",),
    "authenticate_request": ("clerk_backend_api.security.authenticaterequest",),
    "authenticate_request_async": ("clerk_backend_api.security.authenticaterequest",),
    "decode_complete": ("jwt.api_jwt",),
    "deserialize_compact": ("authlib.jose.rfc7515.jws",),
}
"""Methods of clients that no other class has -> the modules in which they verify."""


def mentions(app_dir: str) -> Mentions:
    """Return a reader of the app's code, which follows it into the libraries that verify."""
    return Mentions(app_dir, {name.partition(".")[0] for name in _LIBRARIES})


def _methods(watched: Mapping[CodeType, str]) -> dict[str, list[str]]:
    """Attribute -> watched functions that it may be, of an object whose class the code does not tell."""
    found: dict[str, list[str]] = {}
    for full in watched.values():
        module, _, path = full.partition(":")
        names = [name for name, modules in _OFFERED.items() if module in modules]
        if module not in _LIBRARIES and "." in path and path.rpartition(".")[2] not in COMMON:
            names.append(path.rpartition(".")[2])
        for name in names:
            found.setdefault(name, []).append(full)
    return found


def named_in(function: FunctionType, watched: Mapping[CodeType, str], reader: Mentions) -> list[str]:
    """Return the names of watched functions that a handler's code mentions, directly or through the app's own functions.

    `watched`: code -> name. It tells that a handler may decide by itself, without running it.
    """
    found: dict[str, None] = {}
    methods = _methods(watched)
    for value, loose in reader.reach(function, watched.keys()):
        if value is not None and value.__code__ in watched:
            found[watched[value.__code__]] = None
        for attribute in loose:
            found.update(dict.fromkeys(methods.get(attribute, ())))
    return list(found)


def used_beside(route: FoundRoute, probe: Probe, reader: Mentions) -> tuple[set[int], set[int]]:
    """Return which handlers, by number, the route's dependencies or decorators use as plain functions, and which its handler does."""
    layers = layers_of(route.endpoint)
    asked = [layer for call in route.dependencies for layer in layers_of(call)]
    ends = {layer.__code__ for layer in layers[-1:]}

    def numbers(functions: Iterable[FunctionType], starts: Iterable[FunctionType]) -> set[int]:
        reached = [value for start in starts for value, _ in reader.reach(start, ends) if value is not None]
        known = {probe.number_of(value) for value in [*functions, *reached]}
        return {number for number in known if number is not None}

    own = set(map(probe.number_of, layers[-1:]))
    return numbers(asked, [*asked, *layers[:-1]]) - own, numbers((), layers[-1:]) - own


def own_modules(app_dir: str) -> list[ModuleType]:
    """Return the modules whose source lies in the target's own directory, not in an environment."""
    return [
        module
        for name, module in list(sys.modules.items())
        if is_own(getattr(module, "__file__", None), app_dir) and not name.startswith("_clerk_harness_agent")
    ]


def functions_of(module: ModuleType) -> Iterator[tuple[str, FunctionType]]:
    """Yield (name, function) of the functions and methods that the module itself defines.

    A class may hold functions of the standard library (every Enum has `Enum.__new__`): they are everybody's, and run for others.
    """
    for value in list(vars(module).values()):
        if inspect.isfunction(value) and value.__module__ == module.__name__:
            yield "%s:%s" % (module.__name__, value.__qualname__), value
        elif inspect.isclass(value) and value.__module__ == module.__name__:
            for member in list(vars(value).values()):
                member = getattr(member, "__func__", member)
                if inspect.isfunction(member) and not is_standard(member.__code__.co_filename):
                    yield "%s:%s" % (module.__name__, member.__qualname__), member


def load_libraries(routes: Iterable[FoundRoute], app_dir: str, reader: Mentions) -> None:
    """Import the verifying libraries that the app's own functions import only when they run."""
    functions = [function for module in own_modules(app_dir) for _, function in functions_of(module)]
    functions += [layer for route in routes for layer in layers_of(route.endpoint)]
    for function in dict.fromkeys(functions):
        reader.load_imported(function)


def authentication_functions(
    routes: list[FoundRoute], app_dir: str, patterns: Iterable[str], reader: Mentions
) -> dict[str, FunctionType]:
    """Return name -> function of what may authenticate.

    These are dependencies and own functions with a telling name, known libraries, what `patterns` name, and own dependencies whose
    code uses one of these. What merely runs beside it (a database session, paging) must stay out: the order of these functions
    and the handler tells where a route decides.
    """
    found: dict[str, FunctionType] = {}
    for source in (_dependencies(routes), _own_functions(app_dir), _library_functions(), _matching(patterns)):
        for name, function in source:
            found.setdefault(name, function)
    codes = {function.__code__: name for name, function in found.items()}
    for name, call in {name_of(call): call for route in routes for call in route.dependencies}.items():
        guard = plain_function(call)
        if name in found or guard is None or not is_own(guard.__code__.co_filename, app_dir):
            continue
        if named_in(guard, codes, reader):
            found[name] = guard
    return found


def _dependencies(routes: Iterable[FoundRoute]) -> Iterator[tuple[str, FunctionType]]:
    supplied = tuple(prefix for framework in FRAMEWORKS for prefix in framework.supplied)
    for route in routes:
        for call in route.dependencies:
            function, name = plain_function(call), name_of(call)
            if function is not None and _AUTH_WORD.search(name.lower()) and not name.startswith(supplied):
                yield name, function


def _own_functions(app_dir: str) -> Iterator[tuple[str, FunctionType]]:
    for module in own_modules(app_dir):
        for name, function in functions_of(module):
            if _AUTH_WORD.search(name.rpartition(":")[2].lower()) and not name.endswith("__"):
                yield name, function


def _library_functions() -> Iterator[tuple[str, FunctionType]]:
    for module_name, names in _LIBRARIES.items():
        for qualified in names:
            value: Any = sys.modules.get(module_name)
            for part in qualified.split("."):
                value = getattr(value, part, None)
            function = plain_function(value) if value is not None else None
            if function is not None:
                yield "%s:%s" % (module_name, qualified), function


def _matching(patterns: Iterable[str]) -> Iterator[tuple[str, FunctionType]]:
    for pattern in patterns:
        module_pattern = pattern.partition(":")[0]
        for module_name, module in list(sys.modules.items()):
            if module is not None and fnmatchcase(module_name, module_pattern):
                for name, function in functions_of(module):
                    if fnmatchcase(name, pattern):
                        yield name, function
