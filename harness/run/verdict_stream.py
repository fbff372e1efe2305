"""A stream of verdicts that is drawn ahead of those who wait for them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.contracts.matrix import CellVerdict


class VerdictStream:
    """A stream of verdicts drawn in a thread, so that the target works while pytest reports."""

    def __init__(self, verdicts: Iterator[CellVerdict]) -> None:
        self._found: queue.SimpleQueue[CellVerdict | Exception | None] = queue.SimpleQueue()
        self._stopped = False
        self._thread = threading.Thread(target=self._draw, args=(verdicts,), name="clerk-harness-engine", daemon=True)
        self._thread.start()

    def _draw(self, verdicts: Iterator[CellVerdict]) -> None:
        try:
            for verdict in verdicts:
                self._found.put(verdict)
                if self._stopped:
                    return
            self._found.put(None)
        except Exception as error:
            self._found.put(error)

    def next(self) -> CellVerdict | None:
        """The next verdict; None at the end. Raises what the engine raised."""
        found = self._found.get()
        if isinstance(found, Exception):
            raise found
        return found

    def close(self) -> None:
        """Draw no further, and wait until what was sent has been answered."""
        self._stopped = True
        self._thread.join()
