"""Progress on a terminal, drawn by rich: what is done now below, what is over above it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from harness.core.output import line

if TYPE_CHECKING:
    from harness.cli.progress import Progress

_BAR = 24
_MOST = 3
"""So many routes are named at most."""


class _Terminal(Console):
    """The cursor stays: whatever ends the process, nobody is left without one."""

    def show_cursor(self, show: bool = True) -> bool:
        return False


class _Stream:
    """A terminal that may be gone: nobody needs progress, and none ends a run."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.encoding = stream.encoding or "utf-8"

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._stream.fileno()


def _text(text: str, style: str = "") -> Text:
    """A text in one line; what does not fit is cut. It is no markup: a target's name may look like some."""
    return Text(line(text), style=style, no_wrap=True, overflow="ellipsis")


class Redrawn:
    """Redraws a progress some times a second, in a thread of its own. Reads NO_COLOR (no-color.org)."""

    def __init__(self, progress: Progress, stream: TextIO) -> None:
        self._progress = progress
        self._console = _Terminal(
            file=_Stream(stream),  # type: ignore[arg-type]  # It has what is asked of it.
            force_terminal=True, force_interactive=True, legacy_windows=False, highlight=False, markup=False, emoji=False,
        )  # fmt: skip
        self._live = Live(
            console=self._console, get_renderable=self.rendered, transient=True, redirect_stdout=False,
            redirect_stderr=False, refresh_per_second=8,
        )  # fmt: skip

    def begin(self) -> None:
        """Draw from now on."""
        self._live.start(refresh=True)

    def past(self, text: str) -> None:
        """A line that stays."""
        self._console.print(_text(text, "dim"))

    def end(self) -> None:
        """Take away what is drawn; what is over stays."""
        self._live.stop()

    def rendered(self) -> RenderableType:
        """What is to be seen now."""
        progress = self._progress
        row = [_text(progress.name or "start", "bold"), _text(progress.figures())]
        done, total, _ = progress.counts
        if total and self._console.width >= 3 * _BAR:
            row.insert(1, ProgressBar(total=total, completed=done, width=_BAR))  # type: ignore[arg-type]
        table = Table.grid(padding=(0, 1))
        for _ in row:
            table.add_column(no_wrap=True, overflow="ellipsis")
        table.add_row(*row)
        at = [
            _text(f"  {'slow' if each.slow else 'at'}: {each}", "yellow" if each.slow else "")
            for each in progress.at_work[:_MOST]
        ]
        beside = [_text(f"{name} {figures}") for name, figures in progress.going_on]
        return Group(table, *at, *beside)
