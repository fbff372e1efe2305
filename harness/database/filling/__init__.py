"""Fills every table of a database with rows that its constraints take."""

from harness.database.filling.catalogue import Column, ForeignKey, Table, read_tables
from harness.database.filling.filler import fill, insert_one
from harness.database.filling.growth import Grown, grow

__all__ = ["Column", "ForeignKey", "Grown", "Table", "fill", "grow", "insert_one", "read_tables"]
