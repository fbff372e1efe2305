"""Fills every table of a database with rows that its constraints take."""

from harness.database.filling.catalogue import Column, ForeignKey, Table, read_tables
from harness.database.filling.filler import fill, insert_one

__all__ = ["Column", "ForeignKey", "Table", "fill", "insert_one", "read_tables"]
