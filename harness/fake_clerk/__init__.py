"""A fake Clerk: mints session tokens and serves JWKS and the Backend API on loopback. Usable alone.

with FakeClerk() as clerk:
    user = clerk.directory.add_user("alice@example.com")
    token = clerk.session_token(user)
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

from harness.fake_clerk.api import Api
from harness.fake_clerk.dashboard import dashboard_html
from harness.fake_clerk.directory import Directory, EmailAddress, Session, User
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.keys import SigningKey
from harness.fake_clerk.server import ServerThread
from harness.fake_clerk.tls import ThrowawayTLS
from harness.fake_clerk.webhooks import Endpoint

__all__ = ["Directory", "EmailAddress", "Endpoint", "FakeClerk", "Instance", "Session", "SigningKey", "User"]

REAL_NAMES = ("api.clerk.com", "api.clerk.dev", "*.clerk.accounts.dev", "*.accounts.dev", "*.clerk.com")
"""Host names of Clerk that a target may spell out; a leading `*.` stands for one label or more."""


class FakeClerk(Instance):
    """An instance with a server: http and https on one free port of 127.0.0.1, in a thread.

    The port is bound on entering the context and closed on leaving it, together with the certificate's file.
    """

    def __init__(
        self,
        domain: str = "harness-under-test.clerk.accounts.dev",
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        secret_key: str | None = None,
        webhook_secret: str | None = None,
    ) -> None:
        """`host`: the address to bind, this machine's own unless others must reach it. `port`: 0 for a free one.
        `secret_key` and `webhook_secret`: made anew unless a backend has theirs already."""
        super().__init__(domain)
        self.secret_key = secret_key or self.secret_key
        self.webhook_secret = webhook_secret or self.webhook_secret
        self.api = Api(self)
        self.api.names = (*REAL_NAMES, domain)
        self.host = host
        self._wanted_port = port
        self._server: ServerThread | None = None
        self._tls: ThrowawayTLS | None = None

    def start(self) -> Self:
        """Bind the port and serve. Raises OSError when the port is taken."""
        tls = ThrowawayTLS(
            ["localhost", "127.0.0.1", "api.clerk.com", "*.clerk.com", "*.clerk.accounts.dev", self.domain]
        )
        try:
            self._server = ServerThread(
                self.api, tls.context, host=self.host, port=self._wanted_port, tunnels=self.api.tunnels_to
            )
        except BaseException:  # A port out of range is no OSError.
            tls.close()
            raise
        self._tls = tls
        return self

    def serve_control(self) -> None:
        """Answer the control API under `/_harness/` too; see `control.py`. Not while a target is tried: it could use it."""
        self.api.controlled = True
        html = {"Content-Type": "text/html; charset=utf-8"}
        self.api.pages |= {
            "/": lambda: (200, dashboard_html(self, self.api.counts), html),
            "/_harness/environment": lambda: (200, self.standalone_environment()),
            "/_harness/ca.pem": lambda: (200, self.tls.ca_path.read_text()),
        }

    def close(self) -> None:
        """Stop the server and the webhooks, and remove the certificate's file."""
        self.outbox.close()
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._tls is not None:
            self._tls.close()
            self._tls = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def port(self) -> int:
        """The port of http and https. Raises RuntimeError before `start`."""
        if self._server is None:
            raise RuntimeError("the fake Clerk is not started: use `with FakeClerk() as clerk`")
        return self._server.port

    @property
    def url(self) -> str:
        """The plain origin, for tools that take an API URL."""
        return f"http://{'127.0.0.1' if self.host == '0.0.0.0' else self.host}:{self.port}"

    @property
    def https_url(self) -> str:
        """The TLS origin; the certificate is for `localhost`, 127.0.0.1 and Clerk's names."""
        return f"https://localhost:{self.port}"

    @property
    def tls(self) -> ThrowawayTLS:
        """The throw-away certificate authority."""
        if self._tls is None:
            raise RuntimeError("the fake Clerk is not started: use `with FakeClerk() as clerk`")
        return self._tls

    @property
    def refused_names(self) -> list[str]:
        """Hosts that clients asked of it as a proxy, and were refused."""
        return self.api.refused_names

    def environment(self) -> dict[str, str]:
        """The variables by which backends are configured for Clerk, filled for this instance."""
        domain, pem = self.domain, self.key.public_pem.decode()
        return {
            "CLERK_SECRET_KEY": self.secret_key,
            "CLERK_API_KEY": self.secret_key,
            "CLERK_PUBLISHABLE_KEY": self.publishable_key,
            "NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY": self.publishable_key,
            "CLERK_DOMAIN": domain,
            "NEXT_PUBLIC_CLERK_DOMAIN": domain,
            "CLERK_FRONTEND_API": domain,
            "CLERK_FRONTEND_API_URL": self.issuer,
            "CLERK_ISSUER": self.issuer,
            "CLERK_JWT_ISSUER": self.issuer,
            "CLERK_JWKS_URL": self.jwks_url,
            "CLERK_JWT_KEY": pem,
            "CLERK_PEM_PUBLIC_KEY": pem,
            "CLERK_TELEMETRY_DISABLED": "1",
            "CLERK_WEBHOOK_SECRET": self.webhook_secret,
            "CLERK_WEBHOOK_SIGNING_SECRET": self.webhook_secret,
            **self.tls.environment(),
        }

    def standalone_environment(self) -> dict[str, str]:
        """The same for a backend that does not reach Clerk's real names: the key set and the Backend API by this server's URL."""
        # The authority would replace all others, for all that the shell runs; Node adds it to them.
        alone = set(self.tls.environment()) - {"NODE_EXTRA_CA_CERTS"}
        return {name: value for name, value in self.environment().items() if name not in alone} | {
            "CLERK_JWKS_URL": f"{self.url}/.well-known/jwks.json",
            "CLERK_API_URL": self.url,
            "CLERK_HARNESS_URL": self.url,
        }
