"""The instance's public keys, cached."""

import threading
import time
from typing import Any

import httpx
import jwt

from app import settings

JWKS_URL = f"https://{settings.CLERK_DOMAIN}/.well-known/jwks.json"
_LIFETIME = 300.0
_REFETCH_AFTER = 10.0


class KeysUnavailable(Exception):
    """The issuer does not answer and nothing is cached."""


class JwksCache:
    """Keys by `kid`. An unknown `kid` asks again, but not more often than every ten seconds."""

    def __init__(self, url: str = JWKS_URL) -> None:
        self.url = url
        self._lock = threading.Lock()
        self._keys: dict[str, Any] = {}
        self._fetched = 0.0

    def _fetch(self) -> None:
        answer = httpx.get(self.url, timeout=5)
        answer.raise_for_status()
        keys = {
            entry["kid"]: jwt.PyJWK(entry).key
            for entry in answer.json()["keys"]
            if entry.get("kty") == "RSA" and entry.get("use", "sig") == "sig" and isinstance(entry.get("kid"), str)
        }
        if keys:
            self._keys = keys
        self._fetched = time.monotonic()

    def get(self, kid: str) -> Any | None:
        with self._lock:
            age = time.monotonic() - self._fetched
            if not self._keys or age > _LIFETIME or (kid not in self._keys and age > _REFETCH_AFTER):
                try:
                    self._fetch()
                except (httpx.HTTPError, ValueError, KeyError, jwt.PyJWTError) as error:
                    if not self._keys:
                        raise KeysUnavailable from error
            return self._keys.get(kid)

    def reachable(self) -> bool:
        try:
            return httpx.get(self.url, timeout=5).status_code == 200
        except httpx.HTTPError:
            return False


keys = JwksCache()
