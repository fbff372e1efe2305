"""Two people at one front end, and one person in two organizations."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from harness.contracts.frontend.flash import Flash, kind_of, shown_of
from harness.contracts.frontend.judging import presented
from harness.contracts.frontend.lasting import ask_again, opened
from harness.contracts.frontend.one_document import document_of, in_one_document
from harness.contracts.frontend.signing import sign_out
from harness.contracts.frontend.stage import Broken, Person, Stage, Story, Unknown
from harness.contracts.frontend.traces import claims_of
from harness.contracts.frontend.visitor import Sent, Visitor
from harness.fake_clerk.models.organizations import Organization

if TYPE_CHECKING:
    from playwright.sync_api import Page


def separation(stage: Stage, story: Story) -> None:
    """Two people in two browsers, then one after the other in the same: neither sees the other's data."""
    first, second = stage.person("Hanna"), stage.person("Ivo")
    with stage.visitor(first) as hers, stage.visitor(second) as his:
        (_, page), *_ = opened(stage, story, hers, list(stage.file.protected))
        story.step("somebody else does the same in another browser")
        opened(stage, story, his, list(stage.file.protected))
        _hold_apart(stage, story, his, second, first, "in another browser")
        _hold_apart(stage, story, hers, first, second, "in another browser")
        document = document_of(page)
        sign_out(stage, story, hers, page)
        hers.wait(page)
        stays = document is not None and document_of(page) == document
        for tab in hers.context.pages[1:]:
            tab.close()
        _after_sign_out(stage, story, hers, page, first)
        story.step("somebody else signs in in the same browser")
        stage.enter(hers, second)
        before = len(hers.sent)
        for path in stage.file.protected:
            story.step(f"opened {path}")
            flashed = Flash(stage, hers, page, path, first)
            hers.visit(page, stage.origin + path, flashed.gone)
            hers.wait(page)
            flashed.tell(story)
            _look(stage, story, hers, page, path, first, "in the same browser before")
        _hold_tokens(stage, story, hers, hers.sent[before:], second)
    if stays:
        in_one_document(stage, story)


def _after_sign_out(stage: Stage, story: Story, visitor: Visitor, page: Page, left: Person) -> None:
    """Open the pages when somebody has signed out: what was kept of them is not shown on the way to the sign-in."""
    for path in stage.file.protected:
        story.step(f"opened {path} after the sign-out")
        flashed = Flash(stage, visitor, page, path, left, lambda: stage.at_sign_in(visitor, page))
        visitor.visit(page, stage.origin + path, flashed.gone)
        flashed.tell(story)


def _hold_apart(stage: Stage, story: Story, visitor: Visitor, own: Person, other: Person, where: str) -> None:
    for page in visitor.context.pages:
        _look(stage, story, visitor, page, stage.path(page), other, where)
    _hold_tokens(stage, story, visitor, visitor.sent, own)


def _look(stage: Stage, story: Story, visitor: Visitor, page: Page, path: str, other: Person, where: str) -> None:
    declared = stage.file.pages.get(path)
    if declared is None or declared.others:
        return
    story.count += 1
    if mark := shown_of(stage, visitor, page, path, other):
        story.look(visitor, page)
        story.finding(
            f"{path} shows {kind_of(mark)} of somebody who {'was' if 'before' in where else 'is'} signed in {where}"
        )


def _hold_tokens(stage: Stage, story: Story, visitor: Visitor, requests: list[Sent], own: Person) -> None:
    visitor.complete(stage.to_backend)
    for sent in requests:
        if stage.to_backend(sent):
            for token in presented(sent):
                if (claims := claims_of(token)) is not None and claims.get("sub") != own.user.id:
                    story.finding(f"{sent.method} {sent.path} is sent with the token of somebody else", sent)


def organization(stage: Stage, story: Story) -> None:
    """Somebody who belongs to two organizations switches from one to the other."""
    declared = stage.file.organization
    if declared is None:
        raise Unknown('frontend.toml does not say how one switches: [organization] switch = ["#menu", "text={name}"]')
    person = stage.person("Olga")
    mark = person.user.id[-5:].lower()
    here, there = (Organization(f"{name} {mark}", f"{name.lower()}-{mark}") for name in ("North", "South"))
    for each in (here, there):
        stage.clerk.directory.organizations[each.id] = each
        stage.clerk.directory.join(each, person.user, "org:admin")
    with stage.visitor() as visitor:
        stage.enter(visitor, person, here.id)
        path = next(iter(stage.file.protected))
        ((_, page),) = opened(stage, story, visitor, [path])
        _hold_tenant(stage, story, visitor, 0, here, "before the switch")
        story.step(f"switched to the organization {there.name}")
        _switch(stage, story, visitor, page, declared.switch, there)
        stage_of = lambda: _active(stage, person) == there.id  # noqa: E731
        if not visitor.wait(page, stage_of):
            story.look(visitor, page)
            raise Broken("the switch does not reach Clerk: the session still has the other organization")
        visitor.wait(page)
        before = len(visitor.sent)
        story.step("the page asked the backend again")
        ask_again(stage, visitor, path, page)
        if not _hold_tenant(stage, story, visitor, before, there, "after the switch"):
            raise Unknown('no page asked the backend after the switch: say what makes one do so, again = "#reload"')


def _active(stage: Stage, person: Person) -> str | None:
    found = [s for s in list(stage.clerk.directory.sessions.values()) if s.user_id == person.user.id and s.open]
    return found[-1].organization_id if found else None


def _switch(
    stage: Stage, story: Story, visitor: Visitor, page: Page, selectors: tuple[str, ...], to: Organization
) -> None:
    for selector in selectors:
        filled = selector.replace("{id}", to.id).replace("{slug}", to.slug).replace("{name}", to.name)
        found = page.locator(filled).first
        try:
            if found.evaluate("element => element.tagName") == "SELECT":
                for option in ({"value": to.id}, {"value": to.slug}, {"label": to.name}):
                    with suppress(Exception):  # One of the three is how it names its options.
                        found.select_option(**option, timeout=500)  # type: ignore[arg-type]
                        break
            else:
                found.click()
        except Exception:
            story.look(visitor, page)
            raise Broken(f"organization.switch: {filled} could not be clicked at {stage.path(page)}") from None


def _hold_tenant(stage: Stage, story: Story, visitor: Visitor, since: int, wanted: Organization, when: str) -> int:
    """Hold the tokens that were sent to an organization; how many there were."""
    visitor.complete(stage.to_backend)
    seen = 0
    for sent in visitor.sent[since:]:
        for token in presented(sent) if stage.to_backend(sent) else []:
            claims = claims_of(token) or {}
            tenant = (claims.get("o") or {}).get("id") or claims.get("org_id")
            seen += 1
            story.count += 1
            if tenant != wanted.id:
                other = "another organization" if tenant else "no organization"
                story.finding(f"{when} {sent.method} {sent.path} carries a token of {other}", sent)
    return seen
