"""Pages of the fake's own, on which a person is chosen by a button."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.users import User
from harness.fake_clerk.wire import Answer

_HTML = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "Referrer-Policy": "same-origin"}
_STYLE = "body{font:16px system-ui;max-width:30rem;margin:3rem auto;padding:0 1rem}button{display:block;margin:.4rem 0;padding:.5rem 1rem}"


def page(title: str, body: str) -> Answer:
    """A page with that title (a text) and that body (HTML)."""
    name = escape(title)
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{name}</title><style>{_STYLE}</style>'
    return 200, f"{head}<main><h1>{name}</h1>{body}<p>The fake Clerk: nothing here is real.</p></main></html>", _HTML


def hidden(fields: Mapping[str, str]) -> str:
    """The fields that a form sends without showing them."""
    return "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in fields.items()
    )


def name_of(user: User) -> str:
    """How a page names a person."""
    return user.email or user.username or user.id


def person_buttons(instance: Instance, people: list[User] | None = None, *, verb: str = "") -> str:
    """A button for each of `people`, everybody by default, which sends `user_id`; `verb` precedes the name."""
    return "".join(
        f'<button name="user_id" value="{escape(user.id)}">{escape(verb)}{escape(name_of(user))}</button>'
        for user in (list(instance.directory.users.values()) if people is None else people)
    ) or ("<p>nobody yet</p>")
