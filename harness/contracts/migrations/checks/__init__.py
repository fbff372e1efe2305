"""The checks of the migration contract. Each is a `CheckSpec` whose function takes the databases, and raises where it fails."""

from __future__ import annotations

from harness.contracts.base import CheckSpec
from harness.contracts.migrations.checks.blocking_ddl import NO_BLOCKING_DDL
from harness.contracts.migrations.checks.data import DATA, RESUMABLE, ROLLBACK
from harness.contracts.migrations.checks.gradual import GRADUAL
from harness.contracts.migrations.checks.history import FROM_NOTHING, MODELS, ONE_HEAD
from harness.contracts.migrations.checks.rehearsed import REHEARSAL
from harness.contracts.migrations.checks.user_mapping import MAPPING

CHECKS: tuple[CheckSpec, ...] = (
    ONE_HEAD,
    FROM_NOTHING,
    MODELS,
    DATA,
    ROLLBACK,
    RESUMABLE,
    GRADUAL,
    NO_BLOCKING_DDL,
    MAPPING,
    REHEARSAL,
)
"""In the order in which they are verified and reported."""
