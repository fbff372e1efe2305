"""A contract and security test harness for backends that move to Clerk authentication."""

__version__ = "0.1.0"
