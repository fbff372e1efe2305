"""Mutation testing of the rules: which small changes of them would the unit tests miss? `python -m tests.mutants --help`."""
