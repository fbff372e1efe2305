"""TLS with a throw-away certificate authority, for targets whose URLs begin with `https://`."""

from __future__ import annotations

import os
import shutil
import ssl

import trustme

from harness.core.temporary import temporary_folder


class ThrowawayTLS:
    """A new certificate authority, and a server certificate of it for `names`.

    The certificate of the authority is in the file `ca_path` until `close`; the server's private key
    is in one, which this user alone may read, only while OpenSSL loads it.
    """

    def __init__(self, names: list[str]) -> None:
        authority = trustme.CA(organization_name="clerk-harness throw-away CA")
        certificate = authority.issue_cert(*names)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.directory = temporary_folder("ca")
        # OpenSSL loads from files alone: from one that goes with this run, also where it is killed just now.
        with certificate.private_key_and_cert_chain_pem.tempfile(dir=str(self.directory)) as path:
            self.context.load_cert_chain(path)
        # A target may run as another user than the harness.
        self.directory.chmod(0o755)
        self.ca_path = self.directory / "ca.pem"
        authority.cert_pem.write_to_path(str(self.ca_path))
        self.ca_path.chmod(0o644)

    def environment(self) -> dict[str, str]:
        """The variables that make OpenSSL, requests, curl and Node trust the authority."""
        path = os.fspath(self.ca_path)
        return dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"), path)

    def close(self) -> None:
        """Remove the certificate from disk."""
        shutil.rmtree(self.directory, ignore_errors=True)
