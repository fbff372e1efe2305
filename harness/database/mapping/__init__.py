"""Which identifier of a user each table of a given database holds: by reading it, and nothing else."""

from harness.database.mapping.model import ColumnFigures, Mapping, Named, UserFigures, Users
from harness.database.mapping.reading import read_mapping

__all__ = ["ColumnFigures", "Mapping", "Named", "UserFigures", "Users", "read_mapping"]
