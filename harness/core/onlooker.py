"""What a run tells of itself while it goes on, for whoever shows it."""

from __future__ import annotations


class Onlooker:
    """Is told what a run does now. This one does nothing with it; whoever shows it overrides what it shows."""

    def phase(self, name: str) -> None:
        """From now on the run does something else, which is called so."""

    def begins(self, lane: int, router: str, route: str) -> None:
        """A lane sends requests to a route from now on."""

    def ends(self, lane: int) -> None:
        """A lane waits for no route any more."""
