"""What the code of one function does with a credential, where no declaration says which mechanism it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from harness.inventory.backend.modules import Definition, Function, Module
from harness.inventory.backend.names import Program
from harness.inventory.words import names_credential, names_sign_in, words

Found = tuple[Literal["old", "clerk", "other"], str]
_DECODES = {
    "base64.b64decode",
    "base64.urlsafe_b64decode",
    "base64.standard_b64decode",
    "base64.decodebytes",
    "binascii.a2b_base64",
}
_ENCODES = {"base64.b64encode", "base64.urlsafe_b64encode", "base64.standard_b64encode", "base64.encodebytes"}
_JWT = {"jwt.decode", "jwt.decode_complete", "jwt.api_jwt.decode", "jose.jwt.decode", "jose.jws.verify", "authlib.jose.jwt.decode",
        "joserfc.jwt.decode", "jwcrypto.jwt.JWT"}  # fmt: skip
_UNVERIFIED = {"jose.jwt.get_unverified_claims", "jose.jws.get_unverified_claims"}
_SIGNED_JWT = {"jwt.encode", "jose.jwt.encode", "authlib.jose.jwt.encode", "joserfc.jwt.encode"}
_WEBHOOKS = ("svix.", "standardwebhooks.")
_COMPARES = {"hmac.compare_digest", "secrets.compare_digest", "hmac.new", "hmac.digest"}
_KEYS = ("PyJWKClient", "PyJWKSet", "PyJWK")
_ELSEWHERE = {"cursor", "page", "pagination", "image", "avatar", "file", "photo", "picture", "pdf", "attachment", "upload", "webhook",
              "signature", "certificate", "csrf", "thumbnail", "audio", "video", "blob", "icon", "logo", "content"}  # fmt: skip
"""Of names: base64 is used for these without being a sign-in."""
_CHECKS = {"authenticate", "verify"}
_ISSUERS = {"cognito", "firebase", "okta", "keycloak", "supabase", "azure", "google", "apple", "github"}


@dataclass
class Seen:
    """What a function's code does."""

    names: set[str] = field(default_factory=set)
    texts: list[str] = field(default_factory=list)
    external: dict[str, ast.Call] = field(default_factory=dict)
    decoded: list[ast.Call] = field(default_factory=list)
    encoded: list[ast.Call] = field(default_factory=list)
    jwt: list[ast.Call] = field(default_factory=list)
    verifies: bool = False


def recognise(program: Program, module: Module, node: Definition, name: str) -> Found | None:
    """What a function or a class is by its own code, and why; None where nothing tells."""
    seen = Seen()
    for call, dotted in _calls(program, module, node):
        seen.external.setdefault(dotted, call)
        if dotted in _DECODES:
            seen.decoded.append(call)
        elif dotted in _ENCODES:
            seen.encoded.append(call)
        elif dotted in _JWT:
            seen.jwt.append(call)
        elif dotted.rpartition(".")[2] in ("verify", "verify_signature") or dotted in _COMPARES:
            seen.verifies = True
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            seen.names.add(inner.id)
        elif isinstance(inner, ast.Attribute):
            seen.names.add(inner.attr)
            seen.verifies |= inner.attr == "verify"
        elif isinstance(inner, ast.arg):
            seen.names.add(inner.arg)
        elif isinstance(inner, ast.Constant) and isinstance(inner.value, str) and len(inner.value) < 200:
            seen.texts.append(inner.value)
    return (
        _sdk(seen)
        or _tokens(program, module, seen, name)
        or _base64(seen, name)
        or _issued(program, module, seen, name)
        or _keys(seen)
    )


def _calls(program: Program, module: Module, node: Definition) -> Iterator[tuple[ast.Call, str]]:
    """Every call of something of a library, by its dotted name."""
    around: tuple[ast.AST, ...] = (node,)
    stack: list[tuple[ast.AST, tuple[ast.AST, ...]]] = [(child, around) for child in ast.iter_child_nodes(node)]
    while stack:
        each, inside = stack.pop()
        if isinstance(each, ast.Call):
            for target in program.resolve(module, each.func, None, inside):
                if target.module is None:
                    yield each, target.name
        if isinstance(each, Function | ast.ClassDef):
            inside = (*inside, each)
        stack += [(child, inside) for child in ast.iter_child_nodes(each)]


def _sdk(seen: Seen) -> Found | None:
    for dotted in seen.external:
        # Clerk's SDK is also what asks for users, which is no check of who is asking.
        asks = dotted.startswith("clerk_backend_api.") and not set(words(dotted.rpartition(".")[2])) & _CHECKS
        if "clerk" in dotted.partition(".")[0] and not asks:
            return "clerk", f"calls {dotted}"
        if dotted.startswith(_WEBHOOKS):
            return "other", "verifies a webhook's signature"
    return None


def _tokens(program: Program, module: Module, seen: Seen, name: str) -> Found | None:
    unverified = next((dotted for dotted in seen.external if dotted in _UNVERIFIED), "")
    verified: Found | None = None
    for call in seen.jwt:
        if _without_signature(call):
            unverified = unverified or "a decode with verify_signature off"
            continue
        algorithms = _algorithms(program, module, call)
        if any(each.startswith("HS") for each in algorithms):
            return "old", f"verifies a token of its own, by a shared secret ({', '.join(algorithms)})"
        spelled = {*words(name), *words(module.name)}
        issuer = sorted(spelled & _ISSUERS) or ["auth0"] * ("auth0" in f"{name} {module.name}".lower())
        if issuer:
            verified = "other", f"verifies tokens of {issuer[0]}"
        elif (
            algorithms or seen.names & set(_KEYS) or "clerk" in spelled or any("clerk" in t.lower() for t in seen.texts)
        ):
            verified = "clerk", "verifies a token by a published key"
        elif verified is None:
            verified = "other", "verifies a token, by which key cannot be read"
    if verified is None and unverified:
        return "old", f"trusts a token whose signature is not verified ({unverified})"
    return verified


def _without_signature(call: ast.Call) -> bool:
    for keyword in call.keywords:
        if keyword.arg == "verify" and isinstance(keyword.value, ast.Constant) and keyword.value.value is False:
            return True
        if keyword.arg == "options" and isinstance(keyword.value, ast.Dict):
            for key, value in zip(keyword.value.keys, keyword.value.values, strict=True):
                if (
                    isinstance(key, ast.Constant)
                    and key.value == "verify_signature"
                    and isinstance(value, ast.Constant)
                    and value.value is False
                ):
                    return True
    return False


def _algorithms(program: Program, module: Module, call: ast.Call) -> list[str]:
    """The names of algorithms that a decode is given, also by constants of modules."""
    given = [k.value for k in call.keywords if k.arg in ("algorithms", "algorithm", "algs")] + call.args[2:3]
    found: list[str] = []
    pending: list[tuple[Module, ast.expr, int]] = [(module, each, 0) for each in given]
    while pending:
        where, node, depth = pending.pop()
        for inner in ast.walk(node):
            if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                found.append(inner.value)
            elif isinstance(inner, ast.Name | ast.Attribute) and depth < 3:
                for target in program.resolve(where, inner):
                    if target.module is not None and target.value is not None:
                        pending.append((target.module, target.value, depth + 1))
                found += _setting(program, where, inner)
    known = [each for each in found if each[:2] in ("HS", "RS", "ES", "PS", "Ed")]
    return list(dict.fromkeys(known))


def _setting(program: Program, module: Module, node: ast.expr) -> list[str]:
    """The default of a field of settings (`settings.ALGORITHM`), where one class of the backend has it."""
    if not isinstance(node, ast.Attribute):
        return []
    found: list[str] = []
    for target in program.resolve(module, node.value):
        made = target.value
        if target.module is None or not isinstance(made, ast.Call):
            continue
        for kind in program.resolve(target.module, made.func):
            if isinstance(kind.definition, ast.ClassDef):
                found += [
                    inner.value.value
                    for inner in kind.definition.body
                    if isinstance(inner, ast.AnnAssign)
                    and isinstance(inner.target, ast.Name)
                    and inner.target.id == node.attr
                    and isinstance(inner.value, ast.Constant)
                    and isinstance(inner.value.value, str)
                ]
    return found


def _said(call: ast.Call) -> set[str]:
    """The names that stand in a call's arguments."""
    found: set[str] = set()
    for argument in [*call.args, *(keyword.value for keyword in call.keywords)]:
        for node in ast.walk(argument):
            if isinstance(node, ast.Name):
                found.add(node.id)
            elif isinstance(node, ast.Attribute):
                found.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def _base64(seen: Seen, name: str) -> Found | None:
    if not seen.decoded or seen.verifies:
        return None
    for call in seen.decoded:
        said = _said(call)
        if any(set(words(each)) & _ELSEWHERE for each in {*said, name}):
            continue
        credential = any(names_credential(each) for each in said) or (
            names_credential(name) or names_sign_in(name) or any(names_credential(each) for each in seen.names)
        )
        if not credential:
            continue
        if any(text.strip().lower() == "basic" for text in seen.texts) or "basic" in words(name):
            return "other", "reads HTTP Basic"
        return "old", "decodes a credential from base64"
    return None


def _issued(program: Program, module: Module, seen: Seen, name: str) -> Found | None:
    """Makes tokens of the old mechanism: what a login gives out."""
    tells = names_credential(name) or ({"login", "signin"} & set(words(name)))
    for call in seen.encoded:
        said = _said(call)
        basic = any(text.strip().lower() == "basic" for text in seen.texts)
        if not basic and not any(set(words(each)) & _ELSEWHERE for each in {*said, name}):
            identity = {"email", "user", "username"} & {word for each in said for word in words(each)}
            if identity and (tells or any(names_credential(each) for each in seen.names)):
                return "old", "makes a token of base64"
    for dotted, call in seen.external.items():
        if dotted in _SIGNED_JWT and tells and any(a.startswith("HS") for a in _algorithms(program, module, call)):
            return "old", "makes a token of its own, signed with a shared secret"
    return None


def _keys(seen: Seen) -> Found | None:
    if "hmac.compare_digest" in seen.external or "secrets.compare_digest" in seen.external:
        return "other", "compares a key or a signature"
    return None
