"""A real Postgres for a run: one server, one migrated template, one database for each agent.

Loaded on first use: the embedded server can be begun before the driver is imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.database.embedded import EmbeddedServer
    from harness.database.row_restorer import RowRestorer
    from harness.database.server import Server, Workspace, explained, open_server

URL_VARIABLE = "HARNESS_POSTGRES_URL"
"""Environment variable that names a Postgres to use where no option does."""
__all__ = ["EmbeddedServer", "RowRestorer", "Server", "Workspace", "explained", "open_server"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from harness.database import server

    return getattr(server, name)
