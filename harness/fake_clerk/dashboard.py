"""The page of the issuer for people: users, sessions, webhooks and the requests so far. Tests use the control API."""

from __future__ import annotations

import time
from html import escape
from typing import Any

from harness.fake_clerk.instance import Instance

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1c1c28}"
    "h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #ddd;vertical-align:top}"
    "code{font-size:.85em}.off{color:#a33}"
)
_SHOWN = 200


def _table(head: list[str], rows: list[list[str]], empty: str) -> str:
    if not rows:
        return f"<p>{empty}</p>"
    top = "".join(f"<th>{name}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows[:_SHOWN])
    more = f"<p>and {len(rows) - _SHOWN} more</p>" if len(rows) > _SHOWN else ""
    return f"<table><tr>{top}</tr>{body}</table>{more}"


def _users(instance: Instance, base: str) -> list[list[str]]:
    organizations = instance.directory.all_organizations()
    rows = []
    for user in list(instance.directory.users.values()):
        state = " ".join(name for name in ("banned", "locked") if getattr(user, name))
        member = [f"{o.slug} ({o.members[user.id].role})" for o in organizations.values() if user.id in o.members]
        addresses = [entry.address + ("" if entry.verified else " (unverified)") for entry in user.emails]
        name = " ".join(filter(None, (user.first_name, user.last_name)))
        rows.append(
            [
                escape(name),
                "<br>".join(map(escape, addresses)),
                f"<code>{escape(user.id)}</code>",
                escape(", ".join(member)),
                f'<span class="off">{state}</span>',
                f'<a href="{escape(base)}/_harness/users/{escape(user.id)}/token">token</a>',
            ]
        )
    return rows


def dashboard_html(instance: Instance, counts: dict[str, int], base: str) -> str:
    """The page as HTML; `counts` has the requests by operation, and `base` precedes the paths of its links."""
    sessions = [
        [f"<code>{escape(s.id)}</code>", f"<code>{escape(s.user_id)}</code>", escape(s.status), _at(s.created_at)]
        for s in reversed(list(instance.directory.sessions.values()))
    ]
    messages: list[list[Any]] = [
        [escape(message.type), f"<code>{message.id}</code>", escape(", ".join(map(str, message.attempts)) or "waits")]
        for message in reversed(list(instance.outbox.messages))
    ]
    asked = [[escape(name), str(count)] for name, count in sorted(dict(counts).items())]
    parts = [
        ("Users", _table(["name", "addresses", "id", "organizations", "", ""], _users(instance, base), "nobody yet")),
        ("Sessions", _table(["id", "user", "status", "since"], sessions, "none yet")),
        ("Webhooks", _table(["event", "id", "attempts"], messages, "none were sent")),
        ("Asked for", _table(["operation", "times"], asked, "nothing yet")),
    ]
    body = "".join(f"<h2>{title}</h2>{table}" for title, table in parts)
    name = escape(instance.profile.name)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>fake {name}</title><style>{_STYLE}</style>'
        f"<h1>Fake {name}: {escape(instance.domain)}</h1><p>Nothing here is real or kept. Keys: "
        f"{', '.join(f'<code>{escape(key.kid)}</code>' for key in instance.published)}</p>{body}</html>"
    )


def _at(milliseconds: int) -> str:
    return time.strftime("%H:%M:%S", time.localtime(milliseconds / 1000))
