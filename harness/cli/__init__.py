"""The command `clerk-harness`."""
