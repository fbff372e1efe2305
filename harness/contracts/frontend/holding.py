"""Holds the checks one after the other, and says of each what was found."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from harness.contracts.base import Check, Contract, Progress
from harness.contracts.frontend import judging, lasting, outage, people
from harness.contracts.frontend.checks import JOURNEY, SPECS
from harness.contracts.frontend.journey import Travelled, travel
from harness.contracts.frontend.stage import Broken, Stage, Story, Unknown
from harness.contracts.frontend.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST = 6


def hold(
    contract: Contract,
    stage: Stage,
    public: Callable[[str, str], bool],
    progress: Progress | None,
    only: Collection[str] = (),
) -> list[Check]:
    """The checks of a front end, or those named in `only`; `public` says which routes need no token."""
    chosen = [name for name in SPECS if not only or name in only]
    stories = {name: Story(name, _camera(stage)) for name in chosen}
    unknown: dict[str, str] = {}
    done = 0
    if travelled := [name for name in chosen if name in JOURNEY]:
        _journey(stage, stories, unknown, public)
        done = len(travelled)
        _tell(progress, done, len(chosen))
    for name, function in apart().items():
        if name not in stories:
            continue
        try:
            function(stage, stories[name])
        except Broken as broken:
            stories[name].finding(str(broken))
        except Unknown as why:
            unknown[name] = str(why)
        done += 1
        _tell(progress, done, len(chosen))
    return [_check(contract, stories[name], unknown.get(name)) for name in chosen]


def apart() -> Mapping[str, Callable[[Stage, Story], None]]:
    """The checks with browsers of their own."""
    return {
        "sign-out": lasting.signed_out,
        "revoked": lasting.revoked,
        "refresh": lasting.refresh,
        "separation": people.separation,
        "organization": people.organization,
        "outage": outage.outage,
    }


def _tell(progress: Progress | None, done: int, total: int) -> None:
    if progress is not None:
        progress(done, total)


def _journey(
    stage: Stage, stories: dict[str, Story], unknown: dict[str, str], public: Callable[[str, str], bool]
) -> None:
    story = stories.get("sign-in") or Story("sign-in", _camera(stage))
    with stage.visitor() as visitor:
        done = travel(stage, story, visitor)
        visitor.complete(lambda sent: stage.to_backend(sent) or judging.abroad(stage, sent))
    if done.visitor.looped and not story.broken:
        unknown["sign-in"] = "a page does not come to rest: no-loop tells which"
    for name, judge in _judges(stage, done, public).items():
        if name not in stories:
            continue
        if name != "no-loop" and not done.signed:
            unknown[name] = "nobody could be signed in: sign-in or no-loop tell why"
            continue
        own = stories[name]
        try:
            judge(own)
        except Unknown as why:
            unknown[name] = str(why)
        if name != "no-loop" and not done.opened and not own.broken:
            unknown[name] = "no protected page opened for somebody who is signed in: sign-in or no-loop tell why"
        if own.broken and done.pictures:
            shown = next((path for path in done.pictures if path in own.broken[0]), next(iter(done.pictures)))
            own.picture = _put(stage, name, done.pictures[shown])


def _judges(stage: Stage, done: Travelled, public: Callable[[str, str], bool]) -> dict[str, Callable[[Story], None]]:
    return {
        "fresh-token": lambda story: judging.fresh_token(stage, story, done, public),
        "token-origin": lambda story: judging.token_origin(stage, story, done),
        "no-stored-credential": lambda story: judging.no_stored_credential(stage, story, done),
        "no-loop": lambda story: judging.no_loop(stage, story, done),
    }


def _camera(stage: Stage) -> Callable[[str, Visitor, Any], str]:
    """What takes pictures, into the folder of the reports; where that cannot be written there are none."""

    return lambda name, visitor, page: _put(stage, name, visitor.picture(page))


def _put(stage: Stage, name: str, picture: bytes | None) -> str:
    if picture is None:
        return ""
    file = stage.folder / f"{name}.png"
    try:
        stage.folder.mkdir(parents=True, exist_ok=True)
        file.write_bytes(picture)
    except OSError:
        return ""
    return f"{stage.folder.name}/{file.name}"


def _check(contract: Contract, story: Story, unknown: str | None) -> Check:
    check = contract.check(SPECS[story.name], count=story.count)
    if story.broken:
        check.status = "broken"
        more = len(story.broken) - _MOST
        check.detail = "; ".join(story.broken[:_MOST]) + (f"; and {more} more" if more > 0 else "")
        check.events, check.picture = story.steps, story.picture
    elif unknown is not None:
        check.detail = unknown
    else:
        check.status = "proven"
    return check
