"""What lasts and what ends: a page that is open for longer than a token lives, and pages whose session has been ended.

Nobody waits for it: the clock of the browser's pages is moved, as if the time had passed (playwright.dev, Clock).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harness.contracts.frontend.judging import presented
from harness.contracts.frontend.signing import sign_out
from harness.contracts.frontend.stage import Person, Stage, Story, Unknown
from harness.contracts.frontend.traces import claims_of
from harness.contracts.frontend.visitor import Sent, Visitor
from harness.fake_clerk.models.sessions import Session

if TYPE_CHECKING:
    from playwright.sync_api import Page

_PAUSE = 120
"""Seconds that pass while a page is open: twice as long as a token lives."""
_OLDER = 5
"""Seconds by which tokens that were issued before the pause are older than any that can be issued after it."""
_MORE = 10


def opened(stage: Stage, story: Story, visitor: Visitor, paths: list[str]) -> list[tuple[str, Page]]:
    """Each page in a tab of its own, of somebody who is signed in. Raises Unknown where one does not open."""
    tabs = []
    for path in paths:
        page = visitor.tab()
        story.step(f"opened {path} signed in, in a tab of its own")
        if not visitor.visit(page, stage.origin + path, lambda path=path, page=page: stage.shows(visitor, page, path)):  # type: ignore[misc]
            raise Unknown(f"{path} does not open for somebody who is signed in: the tab shows {stage.path(page)}")
        visitor.wait(page)
        tabs.append((path, page))
    return tabs


def ask_again(stage: Stage, visitor: Visitor, path: str, page: Page) -> None:
    """Let a page ask the backend again: by what is declared, else by opening it anew."""
    again = stage.file.pages[path].again
    if again is None:
        visitor.visit(page, stage.origin + path)
    else:
        with suppress(Exception):  # It is gone: the page has been left.
            page.locator(again).first.click(timeout=2000)
    visitor.wait(page)


@contextmanager
def clock_behind(stage: Stage, seconds: int) -> Iterator[None]:
    """Let the issuer's clock be behind, so that its tokens can be told from later ones; they are as valid."""
    kept = stage.clerk.clock
    stage.clerk.clock = lambda: kept() - seconds
    try:
        yield
    finally:
        stage.clerk.clock = kept


def issued(sent: Sent) -> Iterator[int]:
    """When the tokens of a request were issued."""
    for token in presented(sent):
        claims = claims_of(token) or {}
        if isinstance(claims.get("iat"), int):
            yield claims["iat"]


def refresh(stage: Stage, story: Story) -> None:
    """Pages are open for two minutes, and ask the backend again."""
    person = stage.person("Rosa")
    with stage.visitor(clock=True) as visitor:
        with clock_behind(stage, 2 * _OLDER):
            stage.enter(visitor, person)
            tabs = opened(stage, story, visitor, list(stage.file.protected))
        begun, before = int(time.time()), len(visitor.sent)
        story.step(f"{_PAUSE} seconds passed on the browser's clock")
        visitor.context.clock.fast_forward(_PAUSE * 1000)
        for path, page in tabs:
            visitor.wait(page)
            story.step(f"{path} asked the backend again")
            ask_again(stage, visitor, path, page)
            if not stage.shows(visitor, page, path):
                story.look(visitor, page)
                story.finding(f"after {_PAUSE} seconds {path} does not work any more: the tab shows {stage.path(page)}")
        visitor.complete(stage.to_backend)
        asked = [sent for sent in visitor.sent[before:] if stage.to_backend(sent)]
        for sent in asked:
            story.count += 1
            if any(at <= begun - _OLDER for at in issued(sent)):
                story.look(visitor, tabs[0][1])
                place = f"{sent.method} {sent.path} of {urlsplit(sent.page).path}"
                story.finding(f"{place} carries a token from {_PAUSE} seconds before, which has run out by then", sent)
        if not asked and not story.broken:
            raise Unknown(
                'no page asked the backend again: say what makes one do so: "/page" = { who = "signed-in", again = "#reload" }'
            )


def signed_out(stage: Stage, story: Story) -> None:
    """One tab signs out; it and the other one stop."""
    person = stage.person("Stella")
    with stage.visitor(person, clock=True) as visitor:
        tabs = opened(stage, story, visitor, two(stage))
        sign_out(stage, story, visitor, tabs[0][1])
        ended = lambda: not any(s.open for s in sessions_of(stage, person))  # noqa: E731
        if not visitor.wait(tabs[0][1], ended):
            raise Unknown("the sign-out does not end the session: sign-in tells why")
        _stop(stage, story, visitor, tabs, "the sign-out")


def revoked(stage: Stage, story: Story) -> None:
    """Sessions end at Clerk, and the open pages stop."""
    directory = stage.clerk.directory

    def revoke(person: Person) -> None:
        for session in sessions_of(stage, person):
            directory.set_session(session, "revoked")

    causes: dict[str, Callable[[Person], object]] = {
        "the revocation of the session": revoke,
        "the ban": lambda person: directory.update_user(person.user.id, banned=True),
        "the deletion of the account": lambda person: directory.remove_user(person.user.id),
    }
    for cause, end in causes.items():
        person = stage.person("Vera")
        own = Story(story.name, story.shot)
        with stage.visitor(person, clock=True) as visitor:
            tabs = opened(stage, own, visitor, two(stage))
            own.step(f"{cause}, at Clerk")
            end(person)
            _stop(stage, own, visitor, tabs, cause)
        story.count += own.count
        if own.broken and not story.broken:
            story.steps, story.picture = own.steps, own.picture
        story.broken += own.broken


def two(stage: Stage) -> list[str]:
    """The pages of two tabs: the first and the last that are protected."""
    paths = list(stage.file.protected)
    return [paths[0], paths[-1]]


def sessions_of(stage: Stage, person: Person) -> list[Session]:
    """All sessions of a person, ended ones too."""
    return [s for s in list(stage.clerk.directory.sessions.values()) if s.user_id == person.user.id]


def _stop(stage: Stage, story: Story, visitor: Visitor, tabs: list[tuple[str, Page]], cause: str) -> None:
    """Let the declared time pass; after it no tab shows its page, and none sends a token any more."""
    within = stage.file.within
    story.step(f"{within:g} seconds passed on the browser's clock")
    visitor.context.clock.fast_forward(int(within * 1000))
    visitor.wait(tabs[0][1], lambda: not any(stage.shows(visitor, page, path) for path, page in tabs))
    for number, (path, page) in enumerate(tabs, 1):
        story.count += 1
        if stage.shows(visitor, page, path):
            story.look(visitor, page)
            story.finding(f"{within:g} s after {cause} tab {number} still shows {path}")
    for _, page in tabs:
        visitor.wait(page)
    before = len(visitor.sent)  # What was due in the meantime has been sent.
    story.step(f"{_MORE} seconds more passed")
    visitor.context.clock.fast_forward(_MORE * 1000)
    for _, page in tabs:
        visitor.wait(page)
    visitor.complete(stage.to_backend)
    for sent in visitor.sent[before:]:
        if stage.to_backend(sent) and presented(sent):
            story.finding(f"{within:g} s after {cause} {sent.method} {sent.path} is still sent with a token", sent)
