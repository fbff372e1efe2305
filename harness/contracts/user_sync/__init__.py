"""The sync contract: whatever happens at Clerk, and in whatever order events arrive, each Clerk user has one row, and the right one."""

from harness.contracts.user_sync.declaration import SYNC_FILE, SyncFile, load_sync
from harness.contracts.user_sync.environment import SyncEnvironment
from harness.contracts.user_sync.invariants import INVARIANTS
from harness.contracts.user_sync.search import run_sync

__all__ = ["INVARIANTS", "SYNC_FILE", "SyncEnvironment", "SyncFile", "load_sync", "run_sync"]
