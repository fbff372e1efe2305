"""The agent: loads the target's app in the target's own Python and executes requests for the harness.

Standard library only, Python 3.9 and later; imports nothing of the harness. It is loaded under the name
`_clerk_harness_agent`, so that none of its modules can be mistaken for one of the target's.
"""
