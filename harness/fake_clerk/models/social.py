"""Social connections: the sign-ins that are on their way to a provider and back."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from harness.fake_clerk.models.external_accounts import ExternalAccount
from harness.fake_clerk.models.sign_ins import SignIn
from harness.fake_clerk.models.sign_ups import SignUp
from harness.fake_clerk.models.users import User
from harness.fake_clerk.models.verifications import Verification


@dataclass
class Connection:
    """Somebody who is signed in, and connects an account of hers."""

    user_id: str
    account: ExternalAccount

    @property
    def verification(self) -> Verification | None:
        """How far it has come."""
        return self.account.verification

    @property
    def status(self) -> str:
        """`complete`, or `needs_verification`."""
        verified = self.verification is not None and self.verification.status == "verified"
        return "complete" if verified else "needs_verification"


@dataclass
class Detour:
    """A browser that was sent to a provider, and comes back by `state`."""

    provider: str
    browser: str
    """The token of the browser."""
    redirect_url: str
    complete_url: str
    """Where the browser goes when nothing is left to do."""
    attempt: SignIn | SignUp | Connection
    state: str = field(default_factory=lambda: secrets.token_urlsafe(24))


class SocialConnections:
    """The providers that an instance has, and who is on the way to one."""

    def __init__(self) -> None:
        self.providers: list[str] = ["google"]
        """Those that are switched on; their strategies are named `oauth_google`."""
        self.detours: dict[str, Detour] = {}
        """By state."""
        self.codes: dict[str, ExternalAccount] = {}
        """By the code of the provider: who came back."""

    def leave(self, detour: Detour) -> Detour:
        """Keep who was sent to a provider."""
        self.detours[detour.state] = detour
        return detour

    def code_for(self, account: ExternalAccount) -> str:
        """The provider's code, valid once, for whoever was chosen there."""
        code = secrets.token_urlsafe(24)
        self.codes[code] = account
        return code


def linked(users: list[User], account: ExternalAccount) -> User | None:
    """Whose account that is: who has connected it, else whose verified address it has."""
    for user in users:
        if any((a.provider, a.subject) == (account.provider, account.subject) for a in user.external_accounts):
            return user
    wanted = account.email_address.lower()
    return next((u for u in users if any(e.verified and e.address.lower() == wanted for e in u.emails)), None)
