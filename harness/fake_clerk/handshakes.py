"""Handshakes: how the Frontend API renews the session cookies of a browser at the origin of an app.

Source: https://clerk.com/docs/guides/how-clerk-works/overview
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.fake_clerk.models.sessions import Session

if TYPE_CHECKING:
    from harness.fake_clerk.instance import Instance
    from harness.fake_clerk.models.users import User


def session_in(instance: Instance, browser: str | None) -> Session | None:
    """The session that a development browser uses now."""
    client = instance.directory.clients.get(instance.browsers.get(browser or "") or "")
    session = client.active(instance.directory.sessions_of(client)) if client is not None else None
    return session if session is not None and session.user_id in instance.directory.users else None


def directives(instance: Instance, browser: str | None, *, suffixed: bool, organization: str | None) -> list[str]:
    """The values of `Set-Cookie` at the end of a handshake.

    They renew the cookies of `browser` (its `__clerk_db_jwt`), or end the session when it has no open one. A browser that
    is new or unknown becomes a development browser, and stays one: without its cookie SDKs ask for a handshake again.
    `organization` (id or slug, empty for the personal account) becomes the active one where the person is a member.
    """
    if browser not in instance.browsers:
        browser = instance.new_browser()
    session = session_in(instance, browser)
    if session is not None:
        if organization is not None:
            user = instance.directory.users[session.user_id]
            chosen = instance.directory.membership_in(user, organization) if organization else None
            if chosen is not None or not organization:
                session.organization_id = chosen.id if chosen is not None else None
        cookies = instance.cookies(session.user_id, session=session, suffixed=suffixed, browser=browser)
        return [f"{name}={value}; Path=/; SameSite=Lax" for name, value in cookies.items()]
    suffix = f"_{instance.cookie_suffix}"
    ended = [
        f"{name}=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; SameSite=Lax"
        for name in ("__session", f"__session{suffix}")
    ]
    # In both forms always: an SDK that finds one suffixed cookie reads all of them by their suffixed names.
    kept = {
        f"{name}{end}": value
        for name, value in (("__client_uat", "0"), ("__clerk_db_jwt", browser))
        for end in ("", suffix)
    }
    return [*ended, *(f"{name}={value}; Path=/; SameSite=Lax" for name, value in kept.items())]


def session_cookies(instance: Instance, user: User | str, *, suffixed: bool, **options: Any) -> dict[str, str]:
    """The cookies of a signed-in browser, as `Instance.cookies` describes them."""
    user_id = user if isinstance(user, str) else user.id
    session = options.setdefault("session", instance.directory.session_of(user_id))
    browser = options.pop("browser", None) or instance.new_browser(session.client_id)
    plain = {
        "__session": instance.session_token(user, **options),
        "__client_uat": str(session.created_at // 1000),
        "__clerk_db_jwt": browser,
    }
    return plain | ({f"{name}_{instance.cookie_suffix}": value for name, value in plain.items()} if suffixed else {})
