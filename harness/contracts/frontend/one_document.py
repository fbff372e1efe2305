"""Two people in one document: what a page's scripts keep in memory lives on where nothing is loaded anew between them.

That is how a single-page front end with a sign-in of its own works. Its cache of answers (TanStack Query, SWR, Apollo) has to be
emptied at the sign-out (https://tanstack.com/query/latest/docs/reference/QueryClient, queryClient.clear; CWE-524).
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from harness.contracts.frontend.flash import Flash, kind_of, shown_of
from harness.contracts.frontend.lasting import opened
from harness.contracts.frontend.signing import sign_in, sign_out
from harness.contracts.frontend.stage import Broken, Stage, Story
from harness.contracts.frontend.visitor import Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Page


def document_of(page: Page) -> float | None:
    """What tells the document of a tab from one that is loaded later (High Resolution Time, section 7: its time origin)."""
    with suppress(Exception):  # It is being left.
        return float(page.evaluate("performance.timeOrigin"))
    return None


def in_one_document(stage: Stage, story: Story) -> None:
    """Somebody signs out, and somebody else in, by the front end's own pages and links alone."""
    first, second = stage.person("Jana"), stage.person("Karl")
    paths = list(stage.file.protected)
    with stage.visitor(first) as visitor:
        ((_, page),) = opened(stage, story, visitor, paths[:1])
        document = document_of(page)
        for path in paths[1:]:
            if follow(page, path):
                visitor.wait(page, lambda path=path: stage.shows(visitor, page, path))  # type: ignore[misc]
                visitor.wait(page)
        sign_out(stage, story, visitor, page)
        visitor.wait(page)
        if not _to_sign_in(stage, visitor, page, paths) or document_of(page) != document:
            return
        story.step("somebody else signs in there, and nothing is loaded anew")
        try:
            sign_in(stage, story, visitor, page, second)
        except Broken:  # That is what `sign-in` is about.
            return
        for path in sorted(paths, key=lambda path: path != stage.path(page)):
            if stage.path(page) != path and not follow(page, path):
                continue
            flashed = Flash(stage, visitor, page, path, first)
            visitor.wait(page, flashed.gone)
            visitor.wait(page)
            if document_of(page) != document:
                return
            if mark := shown_of(stage, visitor, page, path, first):
                story.look(visitor, page)
                story.finding(
                    f"{path} shows {kind_of(mark)} of somebody who was signed in in the same document before, and stays so"
                )
            else:
                flashed.tell(story)


def _to_sign_in(stage: Stage, visitor: Visitor, page: Page, paths: list[str]) -> bool:
    """Get to the sign-in by what the page offers; whether that is where the tab is, on a page of the front end's own."""
    if not stage.at_sign_in(visitor, page) and not any(
        follow(page, path) for path in (stage.file.sign_in.page, *paths)
    ):
        with suppress(Exception):
            page.go_back()
    return visitor.wait(page, lambda: stage.at_sign_in(visitor, page), 4) and not stage.on_portal(page)


def follow(page: Page, path: str) -> bool:
    """Click a link to a path, as a person does; whether there is one."""
    with suppress(Exception):  # It is covered, or gone.
        link = page.locator(f'a[href="{path}"]').locator("visible=true")
        if link.count():
            link.first.click(timeout=2000)
            return True
    return False
