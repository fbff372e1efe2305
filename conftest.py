"""Shared by all tests: pytest's own test bench, for the plugin."""

pytest_plugins = ["pytester"]
