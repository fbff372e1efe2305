"""Signs somebody up, in and out, as a person does: on the account portal's pages or by the front end's own forms."""

from __future__ import annotations

import re
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote, urlsplit

from harness.contracts.frontend.declaration import SignIn, SignUp
from harness.contracts.frontend.stage import Broken, Person, Stage, Story
from harness.contracts.frontend.visitor import Visitor, origin_of
from harness.core.redact import learn_made

if TYPE_CHECKING:
    from playwright.sync_api import Page

_CODE = "424242"
"""What Clerk's test addresses take (https://clerk.com/docs/guides/development/testing/test-emails-and-phones)."""
_SIGN_OUT = re.compile(r"^\s*(sign|log)\s?-?\s?(out|off)\s*$", re.IGNORECASE)
_CLERKS_BUTTON = (".cl-userButtonTrigger", ".cl-userButtonPopoverActionButton__signOut")
_STEPS = 6
_SOON = 3.0


def sign_in(stage: Stage, story: Story, visitor: Visitor, page: Page, person: Person) -> None:
    """Sign `person` in on the sign-in that a tab shows, and wait until the tab has left it. Raises Broken."""
    if origin_of(page.url) == stage.clerk.portal:
        story.step("chose a person on the account portal's sign-in page")
        with suppress(Exception):  # The page is left by it.
            page.click(f"button[value='{person.user.id}']")
    else:
        story.step(f"filled in the sign-in of {_where(page)}")
        _fill(stage, visitor, page, stage.file.sign_in, person)
    if not visitor.wait(page, lambda: origin_of(page.url) == stage.origin and not stage.at_sign_in(visitor, page)):
        story.look(visitor, page)
        raise Broken(f"nobody gets in: after the sign-in the tab still shows it at {_where(page)}{_why(visitor)}")


def sign_up(stage: Stage, story: Story, visitor: Visitor, page: Page) -> Person:
    """Sign somebody new up by the declared sign-up; who it is. Raises Broken."""
    form = stage.file.sign_up
    assert form is not None
    mark = secrets.token_hex(3)
    email, password = f"newcomer.{mark}+clerk_test@example.com", f"Harness-{secrets.token_hex(8)}"
    learn_made(password)
    known = set(stage.clerk.directory.users)
    if form.portal:
        back = quote(stage.origin + next(iter(stage.file.protected)), safe="")
        visitor.visit(page, f"{stage.clerk.portal}/sign-up?redirect_url={back}")
        form = form.model_copy(update={"identifier": "input[name=email_address]", "submit": "button"})
    else:
        visitor.visit(page, stage.origin + form.page, lambda: visitor.seen(page, form.identifier))
    story.step(f"filled in the sign-up of {_where(page)}")
    started = page.url
    _fill(stage, visitor, page, form, email=email, password=password)
    new = [user for id, user in list(stage.clerk.directory.users.items()) if id not in known]
    if not new or not visitor.wait(page, lambda: page.url != started and not _in_sign_up(stage, visitor, page, form)):
        story.look(visitor, page)
        raise Broken(f"nobody gets in by the sign-up: the tab shows {_where(page)}{_why(visitor)}")
    return Person(new[-1], email, password)


def sign_out(stage: Stage, story: Story, visitor: Visitor, page: Page) -> None:
    """Click what signs out. Raises Broken where nothing does."""
    clicks = stage.file.sign_out.click
    story.step("signed out")
    if clicks:
        for selector in clicks:
            _click(stage, story, visitor, page, selector)
        return
    roles: tuple[Literal["button", "link", "menuitem"], ...] = ("button", "link", "menuitem")
    for role in roles:
        with suppress(Exception):
            found = page.get_by_role(role, name=_SIGN_OUT).locator("visible=true")
            if found.count():
                found.first.click()
                return
    if visitor.seen(page, _CLERKS_BUTTON[0]):
        for selector in _CLERKS_BUTTON:
            _click(stage, story, visitor, page, selector)
        return
    story.look(visitor, page)
    raise Broken(
        f'nothing at {_where(page)} signs out: say what does, in frontend.toml: [sign_out] click = ["#sign-out"]'
    )


def _click(stage: Stage, story: Story, visitor: Visitor, page: Page, selector: str) -> None:
    try:
        page.locator(selector).first.click()
    except Exception:
        story.look(visitor, page)
        raise Broken(f"{selector} could not be clicked at {_where(page)}") from None


def _fill(
    stage: Stage,
    visitor: Visitor,
    page: Page,
    form: SignIn,
    person: Person | None = None,
    *,
    email: str = "",
    password: str = "",
) -> None:
    """Fill in what the form asks for, and submit it, as often as it asks anew."""
    values = {
        form.identifier: person.email if person is not None else email,
        form.password: person.password if person is not None else password,
        form.code: _CODE,
    }
    done: set[str] = set()
    start = page.url

    def wanted() -> list[str]:
        return [selector for selector in values if selector not in done and visitor.seen(page, selector)]

    def further() -> bool:
        return bool(wanted()) or (page.url != start and not _forms(visitor, page, form))

    for _ in range(_STEPS):
        visitor.wait(page, further, _SOON if done else None)
        asked = wanted()
        if not asked:
            return
        for selector in asked:
            with suppress(Exception):  # It may be gone again.
                page.locator(selector).locator("visible=true").first.fill(values[selector])
            done.add(selector)
        _submit(page, form, asked[-1])


def _submit(page: Page, form: SignIn, last: str) -> None:
    with suppress(Exception):  # The page is left by it, or the code sends itself.
        submit = page.locator(form.submit).locator("visible=true")
        if submit.count():
            submit.first.click()
        else:
            page.locator(last).first.press("Enter")


def _forms(visitor: Visitor, page: Page, form: SignIn) -> bool:
    return any(visitor.seen(page, selector) for selector in (form.identifier, form.password, form.code))


def _in_sign_up(stage: Stage, visitor: Visitor, page: Page, form: SignUp) -> bool:
    if origin_of(page.url) != stage.origin:
        return True
    return (urlsplit(page.url).path or "/").startswith(form.page) or _forms(visitor, page, form)


def _where(page: Page) -> str:
    parts = urlsplit(page.url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def _why(visitor: Visitor) -> str:
    """What may explain it: Clerk's own script is missing, or the console says something."""
    if visitor.refused_scripts:
        package = "@clerk/" + visitor.refused_scripts[0].split("/@clerk/")[-1].partition("@")[0]
        return f"; {package} is not installed, out of which the fake serves Clerk's script: npm install {package}"
    errors = [text for _, text in visitor.console if "error" in text.lower()]
    return f"; the console says: {errors[-1][:200]}" if errors else ""
