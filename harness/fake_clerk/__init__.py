"""A fake Clerk: it signs session tokens, and serves their keys and the Backend API on loopback. It can be used alone.

Public, and kept compatible from version to version, are `FakeClerk` with the methods that its docstring names, and
`Endpoint`. The other names here are for annotations and for the harness itself, and so are all modules of the package.

>>> from harness.fake_clerk import FakeClerk
>>> with FakeClerk() as clerk:
...     user = clerk.directory.add_user("alice@example.com")
...     token = clerk.session_token(user)
"""

from __future__ import annotations

from harness.fake_clerk.clerk import CLERK
from harness.fake_clerk.fake import FakeClerk
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.keys import SigningKey
from harness.fake_clerk.models.directory import Directory
from harness.fake_clerk.models.email_addresses import EmailAddress
from harness.fake_clerk.models.phone_numbers import PhoneNumber
from harness.fake_clerk.models.sessions import Session
from harness.fake_clerk.models.users import User
from harness.fake_clerk.profile import IssuerProfile
from harness.fake_clerk.webhooks import Endpoint

__all__ = [
    "CLERK",
    "REAL_NAMES",
    "Directory",
    "EmailAddress",
    "Endpoint",
    "FakeClerk",
    "Instance",
    "IssuerProfile",
    "PhoneNumber",
    "Session",
    "SigningKey",
    "User",
]

REAL_NAMES = CLERK.hosts
"""Host names of Clerk that a target may spell out; a leading `*.` stands for one label or more."""
