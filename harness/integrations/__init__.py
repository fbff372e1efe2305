"""Other tools that ask the auth matrix."""
