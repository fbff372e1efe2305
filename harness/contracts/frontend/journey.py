"""One person's way through all pages: as a stranger, signed up, signed in and out again. Five checks are judged of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.contracts.frontend.signing import sign_in, sign_out, sign_up
from harness.contracts.frontend.stage import Broken, Person, Stage, Story
from harness.contracts.frontend.visitor import Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Page


@dataclass
class Travelled:
    """What the journey has left behind. `signed`: somebody got in; `opened`: the protected pages that were seen then, of which there are
    `pictures`; `first` and `last`: which requests of the record were sent while somebody was signed in.
    """

    visitor: Visitor
    person: Person | None = None
    signed: bool = False
    opened: list[str] = field(default_factory=list)
    pictures: dict[str, bytes] = field(default_factory=dict)
    first: int = 0
    last: int | None = None


def travel(stage: Stage, story: Story, visitor: Visitor) -> Travelled:
    """Go the whole way; what does not hold of `sign-in` is noted in `story`."""
    done = Travelled(visitor)
    page = visitor.tab()
    if stage.file.sign_up is None:
        done.person = stage.person("Nora")  # Before the portal's page lists who there is.
    try:
        _as_stranger(stage, story, visitor, page)
        if visitor.looped:
            return done
        if stage.file.sign_up is not None:
            done.person = sign_up(stage, story, visitor, page)
            visitor.wait(page)
            visitor.keep(page)
            _leave(stage, story, visitor, page)
        _come_back(stage, story, visitor, page, done)
        _look_around(stage, story, visitor, page, done)
        done.last = len(visitor.sent)
        _leave(stage, story, visitor, page)
        visitor.keep(page)
    except Broken as broken:
        story.finding(str(broken))
    return done


def _as_stranger(stage: Stage, story: Story, visitor: Visitor, page: Page) -> None:
    for path in stage.file.public:
        story.step(f"opened {path} as a stranger")
        visitor.visit(page, stage.origin + path)
        story.count += 1
        if not stage.shows(visitor, page, path):
            story.look(visitor, page)
            story.finding(f"{path} is public, and a stranger gets to {stage.path(page)}")
    for path in stage.file.protected:
        story.step(f"opened {path} as a stranger")
        story.count += 1
        if not visitor.visit(page, stage.origin + path, lambda: stage.at_sign_in(visitor, page)):
            story.look(visitor, page)
            if not visitor.looped:
                story.finding(f"{path} does not send a stranger to the sign-in: the tab shows {stage.path(page)}")


def _come_back(stage: Stage, story: Story, visitor: Visitor, page: Page, done: Travelled) -> None:
    """Ask for the last protected page, sign in, and be there."""
    assert done.person is not None
    path = list(stage.file.protected)[-1]
    if story.steps[-1] != (asked := f"opened {path} as a stranger"):
        story.step(asked)
        visitor.visit(page, stage.origin + path, lambda: stage.at_sign_in(visitor, page))
    if not stage.at_sign_in(visitor, page):
        visitor.visit(page, stage.origin + stage.file.sign_in.page, lambda: stage.at_sign_in(visitor, page))
    visitor.wait(page)
    done.first = len(visitor.sent)
    sign_in(stage, story, visitor, page, done.person)
    done.signed = True
    wanted = stage.file.sign_in.after or path
    story.count += 1
    if not visitor.wait(page, lambda: stage.path(page) == wanted, 4):
        story.look(visitor, page)
        story.finding(
            f"after the sign-in the tab shows {stage.path(page)}, not {wanted}, which was asked for"
            + ("" if stage.file.sign_in.after else "; where that is meant, say so: [sign_in] after")
        )


def _look_around(stage: Stage, story: Story, visitor: Visitor, page: Page, done: Travelled) -> None:
    """Open every page, the one to which the sign-in led first, where the person is already."""
    here = stage.path(page)
    for path in sorted(stage.file.pages, key=lambda path: path != here):
        if visitor.looped:
            return
        story.step(f"opened {path} signed in")
        asked = len(visitor.sent) if path != here else done.first
        if path == here:
            shown = visitor.wait(page, lambda: stage.shows(visitor, page, here))
        else:
            shown = visitor.visit(page, stage.origin + path, lambda path=path: stage.shows(visitor, page, path))  # type: ignore[misc]
        visitor.wait(page)
        visitor.keep(page)
        if stage.file.pages[path].who == "public":
            continue
        story.count += 1
        if (picture := visitor.picture(page)) is not None:
            done.pictures[path] = picture
        if not shown or not stage.shows(visitor, page, path):
            story.look(visitor, page)
            refused = [sent for sent in stage.answered(visitor, asked) if (sent.status or 0) >= 400]
            why = (
                f"; the backend answered {refused[0].status} to {refused[0].method} {refused[0].path}"
                if refused
                else ""
            )
            story.finding(f"{path} does not open for somebody who is signed in: the tab shows {stage.path(page)}{why}")
        else:
            done.opened.append(path)


def _leave(stage: Stage, story: Story, visitor: Visitor, page: Page) -> None:
    """Sign out on a protected page, and be a stranger again there."""
    path = stage.path(page)
    if path not in stage.file.protected:
        path = next(iter(stage.file.protected))
        visitor.visit(page, stage.origin + path, lambda: stage.shows(visitor, page, path))
        visitor.wait(page)
    sign_out(stage, story, visitor, page)
    left = visitor.wait(page, lambda: not _open_sessions(stage, visitor))
    visitor.wait(page)
    story.count += 1
    if not left:
        story.look(visitor, page)
        raise Broken("the sign-out does not end the session: Clerk still holds it open")
    story.step(f"opened {path} after the sign-out")
    if not visitor.visit(page, stage.origin + path, lambda: stage.at_sign_in(visitor, page)):
        story.look(visitor, page)
        raise Broken(f"after the sign-out {path} still opens: the tab shows {stage.path(page)}")


def _open_sessions(stage: Stage, visitor: Visitor) -> list[str]:
    """The sessions of this browser that Clerk holds open."""
    tokens = {
        str(c["value"]) for c in visitor.context.cookies() if str(c["name"]).startswith(("__clerk_db_jwt", "__client"))
    }
    clients = {stage.clerk.browsers.get(token) for token in tokens} - {None}
    return [s.id for s in list(stage.clerk.directory.sessions.values()) if s.open and s.client_id in clients]
