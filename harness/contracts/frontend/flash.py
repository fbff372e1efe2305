"""What a page shows for a moment: watched while it loads, for what speaks of somebody who has signed out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from harness.contracts.frontend.stage import Person, Stage, Story
from harness.contracts.frontend.visitor import Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Page


class Flash:
    """Whether a page shows what speaks of somebody while it loads: what was kept of them is shown at once, and replaced a moment later.

    `until`: what the page comes to in the end; without it, what the page declares to show.
    """

    def __init__(
        self,
        stage: Stage,
        visitor: Visitor,
        page: Page,
        path: str,
        other: Person,
        until: Callable[[], bool] | None = None,
    ) -> None:
        self.stage, self.visitor, self.page, self.path, self.other = stage, visitor, page, path, other
        self.until = until or (lambda: stage.shows(visitor, page, path))
        self.seen: set[str] = set()

    def gone(self) -> bool:
        """Look at the page; whether it has come to what it shows in the end."""
        if self._here() and not self.stage.file.pages[self.path].others:
            text = self.visitor.text(self.page)
            if self._here():
                self.seen |= {mark for mark in self.other.marks if mark in text}
        return self.until()

    def _here(self) -> bool:
        """Whether the tab shows the page: a sign-in may say who was there last."""
        return self.stage.path(self.page) == self.path and not self.stage.at_sign_in(self.visitor, self.page)

    def tell(self, story: Story) -> None:
        """What was seen on the way there."""
        for mark in sorted(self.seen)[:1]:
            story.look(self.visitor, self.page)
            story.finding(
                f"{self.path} shows, while it loads, {kind_of(mark)} of somebody who was signed in in the same browser before"
            )


def shown_of(stage: Stage, visitor: Visitor, page: Page, path: str, other: Person) -> str | None:
    """What the page shows that speaks of somebody; None for nothing, and where it shows other people's data too."""
    text = "" if stage.file.pages[path].others else visitor.text(page)
    return next((mark for mark in sorted(other.marks) if mark in text), None)


def kind_of(mark: str) -> str:
    """In words what of a person it is."""
    return "the e-mail address" if "@" in mark else "the id" if mark.startswith("user_") else "the name"
