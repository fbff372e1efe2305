"""Where the Postgres of a URL listens: the hosts that it names, as libpq reads them (libpq, section 34.1.1, connection URIs)."""

from __future__ import annotations

import ipaddress
import os
import socket
from urllib.parse import parse_qs, unquote, urlsplit


def hosts_of(url: str) -> list[str]:
    """The hosts that a URL names, in lower case; one that begins with `/` is the directory of a socket, `@` an abstract socket."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    named = [text for key in ("hostaddr", "host") for value in query.get(key, []) for text in value.split(",")]
    named += [_host(part) for part in parts.netloc.rpartition("@")[2].split(",")]
    found = [unquote(host).lower() if "/" not in unquote(host) else unquote(host) for host in named if host]
    return found or [os.environ.get("PGHOST") or "/"]


def _host(part: str) -> str:
    """The host of `host:port` or `[address]:port`."""
    return part[1:].partition("]")[0] if part.startswith("[") else part.partition(":")[0]


def at_socket(url: str) -> bool:
    """Whether the server is reached by a socket of the file system alone, and hence from any network namespace."""
    return all(host.startswith("/") for host in hosts_of(url))


def with_addresses(url: str) -> list[str]:
    """The hosts of a URL and their addresses, of those that are reached over a network. One that nobody knows has none."""
    found = []
    for host in hosts_of(url):
        if host.startswith(("/", "@")):
            continue
        found.append(host)
        try:
            ipaddress.ip_address(host)
        except ValueError:
            try:
                found += [str(entry[4][0]) for entry in socket.getaddrinfo(host, None)]
            except OSError:
                continue  # Whoever connects to it will say so.
    return list(dict.fromkeys(found))
