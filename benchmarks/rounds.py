"""What every benchmark has in common: rounds in which all contestants run one after the other, and ratios within a round.

What else the machine does weighs on all contestants of a round alike; the median of the rounds counts, and their spread is shown.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence


class Ratios:
    """Ratios of several rounds, by name, with what each must reach. `at_most`: those that must not be larger instead."""

    def __init__(self, wanted: Mapping[str, float], at_most: Sequence[str] = ()) -> None:
        self.wanted = wanted
        self._at_most = frozenset(at_most)
        self.rounds: dict[str, list[float]] = {}

    def add(self, ratios: Mapping[str, float]) -> None:
        """Take the ratios of a round."""
        for name, ratio in ratios.items():
            self.rounds.setdefault(name, []).append(ratio)

    def missed(self, name: str) -> bool:
        """Whether the median is worse than what is wanted."""
        median = statistics.median(self.rounds[name])
        if name not in self.wanted:
            return False
        return median > self.wanted[name] if name in self._at_most else median < self.wanted[name]

    def show(self) -> bool:
        """Print the table; whether anything was missed."""
        width = max(map(len, self.rounds))
        print(f"\n{'ratio':{width}}   median     least to most   wanted", flush=True)
        for name, some in self.rounds.items():
            spread = f"{min(some):.2f} to {max(some):.2f}"
            bound = "at most" if name in self._at_most else "at least"
            wanted = f"{bound} {self.wanted[name]:g}" if name in self.wanted else ""
            told = "  MISSED" if self.missed(name) else ""
            print(f"{name:{width}} {statistics.median(some):8.2f} {spread:>17}   {wanted}{told}", flush=True)
        return any(map(self.missed, self.rounds))
