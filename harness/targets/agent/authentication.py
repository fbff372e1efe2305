"""Which functions may authenticate: the app's own, its dependencies, known libraries; and who uses them."""

from __future__ import annotations

import inspect
import re
import sys
from typing import Any

from .functions import layers as layers_of
from .functions import name_of, plain_function
from .mentions import COMMON, Mentions
from .own import is_own

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
# Methods of clients that nobody else has: module of what they verify with.
_OFFERED = {
    "get_signing_key_from_jwt": ("jwt.api_jwt",),
    "authenticate_request": ("clerk_backend_api.security.authenticaterequest",),
    "authenticate_request_async": ("clerk_backend_api.security.authenticaterequest",),
    "decode_complete": ("jwt.api_jwt",),
    "deserialize_compact": ("authlib.jose.rfc7515.jws",),
}


def mentions(app_dir: Any) -> Any:
    """A reader of the app's code, which follows it into the libraries that verify."""
    return Mentions(app_dir, {name.partition(".")[0] for name in _LIBRARIES})


def _methods(watched: Any) -> Any:
    """Attribute -> watched functions that it may be, of an object that the code does not tell."""
    found: dict[str, list[Any]] = {}
    for full in watched.values():
        module, _, path = full.partition(":")
        names = [name for name, modules in _OFFERED.items() if module in modules]
        if module not in _LIBRARIES and "." in path and path.rpartition(".")[2] not in COMMON:
            names.append(path.rpartition(".")[2])
        for name in names:
            found.setdefault(name, []).append(full)
    return found


def named_in(function: Any, watched: Any, reader: Any) -> Any:
    """Names of watched functions that a handler's code, or one of the app's own functions that it may call, mentions.

    `watched`: code -> name. Tells that a handler may decide by itself, without running it.
    """
    found: dict[str, None] = {}
    methods = _methods(watched)
    for value, loose in reader.reach(function, watched):
        if value is not None and value.__code__ in watched:
            found[watched[value.__code__]] = None
        for attribute in loose:
            found.update(dict.fromkeys(methods.get(attribute, ())))
    return list(found)


def used_beside(route: Any, probe: Any, reader: Any) -> Any:
    """(numbers of handlers that the route's dependencies or decorators use as plain functions, those that its handler uses)."""
    layers = layers_of(route.endpoint)
    asked = [layer for call in route.dependencies for layer in layers_of(call)]
    ends = {layer.__code__ for layer in layers[-1:]}

    def numbers(functions: Any, starts: Any) -> Any:
        reached = [value for start in starts for value, _ in reader.reach(start, ends) if value is not None]
        return {probe.number_of(value) for value in [*functions, *reached]}

    own = {None, *map(probe.number_of, layers[-1:])}
    return numbers(asked, [*asked, *layers[:-1]]) - own, numbers((), layers[-1:]) - own


def own_modules(app_dir: Any) -> Any:
    """Modules whose source lies in the target's own directory, not in an environment."""
    found: list[Any] = []
    for name, module in list(sys.modules.items()):
        if is_own(getattr(module, "__file__", None), app_dir) and not name.startswith("_clerk_harness_agent"):
            found.append(module)
    return found


def functions_of(module: Any) -> Any:
    """(name, function) of the functions and methods that the module itself defines."""
    for value in list(vars(module).values()):
        if inspect.isfunction(value) and value.__module__ == module.__name__:
            yield "%s:%s" % (module.__name__, value.__qualname__), value
        elif inspect.isclass(value) and value.__module__ == module.__name__:
            for member in list(vars(value).values()):
                member = getattr(member, "__func__", member)
                if inspect.isfunction(member):
                    yield "%s:%s" % (module.__name__, member.__qualname__), member


def load_libraries(routes: Any, app_dir: Any, reader: Any) -> None:
    """Import the verifying libraries that the app's own functions import only when they run."""
    functions = [function for module in own_modules(app_dir) for _, function in functions_of(module)]
    functions += [layer for route in routes for layer in layers_of(route.endpoint)]
    for function in dict.fromkeys(functions):
        reader.load_imported(function)


def authentication_functions(routes: Any, app_dir: Any, patterns: Any) -> Any:
    """(name, function) of what may authenticate: dependencies and own functions with a telling name, known libraries, patterns.

    What merely runs beside it (a database session, paging) must stay out: the order of these functions and the handler
    tells where a route decides.
    """
    from fnmatch import fnmatchcase

    found: dict[str, Any] = {}
    for route in routes:
        for call in route.dependencies:
            function = plain_function(call)
            name = name_of(call)
            if (
                function is not None
                and _AUTH_WORD.search(name.lower())
                and not name.startswith(("fastapi.", "starlette."))
            ):
                found.setdefault(name, function)
    for module in own_modules(app_dir):
        for name, function in functions_of(module):
            if _AUTH_WORD.search(name.rpartition(":")[2].lower()) and not name.endswith("__"):
                found.setdefault(name, function)
    for module_name, names in _LIBRARIES.items():
        module = sys.modules.get(module_name)
        for qualified in names:
            value = module
            for part in qualified.split("."):
                value = getattr(value, part, None)
            function = plain_function(value) if value is not None else None
            if function is not None:
                found.setdefault("%s:%s" % (module_name, qualified), function)
    for pattern in patterns:
        module_pattern = pattern.partition(":")[0]
        for module_name, module in list(sys.modules.items()):
            if module is not None and fnmatchcase(module_name, module_pattern):
                for name, function in functions_of(module):
                    if fnmatchcase(name, pattern):
                        found.setdefault(name, function)
    return found
