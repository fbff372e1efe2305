"""Clerk cannot be reached for a while: nobody is let in by that, nothing breaks for good, and no page is blank."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.contracts.frontend.flash import kind_of, shown_of
from harness.contracts.frontend.lasting import opened, sessions_of, two
from harness.contracts.frontend.signing import sign_out
from harness.contracts.frontend.stage import Person, Stage, Story, Unknown
from harness.contracts.frontend.visitor import Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route


class _Line:
    """The way to Clerk, which can be cut."""

    def __init__(self, stage: Stage, *visitors: Visitor) -> None:
        self.cut = False
        for visitor in visitors:
            for name in (stage.clerk.issuer, stage.clerk.portal):
                visitor.context.route(f"{name}/**", self._pass)

    def _pass(self, route: Route) -> None:
        if self.cut:
            route.abort("connectionrefused")
        else:
            route.continue_()


def outage(stage: Stage, story: Story) -> None:
    """Open pages with Clerk, without it, and with it again, as somebody who is signed in and as a stranger."""
    paths = list(dict.fromkeys(two(stage)))
    left = stage.person("Quentin")
    with stage.visitor(stage.person("Paula")) as visitor, stage.visitor(left) as stranger:
        other = _signed_out(stage, story, stranger, left, paths)
        line = _Line(stage, visitor, stranger)
        ((_, page),) = opened(stage, story, visitor, paths[:1])
        story.step("Clerk could not be reached any more")
        line.cut = True
        for path in paths:
            _without_clerk(stage, story, visitor, page, path)
            _without_clerk(stage, story, stranger, other, path, left)
        story.step("Clerk could be reached again")
        line.cut = False
        for path in paths:
            story.step(f"opened {path} signed in")
            story.count += 1
            if not visitor.visit(page, stage.origin + path, lambda path=path: stage.shows(visitor, page, path)):  # type: ignore[misc]
                story.look(visitor, page)
                story.finding(f"{path} does not recover: when Clerk is back the tab shows {stage.path(page)}")
        story.step(f"opened {paths[0]} as a stranger")
        if not stranger.visit(other, stage.origin + paths[0], lambda: stage.at_sign_in(stranger, other)):
            story.look(stranger, other)
            story.finding(f"{paths[0]} does not send a stranger to the sign-in when Clerk is back")


def _signed_out(stage: Stage, story: Story, visitor: Visitor, person: Person, paths: list[str]) -> Page:
    """A stranger in whose browser somebody has seen the pages and signed out: what was kept of that may not come back by an outage,
    which whoever has the browser makes by blocking one host.
    """
    (_, page), *others = opened(stage, story, visitor, paths)
    sign_out(stage, story, visitor, page)
    if not visitor.wait(page, lambda: not any(session.open for session in sessions_of(stage, person))):
        raise Unknown("the sign-out does not end the session: sign-in tells why")
    visitor.wait(page)
    for _, tab in others:
        tab.close()
    return page


def _without_clerk(
    stage: Stage, story: Story, visitor: Visitor, page: Page, path: str, left: Person | None = None
) -> None:
    """Open a page while Clerk is away, as somebody who is signed in, or where `left` has signed out."""
    who = "signed in" if left is None else "after the sign-out"
    story.step(f"opened {path} {who}")
    story.count += 1
    before = len(visitor.sent)
    visitor.visit(page, stage.origin + path)
    if not visitor.text(page).strip() and not page.url.startswith("chrome-error:"):
        story.look(visitor, page)
        story.finding(
            f"while Clerk cannot be reached {path} is blank for somebody who is {'signed in' if left is None else 'a stranger'}"
        )
    if left is None:
        return
    if mark := shown_of(stage, visitor, page, path, left):
        story.look(visitor, page)
        story.finding(f"while Clerk cannot be reached {path} shows {kind_of(mark)} of somebody who has signed out")
    # Without a selector nobody can tell the page from one that says what is wrong.
    if stage.file.pages[path].shows is not None and stage.shows(visitor, page, path):
        story.look(visitor, page)
        story.finding(f"while Clerk cannot be reached a stranger sees {path}")
    for sent in stage.answered(visitor, before):
        if sent.status is not None and sent.status < 400 and "authorization" in sent.headers:
            story.finding(
                f"while Clerk cannot be reached {path} asks the backend for a stranger, with a credential", sent
            )
