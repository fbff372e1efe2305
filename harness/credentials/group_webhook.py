"""Group `webhook`: damaged deliveries (Svix). Held where a policy accepts `webhook`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from harness.credentials.mint import Mint
from harness.credentials.model import Credential, Presentation, Recipe
from harness.credentials.recipes import several
from harness.fake_clerk.webhooks import new_webhook_secret, sign_delivery

_SVIX = "https://docs.svix.com/receiving/verifying-payloads/how-manual"
_HOUR = 3600
Fields = dict[str, str]


def _delivery(sign: Callable[[Mint, bytes], Fields]) -> Recipe:
    return lambda mint: Presentation(delivery=lambda body: sign(mint, body))


def _entry(name: str, recipe: Recipe, why: str, cwe: str = "CWE-345", source: str = _SVIX, **more: Any) -> Credential:
    return Credential(
        name, "webhook", recipe, cwe, source, why, damages=frozenset({"webhook"}), fresh=True, placed=True, **more
    )  # fmt: skip


def _genuine(mint: Mint, body: bytes) -> Fields:
    return mint.instance.webhook_headers(body)


def _at(seconds: int) -> Callable[[Mint, bytes], Fields]:
    return lambda m, body: sign_delivery(m.instance.webhook_secret, body, at=int(time.time()) + seconds)


def _without(field: str) -> Callable[[Mint, bytes], Fields]:
    return lambda m, body: {name: value for name, value in _genuine(m, body).items() if name != field}


def _with(**changes: str) -> Callable[[Mint, bytes], Fields]:
    return lambda m, body: _genuine(m, body) | {name.replace("_", "-"): value for name, value in changes.items()}


def _other_version(mint: Mint, body: bytes) -> Fields:
    fields = _genuine(mint, body)
    return fields | {"svix-signature": "v0," + fields["svix-signature"].partition(",")[2]}


CREDENTIALS = [
    _entry("webhook-unsigned", several(_delivery(_without("svix-signature")), _delivery(_with(svix_signature="")), _delivery(_with(svix_signature="v1,"))), "A delivery without a signature, or with an empty one.", tags=frozenset({"sentinel"})),
    _entry("webhook-wrong-secret", _delivery(lambda m, b: sign_delivery(new_webhook_secret(), b)), "A delivery signed with a secret of somebody else's.", tags=frozenset({"sentinel"})),
    _entry("webhook-empty-secret", _delivery(lambda m, b: sign_delivery("whsec_", b)), "A delivery signed with the empty secret, as when a setting is missing.", "CWE-1391"),
    _entry("webhook-body-changed", _delivery(lambda m, b: _genuine(m, b + b" ")), "A genuine signature over another body: the content may be anything."),
    _entry("webhook-id-changed", _delivery(_with(svix_id="msg_of_somebody_else")), "A genuine signature under another id: a delivery that was taken once could be sent again for ever.", "CWE-294"),
    _entry("webhook-too-old", _delivery(_at(-_HOUR)), "A delivery that was signed an hour ago: who once saw it could send it again (five minutes are allowed).", "CWE-294"),
    _entry("webhook-from-the-future", _delivery(_at(_HOUR)), "A delivery that says it was signed an hour from now: it would stay good for as long.", "CWE-294"),
    _entry("webhook-no-timestamp", _delivery(_without("svix-timestamp")), "A delivery that does not say when it was signed.", "CWE-294"),
    _entry("webhook-other-version", _delivery(_other_version), "A genuine signature that calls itself one of another scheme.", "CWE-757"),
]  # fmt: skip
