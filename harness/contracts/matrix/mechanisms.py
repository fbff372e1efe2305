"""Which authentication code let a request in."""

from __future__ import annotations

from fnmatch import fnmatchcase

from harness.targets.base import Observation


class Mechanisms:
    """The authentication functions of a target, by the mechanism to which each belongs.

    `declared`: the patterns are the user's own, so that a request to which none of their functions consented is a finding.
    Where they are guessed from names, only the consent of another mechanism is.
    """

    def __init__(self, patterns: dict[str, list[str]], functions: list[str], *, declared: bool = True) -> None:
        self._of: dict[str, str] = {}
        self._by_name: set[str] = set()
        """The functions that a pattern names without a wildcard."""
        self.declared = declared
        for function in functions:
            spelled = function if declared else function.lower()
            for mechanism, names in patterns.items():
                matching = [name for name in names if fnmatchcase(spelled, name)]
                if matching:
                    self._of[function] = mechanism
                    if any(not set("*?[") & set(name.partition(":")[2]) for name in matching):
                        self._by_name.add(function)
                    break

    def known(self, mechanism: str) -> bool:
        """Whether any function of the target belongs to a mechanism."""
        return mechanism in self._of.values()

    def of(self, observation: Observation, always: frozenset[tuple[str, bool]] = frozenset()) -> tuple[str, ...]:
        """Return the mechanisms that consented to a request: a function of theirs returned something true.

        Functions that do so without any credential (`always`) do not count, nor those that only wrap the request and end
        after the handler.
        """
        consented = [name for name, good, phase in observation.ran if good and phase < 2 and (name, good) not in always]
        return tuple(dict.fromkeys(self._of[name] for name in consented if name in self._of))

    def silent(self, observation: Observation, always: frozenset[tuple[str, bool]] = frozenset()) -> tuple[str, ...]:
        """Return the mechanisms of which a function ended and returned nothing true, as checks do that raise to refuse.

        A function that wraps the request, as middleware does, counts only where the user has named that very function.
        """
        ended = [
            name
            for name, good, phase in observation.ran
            if (phase < 2 and not good and (name, good) not in always) or (phase == 2 and name in self._by_name)
        ]
        return tuple(dict.fromkeys(self._of[name] for name in ended if name in self._of))
