"""What an answer shows that nobody may see: the values of the environment's secrets, and what is one by its shape (CWE-200)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

from harness.core.redact import is_guarded, ordinary, passwords_of
from harness.core.secret_forms import shows

_PUBLIC = re.compile(r"publi(?:c|shable)", re.IGNORECASE)
_FOR_EVERYBODY = re.compile(r"pk_(?:test|live)_|-----BEGIN (?:PUBLIC KEY|RSA PUBLIC KEY|CERTIFICATE)-----")
_IN_TEXT = re.compile(r"://[^/\s:@\"'<>]*:([^/?#,\s\"'<>]+)@")
_MASKED = re.compile(r"[*x.…]+|redacted|hidden|password|secret", re.IGNORECASE)
_SHAPES = (
    ("a private key", re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----\s*(?:\\+[nr]\s*)*[A-Za-z0-9+/=]{16}")),
    ("a secret key of Clerk's or Stripe's", re.compile(r"\b[sr]k_(?:test|live)_[A-Za-z0-9]{16,}")),
    ("the secret of a webhook", re.compile(r"\bwhsec_[A-Za-z0-9+/]{16,}")),
)


def shown(text: str, environment: Mapping[str, str]) -> list[str]:
    """What of the environment's secrets a text shows, in words; a key whose last characters stand there is not shown.

    What is public (a publishable key, the PEM by which tokens are verified) is no secret, and neither is a word that stands in
    many texts (`production`). Of a URL the password is one.
    """
    found = [f"the value of {name}" for name, value in _secrets(environment) if shows(text, value)]
    if found:
        return list(dict.fromkeys(found))
    if any(not _MASKED.fullmatch(unquote(password)) for password in _IN_TEXT.findall(text)):
        found.append("a URL with a password")
    return found + [what for what, shape in _SHAPES if shape.search(text)]


def _secrets(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in environment.items():
        if _PUBLIC.search(name) or _FOR_EVERYBODY.search(value):
            continue
        if "://" in value:
            yield from ((name, password) for password in passwords_of(value) if not ordinary(password))
        elif is_guarded(name, value) and not ordinary(value):
            yield name, value
