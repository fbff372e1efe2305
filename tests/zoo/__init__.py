"""The zoo: small backends that differ from a correct one in exactly one flaw, and correct ones of many kinds.

`python -m tests.zoo` tries every one and writes TABLE.md; the tests hold it to be true.
"""
