"""The directory: users, sessions and organizations, in memory.

Each change that is made by its methods, or reported to `changed`, is passed to the listeners as the type of a webhook event
and its data.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import EllipsisType
from typing import Any

from harness.fake_clerk.ids import new_id, stable_id
from harness.fake_clerk.models.clients import Client
from harness.fake_clerk.models.email_addresses import EmailAddress
from harness.fake_clerk.models.organizations import Membership, Organization
from harness.fake_clerk.models.sessions import Session
from harness.fake_clerk.models.timestamps import milliseconds
from harness.fake_clerk.models.users import User


class Directory:
    """Users, sessions and organizations by id. Safe to use from several threads.

    `user_id` makes the id of a user from a seed, the same one at every call; by default one of Clerk's form.
    """

    def __init__(self, user_id: Callable[[str], str] = lambda seed: stable_id("user", seed)) -> None:
        self._lock = threading.Lock()
        self._user_id = user_id
        self.users: dict[str, User] = {}
        self.sessions: dict[str, Session] = {}
        self.clients: dict[str, Client] = {}
        """Browsers by id; each session has one."""
        self.organizations: dict[str, Organization] = {}
        """By id, as far as they were created; `all_organizations` has those too that users only refer to."""
        self._joined: dict[str, set[str]] = {}
        """By user: organizations that have the user among their members, or had."""
        self._gone: set[str] = set()
        """The ids of users that were deleted; none is given again."""
        self.listeners: list[Callable[[str, dict[str, Any]], None]] = []
        """Called with the type of each event (`user.created`) and its data, after the change."""

    def changed(self, event: str, data: dict[str, Any]) -> None:
        """Report a change that was made to the listeners."""
        for listener in self.listeners:
            listener(event, data)

    def add_user(
        self,
        email: str | None = None,
        *,
        id: str | None = None,
        first_name: str | None = None,
        last_name: str | None = None,
        organization: dict[str, str] | None = None,
        **more: Any,
    ) -> User:
        """Create a user and return it. The same e-mail address always gets the same id unless `id` is given.

        Whoever was deleted and signs up again is a new user with a new id, as at Clerk.

        `organization` has `id`, `slug` and `role` (without `org:`), and makes the user a member of it. `more` are further
        fields of `User`, of which `emails` replaces `email`.

        >>> from harness.fake_clerk import FakeClerk
        >>> directory = FakeClerk().directory
        >>> ada = directory.add_user("ada@example.com", first_name="Ada", public_metadata={"plan": "pro"})
        >>> directory.users[ada.id].email
        'ada@example.com'
        """
        seed = email or new_id("seed")
        more.setdefault("emails", [EmailAddress(email, id=stable_id("idn", seed))] if email else [])
        user = User(
            id=id or self._new_user_id(seed),
            first_name=first_name,
            last_name=last_name,
            organization=organization,
            **more,
        )
        with self._lock:
            self.users[user.id] = user
            for session in self.sessions.values():
                if session.user_id == user.id:  # Whoever is created again is as described now.
                    session.organization_id = (organization or {}).get("id")
        self.changed("user.created", user.as_json())
        return user

    def _new_user_id(self, seed: str) -> str:
        """The id that belongs to a text; another one where the user who had it was deleted."""
        found, turn = self._user_id(seed), 0
        while found in self._gone:
            turn += 1
            found = self._user_id(f"{seed} {turn}")
        return found

    def update_user(self, user_id: str, **changes: Any) -> User:
        """Set fields of a user, as the profile page or the Backend API does, and return it. A ban ends the user's sessions.

        Raises KeyError for an unknown user and TypeError for an unknown field.

        >>> from harness.fake_clerk import FakeClerk
        >>> directory = FakeClerk().directory
        >>> ada = directory.add_user("ada@example.com")
        >>> directory.update_user(ada.id, last_name="Lovelace").last_name
        'Lovelace'
        """
        user = self.users[user_id]
        unknown = [name for name in changes if name not in User.__dataclass_fields__]
        if unknown:
            raise TypeError(f"a user has no {', '.join(unknown)}")
        for name, value in changes.items():
            setattr(user, name, value)
        user.updated_at = max(milliseconds(), user.updated_at + 1)
        if changes.get("banned"):
            self.end_sessions(user_id)
        self.changed("user.updated", user.as_json())
        return user

    def remove_user(self, user_id: str) -> User | None:
        """Delete a user and end all of the user's sessions; the user, or None when the id is unknown.

        >>> from harness.fake_clerk import FakeClerk
        >>> directory = FakeClerk().directory
        >>> ada = directory.add_user("ada@example.com")
        >>> directory.remove_user(ada.id) is ada, directory.users
        (True, {})
        >>> directory.add_user("ada@example.com").id == ada.id
        False
        """
        self._close(user_id, "removed", every=True)
        with self._lock:
            user = self.users.pop(user_id, None)
            self._gone.add(user_id)
        if user is not None:
            more = {"external_id": user.external_id} if user.external_id is not None else {}
            self.changed("user.deleted", {"id": user_id, "object": "user", "deleted": True} | more)
        return user

    def end_sessions(self, user_id: str) -> None:
        """End all active sessions of a user, as a ban does."""
        self._close(user_id, "ended")

    def _close(self, user_id: str, status: str, *, every: bool = False) -> None:
        with self._lock:
            ended = [s for s in self.sessions.values() if s.user_id == user_id and (every or s.status == "active")]
        for session in ended:
            self.set_session(session, status)

    def set_session(self, session: Session, status: str) -> None:
        """Give a session another status: `revoked`, `ended`, `removed`, `pending` or `active`.

        >>> from harness.fake_clerk import FakeClerk
        >>> directory = FakeClerk().directory
        >>> session = directory.session_of(directory.add_user("ada@example.com").id)
        >>> directory.set_session(session, "revoked")
        >>> session.status
        'revoked'
        """
        session.status, session.updated_at = status, milliseconds()
        if status != "active":
            self._session_changed(f"session.{status}", session)

    def _session_changed(self, event: str, session: Session) -> None:
        user = self.users.get(session.user_id)
        self.changed(event, session.as_json() | {"user": user.as_json() if user is not None else None})

    def session_of(self, user_id: str) -> Session:
        """The user's active session, which the first call creates.

        >>> from harness.fake_clerk import FakeClerk
        >>> directory = FakeClerk().directory
        >>> ada = directory.add_user("ada@example.com")
        >>> directory.session_of(ada.id) is directory.session_of(ada.id)
        True
        """
        with self._lock:
            for session in self.sessions.values():
                if session.user_id == user_id and session.status == "active":
                    return session
        return self.new_session(user_id)

    def new_session(self, user_id: str, **more: Any) -> Session:
        """Create a further session of the user, as from another device. `more` are further fields of `Session`.

        >>> from harness.fake_clerk import FakeClerk
        >>> directory = FakeClerk().directory
        >>> ada = directory.add_user("ada@example.com")
        >>> directory.new_session(ada.id, status="pending").status
        'pending'
        """
        user = self.users.get(user_id)
        more.setdefault("organization_id", ((user.organization if user is not None else None) or {}).get("id"))
        session = Session(id=new_id("sess"), user_id=user_id, **more)
        with self._lock:
            self.sessions[session.id] = session
            self.clients.setdefault(session.client_id, Client(session.client_id))
        self._session_changed("session.pending" if session.status == "pending" else "session.created", session)
        return session

    def sessions_of(self, client: Client) -> list[Session]:
        """All sessions of a browser, oldest first, ended ones too."""
        with self._lock:
            return [session for session in self.sessions.values() if session.client_id == client.id]

    def organization_of(
        self, session: Session, organization_id: str | EllipsisType | None = ...
    ) -> dict[str, str] | None:
        """The session's active organization (or the given one) as `User.organization` has it; None for the personal account.

        Also None where the user is no member (any more): Clerk puts nobody's organization into a token.
        """
        user = self.users.get(session.user_id)
        wanted = session.organization_id if isinstance(organization_id, EllipsisType) else organization_id
        if user is None or wanted is None:
            return None
        if user.organization is not None and user.organization["id"] == wanted:
            return user.organization
        organization = self.all_organizations().get(wanted)
        if organization is None or user.id not in organization.members:
            return None
        role = organization.members[user.id].role.removeprefix("org:")
        return {"id": organization.id, "slug": organization.slug, "role": role, "permissions": ""}

    def membership_in(self, user: User, organization: str) -> Organization | None:
        """The organization of that id or slug, where `user` is a member of it."""
        return next(
            (o for o in self.all_organizations().values() if organization in (o.id, o.slug) and user.id in o.members),
            None,
        )

    def find(self, *, emails: list[str], ids: list[str]) -> list[User]:
        """Users that match every filter given; an empty filter matches all."""
        wanted = {address.lower() for address in emails}
        with self._lock:
            return [
                user
                for user in self.users.values()
                if (not wanted or wanted & {e.address.lower() for e in user.emails}) and (not ids or user.id in ids)
            ]

    def address_taken(self, address: str, *, but: User | None = None) -> bool:
        """Whether another user than `but` has this address, in any case of letters."""
        others = (user for user in list(self.users.values()) if user is not but)
        return any(address.lower() == entry.address.lower() for user in others for entry in user.emails)

    def all_organizations(self) -> dict[str, Organization]:
        """All organizations by id. Those that only users refer to (`User.organization`) are created, with these members."""
        for user in list(self.users.values()):
            given = user.organization
            if given is None:
                continue
            if given["id"] not in self.organizations:
                self.organizations[given["id"]] = Organization(given["slug"].title(), given["slug"], id=given["id"])
            joined = self._joined.setdefault(user.id, set())
            if given["id"] not in joined:
                joined.add(given["id"])
                self.organizations[given["id"]].members[user.id] = Membership(f"org:{given['role']}")
        return self.organizations

    def join(self, organization: Organization, user: User, role: str) -> Membership:
        """Make `user` a member of `organization` with `role` (`org:admin`), and report it."""
        membership = organization.members[user.id] = Membership(role)
        user.organization = user.organization or {
            "id": organization.id, "slug": organization.slug, "role": role.removeprefix("org:"), "permissions": "",
        }  # fmt: skip
        self._joined.setdefault(user.id, set()).add(organization.id)
        self.changed("organizationMembership.created", membership.as_json(organization, user))
        return membership
