"""The sync contract: whatever happens at Clerk, in whatever order it is told, each Clerk user has one row, and the right one."""

from harness.contracts.user_sync.contract import CHECKS, run_sync
from harness.contracts.user_sync.declaration import SYNC_FILE, SyncFile, load_sync
from harness.contracts.user_sync.environment import SyncEnvironment

__all__ = ["CHECKS", "SYNC_FILE", "SyncEnvironment", "SyncFile", "load_sync", "run_sync"]
