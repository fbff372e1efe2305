"""Small ways to turn a function into a recipe; the catalogue's files are made of these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from harness.credentials.mint import Mint
from harness.credentials.model import Presentation, Recipe
from harness.credentials.ssrf_listener import CanaryUrl


def token(make: Callable[[Mint], str]) -> Recipe:
    """Present a token where the route takes tokens."""
    return lambda mint: Presentation(token=make(mint))


def authorization(make: Callable[[Mint], str | bytes]) -> Recipe:
    """Present a raw `Authorization` field value."""

    def recipe(mint: Mint) -> Presentation:
        value = make(mint)
        return Presentation(authorization=(value if isinstance(value, bytes) else value.encode("latin-1"),))

    return recipe


def luring(make: Callable[[Mint, CanaryUrl], str]) -> Recipe:
    """Present a token that names an address of the trap."""

    def recipe(mint: Mint) -> Presentation:
        canary_url = mint.ssrf_listener.canary_url()
        return Presentation(token=make(mint, canary_url), canary_url=canary_url.mark)

    return recipe


def several(*recipes: Recipe) -> Recipe:
    """One credential in several forms: each is sent, and the gravest verdict counts."""

    def recipe(mint: Mint) -> Presentation:
        made = [make(mint) for make in recipes]
        first, *rest = (form for one in made for form in (one, *one.also))
        return replace(first, also=tuple(rest))

    return recipe


def tampered(change: Callable[[bytearray], bytes | bytearray]) -> Recipe:
    """A genuine token whose signature bytes are changed."""
    from harness.credentials import jose

    def recipe(mint: Mint) -> Presentation:
        genuine = mint.genuine()
        signature = bytearray(jose.unb64url(jose.parts(genuine)[2]))
        return Presentation(token=jose.with_signature(genuine, bytes(change(signature))))

    return recipe
