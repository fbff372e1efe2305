"""The home-made token that is to go. It differs from backend to backend, so it is described, not known.

The default is the platform of the plan: base64 of `email:user_id:onboarding_completed:timestamp`, without a signature.
"""

from __future__ import annotations

import base64
import importlib.util
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from string import Formatter

from harness.core.errors import DeclarationError
from harness.core.redact import learn
from harness.core.text import instead
from harness.credentials.identities import Identity

DEFAULT_TEMPLATE = "{email}:{id}:{onboarding}:{timestamp}"
_FIELDS = {"email", "id", "clerk_id", "onboarding", "timestamp", "name"}


@dataclass(frozen=True)
class Legacy:
    """How the old token is made: a `template` over the identity's fields, base64 encoded, or a `maker` of its own.

    `cookie` and `query` name the other places where old clients put it, `secret` is the default secret of the HS256
    scheme that stands beside it.
    """

    template: str = DEFAULT_TEMPLATE
    encoding: str = "base64"
    maker: Callable[[Identity], str] | None = None
    cookie: str = "auth_token"
    query: str = "token"
    secret: str = "your_secret_key"

    def token(self, identity: Identity) -> str:
        """The old token for `identity`."""
        if self.maker is not None:
            return self.maker(identity)
        return self.encode(self.plain(identity))

    def plain(self, identity: Identity) -> str:
        """The token's text before encoding."""
        return self.template.format(
            email=identity.email,
            id=identity.database_id,
            clerk_id=identity.user.id,
            onboarding="true" if identity.onboarding_completed else "false",
            timestamp=int(time.time()),
            name=identity.name,
        )

    def encode(self, text: str) -> str:
        """Apply the scheme's encoding."""
        if self.encoding == "plain":
            return text
        encoder = base64.urlsafe_b64encode if self.encoding == "base64url" else base64.b64encode
        return encoder(text.encode()).decode("ascii")

    def variant(self, identity: Identity, **changes: object) -> str:
        """The token of a changed identity, for example with another e-mail and the same id."""
        return self.token(replace(identity, **changes))  # type: ignore[arg-type]


def load_legacy(options: dict[str, str], base: Path, where: str) -> Legacy:
    """Build the scheme from a `[legacy]` table.

    `callable` is `file.py:function` (relative to `base`); the function takes an `Identity` and returns the token.
    Raises DeclarationError, naming `where`, for an unknown field, a missing file or a name that is not there.
    """
    known = {"template", "encoding", "callable", "cookie", "query", "secret"}
    if unknown := sorted(set(options) - known):
        raise DeclarationError(f"{where}: [legacy] has no key {unknown[0]!r}{instead(unknown[0], sorted(known))}")
    values = {key: value for key, value in options.items() if key != "callable"}
    fields = {name for _, name, _, _ in Formatter().parse(values.get("template", "")) if name is not None}
    if not fields <= _FIELDS:
        bad = sorted(fields - _FIELDS)[0]
        raise DeclarationError(f"{where}: [legacy] template has no field {{{bad}}}{instead(bad, sorted(_FIELDS))}")
    if values.get("encoding", "base64") not in ("base64", "base64url", "plain"):
        raise DeclarationError(f"{where}: [legacy] encoding must be base64, base64url or plain")
    learn(values.get("secret", ""))
    return Legacy(maker=_load_callable(options["callable"], base, where) if "callable" in options else None, **values)


def _load_callable(spec: str, base: Path, where: str) -> Callable[[Identity], str]:
    file, _, name = spec.rpartition(":")
    path = base / file
    if not file or not path.is_file():
        raise DeclarationError(f"{where}: [legacy] callable {spec!r}: no file {path}; write file.py:function")
    module_spec = importlib.util.spec_from_file_location(f"clerk_harness_legacy_{path.stem}", path)
    assert module_spec is not None and module_spec.loader is not None
    module = importlib.util.module_from_spec(module_spec)
    try:
        module_spec.loader.exec_module(module)
        function = getattr(module, name)
    except Exception as error:
        raise DeclarationError(f"{where}: [legacy] callable {spec!r}: {type(error).__name__}: {error}") from error
    if not callable(function):
        raise DeclarationError(f"{where}: [legacy] callable {spec!r} is not a function")
    return function  # type: ignore[no-any-return]
