"""What is judged of the journey's record: the tokens that were sent, where they went, and what was kept or shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt

from harness.contracts.frontend.journey import Travelled
from harness.contracts.frontend.stage import Person, Stage, Story, Unknown
from harness.contracts.frontend.traces import Trace, claims_of, named, traces
from harness.contracts.frontend.visitor import Sent, origin_of
from harness.core.secret_forms import shows
from harness.fake_clerk import FakeClerk
from harness.fake_clerk.cookie_names import holds_session, is_beside_session, is_clerks_name

_CLERKS_PARAMETERS = "__clerk_"
_EMBEDDED = ("image", "font", "stylesheet", "script", "media", "manifest")
"""Kinds of requests to which a page can add no header field."""
_USUAL = (
    "accept",
    "content-",
    "sec-",
    "user-agent",
    "origin",
    "host",
    "connection",
    "pragma",
    "cache-",
    "if-",
    "upgrade",
)


def genuine(clerk: FakeClerk, token: str, at: int) -> str | None:
    """What is wrong with a token at a time, in words; None for one that Clerk has signed and that is fresh."""
    for key in clerk.published:
        try:
            claims = jwt.decode(token, key.public_pem, algorithms=["RS256"], options={"verify_exp": False, "verify_nbf": False,
                                "verify_iat": False, "verify_aud": False})  # fmt: skip
        except jwt.InvalidTokenError:
            continue
        late = at - int(claims.get("exp", 0))
        return "a token that has run out" if late > 0 else None
    return "a token that Clerk has not signed"


def is_clerks(clerk: FakeClerk, name: str, value: str) -> bool:
    """Whether a cookie is Clerk's own: in the one of the session only what Clerk has signed."""
    return is_beside_session(name) or (holds_session(name) and (not value or genuine(clerk, value, 0) is None))


def _cookies(sent: Sent) -> dict[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(sent.headers.get("cookie", "")).items()}
    except CookieError:
        return {}


def presented(sent: Sent) -> list[str]:
    """The tokens in the places of Clerk's: the bearer token, and the session cookie."""
    scheme, _, bearer = sent.headers.get("authorization", "").partition(" ")
    found = [bearer.strip()] if scheme.lower() == "bearer" and bearer.strip() else []
    if sent.method == "WEBSOCKET":  # Browsers give it no header field but the subprotocols; a message may have it, too.
        found += [value for _, value in parse_qsl(urlsplit(sent.url).query) if claims_of(value) is not None]
        said = [*sent.headers.get("sec-websocket-protocol", "").replace(",", " ").split(), sent.body]
        found += dict.fromkeys(t.token for text in said for t in traces(text) if t.token is not None)
    return found + [value for name, value in _cookies(sent).items() if holds_session(name) and value]


def others(sent: Sent, marks: frozenset[str]) -> Iterator[tuple[str, Trace]]:
    """What else in a request is or decodes to a credential, and where it stands."""
    own = set(presented(sent))
    places: list[tuple[str, str, str]] = [
        ("the query", name, value) for name, value in parse_qsl(urlsplit(sent.url).query)
    ]
    places += [("the cookie", name, value) for name, value in _cookies(sent).items() if not is_clerks_name(name)]
    for name, value in sent.headers.items():
        bearer = name == "authorization" and value.lower().startswith("bearer ")
        if not bearer and name not in ("cookie", "referer", ":path") and not name.startswith(_USUAL):
            places.append(("the header field", name, value))
    for place, name, value in places:
        if name.startswith(_CLERKS_PARAMETERS):
            continue
        found = next(traces(value, marks), None) or (named(name, value) if name != "authorization" else None)
        # Where Clerk's own token stands a second time it is no other credential, but in an address, which others read.
        if found is not None and (found.text not in own or (place == "the query" and sent.method != "WEBSOCKET")):
            yield f"{place} `{name}`", found
    for found in traces(sent.body, marks):
        if found.text not in own:
            yield "its body", found


def fresh_token(stage: Stage, story: Story, done: Travelled, public: Callable[[str, str], bool]) -> None:
    """Judge `fresh-token`. `public`: whether the matrix declares a route open to everybody."""
    assert done.person is not None
    asked = [s for s in done.visitor.sent[done.first : done.last] if stage.to_backend(s) and s.status is not None]
    pages = {stage.origin + path for path in stage.file.protected}
    asked = [sent for sent in asked if sent.page.partition("?")[0].partition("#")[0] in pages]
    for sent in asked:
        place = f"{sent.method} {sent.path} of {urlsplit(sent.page).path}"
        for where, trace in others(sent, done.person.marks):
            story.finding(f"{place} carries another credential: {trace.what} in {where}", sent)
        if sent.kind in _EMBEDDED or public(sent.method, sent.path):
            continue
        story.count += 1
        _hold_token(stage, story, done, sent, place)
    if not story.count and not story.broken:
        raise Unknown("no protected page has sent a request to the backend")
    story.steps[:0] = [_way(done)]


def _hold_token(stage: Stage, story: Story, done: Travelled, sent: Sent, place: str) -> None:
    tokens = presented(sent)
    if not tokens:
        story.finding(f"{place} carries no Clerk session token", sent)
        return
    for token in tokens:
        claims = claims_of(token)
        if claims is None:
            what = next(
                (trace.what for trace in traces(token, done.person.marks if done.person else frozenset())),
                "something else",
            )
            story.finding(f"{place} carries no Clerk session token, but {what}", sent)
        elif (wrong := genuine(stage.clerk, token, sent.at)) is not None:
            story.finding(f"{place} carries {wrong}", sent)
        elif done.person is not None and claims.get("sub") != done.person.user.id:
            story.finding(f"{place} carries the token of somebody else", sent)


def token_origin(stage: Stage, story: Story, done: Travelled) -> None:
    """Judge `token-origin`."""
    assert done.person is not None
    known = {text for sent in done.visitor.sent if stage.to_backend(sent) for text in presented(sent)}
    known |= {
        trace.text
        for sent in done.visitor.sent
        if stage.to_backend(sent)
        for _, trace in others(sent, done.person.marks)
    }
    for sent in done.visitor.sent:
        if not abroad(stage, sent):
            continue
        story.count += 1
        places = [("its address", sent.url), ("its body", sent.body)]
        places += [(f"the header field `{name}`", value) for name, value in sent.headers.items()]
        for where, text in places:
            found = [what] if (what := _password(text, done.person)) else []
            found += [t.what for t in traces(text, done.person.marks) if t.token is not None]
            found += ["a credential that also goes to the backend" for each in known if each in text]
            if found:
                story.finding(f"{found[0]} goes to {sent.origin}, in {where}", sent)
    for to, text, address in done.visitor.posted:
        strange = to == "*" or origin_of(to) not in (stage.origin, stage.backend, stage.clerk.portal)
        for trace in traces(text, done.person.marks) if strange else ():
            if trace.token is not None:
                whom = "windows of any origin (`*`)" if to == "*" else to
                story.finding(f"{trace.what} is posted to {whom}, at {urlsplit(address).path or '/'}")
    story.count += len(known)
    if done.visitor.hidden and not story.broken:
        raise Unknown(f"what the shared worker {urlsplit(done.visitor.hidden[0]).path} sends cannot be seen")
    if not known and not story.broken:
        raise Unknown("no token was sent anywhere")
    story.steps[:0] = [_way(done)]


def _way(done: Travelled) -> str:
    return f"signed in, and opened {', '.join(done.pictures)}"


def abroad(stage: Stage, sent: Sent) -> bool:
    """Whether a request leaves for an origin that is neither the front end's, nor the backend's, nor Clerk's."""
    return sent.url.startswith(("http", "ws")) and not _at_home(stage, sent)


def _at_home(stage: Stage, sent: Sent) -> bool:
    host = (urlsplit(sent.url).hostname or "").lower()
    known = {stage.clerk.domain.lower(), urlsplit(stage.clerk.portal).hostname, "api.clerk.com"}
    return (
        sent.origin == stage.origin
        or host in known
        or stage.to_backend(sent)
        or (sent.method == "OPTIONS" and origin_of(sent.url) == stage.backend)
    )


def no_stored_credential(stage: Stage, story: Story, done: Travelled) -> None:
    """Judge `no-stored-credential`."""
    assert done.person is not None
    marks = done.person.marks
    for where, key, value, address in done.visitor.kept:
        path = urlsplit(address).path or "/"
        story.count += 1
        if where == "cookie" and is_clerks(stage.clerk, key, value):
            continue
        found = next(traces(value, marks), None) or (named(key, value) if where != "html" else None)
        within = next(traces(key, marks), None)  # Answers may be kept under what asked for them.
        what = _password(value, done.person) or (found.what if found is not None else "")
        if (what or within) and not _ignored(stage, where, path if where == "html" else key):
            place = f"the HTML of {path}" if where == "html" else f"{where}, `{key}`, at {path},"
            if within is not None:
                place, what = f"{where}, in a key at {path},", within.what
            story.finding(f"{place} holds {what}")
    told: set[tuple[str, str]] = set()
    for where, address, text in _said(done):
        path = urlsplit(address).path or "/"
        story.count += 1
        found = next(traces(text, marks), None)
        what = _password(text, done.person) or (found.what if found is not None else "")
        same = (where, found.text if found is not None else what)
        if what and not _ignored(stage, where, path) and same not in told:
            told.add(same)  # A sign-in is told the whole address to go back to: that is the same fault.
            story.finding(f"{'the address of' if where == 'url' else 'the console at'} {path} shows {what}")
    story.steps[:0] = [_way(done)]


def _password(text: str, person: Person) -> str:
    """In words, where a text has the password of a person, in whatever form (CWE-312, CWE-598)."""
    return "the password of the person" if shows(text, person.password) else ""


def _said(done: Travelled) -> Iterator[tuple[str, str, str]]:
    """Addresses of pages, without Clerk's own parameters, and lines of the console: (where, address, text)."""
    for address in done.visitor.addresses:
        parts = urlsplit(address)
        query: list[tuple[str, Any]] = [
            (n, v) for n, v in parse_qsl(parts.query) if not n.startswith(_CLERKS_PARAMETERS)
        ]
        nested = [(n, v) if "__clerk_" not in v else (n, "") for n, v in query]
        yield "url", address, parts._replace(query=urlencode(nested)).geturl()
    for address, text in done.visitor.console:
        yield "console", address, text


def _ignored(stage: Stage, where: str, key: str) -> bool:
    return any(each.where == where and fnmatchcase(key, each.key) for each in stage.file.ignored_storage)


def no_loop(stage: Stage, story: Story, done: Travelled) -> None:
    """Judge `no-loop`."""
    story.count = len(stage.file.pages)
    if done.visitor.looped:
        path = urlsplit(done.visitor.looped).path
        way = [urlsplit(a).path for a in done.visitor.addresses if a.startswith("http")][-4:]
        story.step(f"opened {path}")
        story.finding(
            f"{path} does not come to rest: more than {done.visitor.most} navigations, the last of them to {', '.join(way)}"
        )
