"""`FakeClerk`: an instance with a server."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from harness.core.redact import learn_made
from harness.fake_clerk.api import Api
from harness.fake_clerk.clerk import CLERK
from harness.fake_clerk.dashboard import dashboard_html
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.profile import IssuerProfile
from harness.fake_clerk.server import ServerThread
from harness.fake_clerk.tls import ThrowawayTLS


class FakeClerk(Instance):
    """An instance with a server: http and https on one port of 127.0.0.1, in a thread.

    The port is bound on entering the context and closed on leaving it. Tokens can be signed without a server.

    >>> import jwt
    >>> from harness.fake_clerk import FakeClerk
    >>> with FakeClerk() as clerk:
    ...     ada = clerk.directory.add_user("ada@example.com", first_name="Ada")
    ...     token = clerk.session_token(ada)
    ...     key = jwt.PyJWKClient(f"{clerk.url}/.well-known/jwks.json").get_signing_key_from_jwt(token)
    >>> jwt.decode(token, key, algorithms=["RS256"], issuer=clerk.issuer)["sub"] == ada.id
    True

    Public are:

    - the server: `start`, `close`, `port`, `url`, `https_url`, `environment`, `standalone_environment`, `serve_control`,
      `control_url`
    - tokens: `session_token`, `claims_for`, `cookies`, `template_token`, `machine_token`, `oauth_token`, `opaque_token`
    - keys: `issuer`, `jwks_url`, `jwks`, `add_next_key`
    - users and sessions: `directory.add_user`, `directory.update_user`, `directory.remove_user`, `directory.session_of`,
      `directory.new_session`, `directory.set_session`
    - webhooks: `webhook_headers`, `outbox.send_to`, `outbox.flush`, `outbox.replay`

    and these attributes: `domain`, `secret_key`, `publishable_key` and `webhook_secret`, which backends are configured with;
    `key`, which signs; `session_claims`, added to each session token; `jwks_fault`, `api_fault`, `rate_limit` and
    `retry_after`, by which requests fail. Everything else is for the harness itself.
    """

    def __init__(
        self,
        domain: str | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        secret_key: str | None = None,
        webhook_secret: str | None = None,
        profile: IssuerProfile = CLERK,
    ) -> None:
        """Create the instance; `start`, or a `with` statement, binds the port.

        `domain` is the instance's host name, the profile's own by default. `host` is the address to bind, this machine's own
        unless others must reach it, and `port` 0 for a free one. `secret_key` and `webhook_secret` are new ones unless
        given. `profile` is the issuer, Clerk by default.
        """
        super().__init__(domain, profile=profile)
        self.secret_key = secret_key or self.secret_key
        self.webhook_secret = webhook_secret or self.webhook_secret
        learn_made(self.secret_key, self.webhook_secret)
        self.api = Api(self)
        self.host = host
        self._wanted_port = port
        self._server: ServerThread | None = None
        self._tls: ThrowawayTLS | None = None

    def start(self) -> Self:
        """Bind the port and serve; returns the instance. Raises OSError when the port is taken.

        >>> from harness.fake_clerk import FakeClerk
        >>> clerk = FakeClerk().start()
        >>> clerk.port > 0
        True
        >>> clerk.close()
        """
        tls = ThrowawayTLS(
            [
                "localhost",
                "127.0.0.1",
                f"{self.domain}.localhost",
                *self.profile.certificate_names,
                *dict.fromkeys((self.domain, self.profile.portal(self.domain))),
            ]
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
        """Serve the control API under `/_harness/` and the page for people too, at `control_url`; see the module `control`.

        Not while a target is examined: it could use them.

        >>> import json, urllib.request
        >>> from harness.fake_clerk import FakeClerk
        >>> with FakeClerk() as clerk:
        ...     clerk.serve_control()
        ...     json.load(urllib.request.urlopen(f"{clerk.control_url}/_harness/counts"))
        {'operations': {}, 'jwks': 0}
        """
        self.api.controlled = True
        html = {"Content-Type": "text/html; charset=utf-8"}
        self.api.pages |= {
            "/": lambda: (200, dashboard_html(self, self.api.counts, self.api.access.path), html),
            "/_harness/environment": lambda: (200, self.standalone_environment()),
            "/_harness/ca.pem": lambda: (200, self.tls.ca_path.read_text()),
        }

    def close(self) -> None:
        """Stop the server and the webhooks, and remove the certificate's file; does nothing when they are not there.

        >>> from harness.fake_clerk import FakeClerk
        >>> clerk = FakeClerk().start()
        >>> clerk.close()
        >>> clerk.url
        Traceback (most recent call last):
        RuntimeError: the fake Clerk is not started: use `with FakeClerk() as clerk`
        """
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
        """The port of http and https. Raises RuntimeError when the server does not run.

        >>> from harness.fake_clerk import FakeClerk
        >>> with FakeClerk() as clerk:
        ...     1024 <= clerk.port < 65536
        True
        """
        if self._server is None:
            raise RuntimeError("the fake Clerk is not started: use `with FakeClerk() as clerk`")
        return self._server.port

    @property
    def url(self) -> str:
        """The origin for http, for clients that can be given the API's URL. Raises RuntimeError like `port`.

        >>> from harness.fake_clerk import FakeClerk
        >>> with FakeClerk() as clerk:
        ...     clerk.url == f"http://127.0.0.1:{clerk.port}"
        True
        """
        return f"http://{'127.0.0.1' if self.host == '0.0.0.0' else self.host}:{self.port}"

    @property
    def control_url(self) -> str:
        """What the paths of the control API are appended to, with the token that it wants. Raises RuntimeError like `port`.

        >>> from harness.fake_clerk import FakeClerk
        >>> with FakeClerk() as clerk:
        ...     clerk.control_url == f"{clerk.url}/~{clerk.api.access.token}"
        True
        """
        return self.url + self.api.access.path

    @property
    def https_url(self) -> str:
        """The origin for https. Its certificate is for `localhost`, 127.0.0.1 and the issuer's names.

        The authority's certificate is in the file that `environment()["SSL_CERT_FILE"]` names.

        >>> import ssl, urllib.request
        >>> from harness.fake_clerk import FakeClerk
        >>> with FakeClerk() as clerk:
        ...     context = ssl.create_default_context(cafile=clerk.environment()["SSL_CERT_FILE"])
        ...     urllib.request.urlopen(f"{clerk.https_url}/.well-known/jwks.json", context=context).status
        200
        """
        return f"https://localhost:{self.port}"

    @property
    def tls(self) -> ThrowawayTLS:
        """The throw-away certificate authority. Raises RuntimeError when the server does not run."""
        if self._tls is None:
            raise RuntimeError("the fake Clerk is not started: use `with FakeClerk() as clerk`")
        return self._tls

    @property
    def refused_names(self) -> list[str]:
        """Hosts that clients requested of the server as a proxy, and that it refused."""
        return self.api.refused_names

    def environment(self) -> dict[str, str]:
        """The variables that configure a backend for this instance under the issuer's real names.

        >>> from harness.fake_clerk import FakeClerk
        >>> with FakeClerk("my-app.clerk.accounts.dev", secret_key="sk_test_mine") as clerk:
        ...     variables = clerk.environment()
        >>> variables["CLERK_ISSUER"], variables["CLERK_SECRET_KEY"]
        ('https://my-app.clerk.accounts.dev', 'sk_test_mine')
        """
        return {**self.profile.environment(self), **self.tls.environment()}

    def standalone_environment(self) -> dict[str, str]:
        """The variables that configure a backend which reaches this server by its URL, and not by the issuer's real names.

        >>> from harness.fake_clerk import FakeClerk
        >>> with FakeClerk() as clerk:
        ...     clerk.standalone_environment()["CLERK_API_URL"] == clerk.url
        True
        """
        # The other variables would make everything in the shell trust this authority alone; Node adds it to the usual ones.
        alone = set(self.tls.environment()) - {"NODE_EXTRA_CA_CERTS"}
        kept = {name: value for name, value in self.environment().items() if name not in alone}
        return kept | self.profile.local_environment(self.url) | {"CLERK_HARNESS_URL": self.control_url}
