"""The sync contract: whatever happens at Clerk, in whatever order it is told, each Clerk user has one row, and the right one."""

from harness.sync.contract import CHECKS, run_sync
from harness.sync.declaration import SYNC_FILE, SyncFile, load_sync
from harness.sync.world import World

__all__ = ["CHECKS", "SYNC_FILE", "SyncFile", "World", "load_sync", "run_sync"]
