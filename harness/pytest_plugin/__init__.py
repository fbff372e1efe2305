"""Suites as pytest items."""
