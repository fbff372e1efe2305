"""Libraries whose sockets are not Python's: they are patched with the redirection when they are imported.

uvloop connects and resolves in C; aiohttp resolves in C where aiodns is installed.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Callable, Mapping
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # In a started command, this file is loaded alone; see startup/sitecustomize.py.
    from .redirect import Redirect


def patch_uvloop(module: Any, redirect: Redirect) -> None:
    """Let uvloop's loop connect where the redirection says, with TLS still for the name that was asked for."""
    real_create_connection, real_getaddrinfo = module.Loop.create_connection, module.Loop.getaddrinfo
    real_sock_connect = module.Loop.sock_connect

    def moved(host: Any, port: Any) -> Any:
        return redirect.address((host, port))[:2]

    async def create_connection(self: Any, factory: Any, host: Any = None, port: Any = None, **more: Any) -> Any:
        if host is not None:
            if more.get("ssl") and more.get("server_hostname") is None:
                more["server_hostname"] = host
            host, port = moved(host, port)
        return await real_create_connection(self, factory, host, port, **more)

    async def getaddrinfo(self: Any, host: Any, port: Any, **more: Any) -> Any:
        return await real_getaddrinfo(self, redirect.resolve(host), port, **more)

    async def sock_connect(self: Any, sock: Any, address: Any) -> Any:
        return await real_sock_connect(self, sock, redirect.address(address))

    module.Loop.create_connection = create_connection
    module.Loop.getaddrinfo = getaddrinfo
    module.Loop.sock_connect = sock_connect


def patch_aiohttp(module: Any, redirect: Redirect) -> None:
    """Let aiohttp resolve through `socket`, whatever is installed."""
    module.DefaultResolver = module.ThreadedResolver


_Patch = Callable[[Any, "Redirect"], None]

PATCHES: dict[str, _Patch] = {"uvloop": patch_uvloop, "aiohttp.resolver": patch_aiohttp}


class _Patching(importlib.abc.Loader):
    """The module's own loader, and the patch after it."""

    def __init__(self, loader: Any, patch: Callable[[Any], None]) -> None:
        self.loader, self.patch = loader, patch

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self.loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        self.loader.exec_module(module)
        self.patch(module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)


class Finder(importlib.abc.MetaPathFinder):
    """Finds the modules that are to be patched as usual, and wraps their loaders. `patches`: by the module's name."""

    def __init__(self, patches: Mapping[str, Callable[[Any], None]]) -> None:
        self.patches = patches

    def find_spec(self, name: str, path: Any = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name not in self.patches:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Patching(spec.loader, self.patches[name])
        return spec


def _with(patch: _Patch, redirect: Redirect) -> Callable[[Any], None]:
    return lambda module: patch(module, redirect)


def install(redirect: Redirect) -> None:
    """Patch what is imported from now on, and what was already."""
    sys.meta_path.insert(0, Finder({name: _with(patch, redirect) for name, patch in PATCHES.items()}))
    for name, patch in PATCHES.items():
        if name in sys.modules:
            patch(sys.modules[name], redirect)


def uninstall() -> None:
    """Stop patching what is imported."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, Finder)]
