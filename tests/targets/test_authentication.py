"""Which functions of a module may be watched as authentication."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from harness.targets.agent.authentication import functions_of

CODE = """
import enum
from dataclasses import dataclass
from json import dumps

class State(enum.Enum):
    IN = "in"
    def is_signed_in(self): return self is State.IN

@dataclass
class Claims:
    sub: str
    @classmethod
    def verify(cls, token): return cls(token)

def verify_token(token): return Claims.verify(token)
"""


def test_a_module_has_its_own_functions_and_none_that_everybody_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("clerk_types")
    monkeypatch.setitem(sys.modules, "clerk_types", module)  # Where dataclasses look.
    exec(compile(CODE, "clerk_types.py", "exec"), vars(module))
    names = {name for name, _ in functions_of(module)}
    assert {"clerk_types:State.is_signed_in", "clerk_types:Claims.verify", "clerk_types:verify_token"} <= names
    assert not [name for name in names if "Enum" in name or "dumps" in name]
