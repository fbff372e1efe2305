"""Deliveries are signed as Svix does it: judged by the official package."""

from __future__ import annotations

import time

import pytest
from svix.webhooks import Webhook, WebhookVerificationError

from harness.fake_clerk.webhooks import new_webhook_secret, sign_delivery

BODY = b'{"type":"user.created","data":{"id":"user_1"}}'


def test_the_official_package_accepts_a_delivery() -> None:
    secret = new_webhook_secret()
    Webhook(secret).verify(BODY, sign_delivery(secret, BODY))


@pytest.mark.parametrize("flaw", ["another secret", "another body", "too old"])
def test_it_refuses_what_is_not_genuine(flaw: str) -> None:
    secret = new_webhook_secret()
    at = int(time.time()) - (3600 if flaw == "too old" else 0)
    headers = sign_delivery(new_webhook_secret() if flaw == "another secret" else secret, BODY, at=at)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY + b" " if flaw == "another body" else BODY, headers)


def test_a_secret_of_another_kind_is_named() -> None:
    with pytest.raises(ValueError, match="whsec_"):
        sign_delivery("secret", BODY)
