"""What the target's own source names, made into requests: the group `named`.

While a few requests of a route pass, the agent notes which headers, cookies, parameters and fields the app's functions ask for,
and which words stand in their code (`Observation.asked`). Each name is tried with each word, and each word as a token.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from harness.contracts.matrix.named_field import Field, Value, of_clients, put_together, shown
from harness.contracts.matrix.plan import Cell, RoutePlan
from harness.credentials import CATALOGUE, Credential, Mint, jose
from harness.credentials.group_legacy import legacy_claims
from harness.credentials.model import Presentation
from harness.fake_clerk.cookie_names import is_clerks_name
from harness.targets.agent.protocol import Asked
from harness.targets.base import Observation
from harness.targets.request_builder import envelope_of, optional_fields

FIELD, TOKEN, BESIDE = (CATALOGUE[name] for name in ("named-field", "named-token", "named-beside-session"))
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{1,40}")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)+")
_NOISE = re.compile(
    r"[\w-]{16,}\.[\w-]+\.[\w-]*|.*[\\\[\]{}()<>].*|(?i:authorization|bearer|www-authenticate|not authenticated|unauthorized|forbidden"
    r"|sub|iss|aud|exp|iat|nbf|jti|azp|sid|sts|cat|kid|alg|typ|act|fva|[re]s(256|384|512)|hs(256|384|512)|jwks|keys|require|utf-?8|ascii)"
)
"""A token that was presented and that the code holds, patterns, and the usual words of verification."""
_ORDINARY = re.compile(r"authorization|x-request-id|x-correlation-id|traceparent|tracestate|x-trace-id|format")
"""Names that say nothing of who asks, or that other credentials have; by `format` frameworks choose the form of an answer."""
_TRUTHS = ("1", "true", "yes", "admin", "internal", "org:admin")
_LATE = "4102444800"  # The first second of the year 2100 (RFC 7519 section 2, NumericDate).
_MOST_WORDS = 24
_MOST_TOKENS = 60
_MOST_NAMES = 24
_MOST_AT_ONCE = 48
_MOST_PASSWORDS = 8
_LONGEST_PASSWORD = 64
_SCHEME = re.compile(r"[A-Za-z][A-Za-z-]{1,15}")
_SECRET = 4
"""The fewest letters of a word that may be the secret of tokens."""


def _is_ordinary(name: str) -> bool:
    return _ORDINARY.fullmatch(name) is not None or is_clerks_name(name)


_CARELESS = (
    Value(_LATE, "a time long from now"),  # A link that is good until then, of whose signature nothing is asked.
    Value(",", "a comma"),  # Stands in every list of keys that is kept as one text, and looked into as such (CWE-187).
)


@dataclass
class Learned:
    """What the source of one route's authentication names."""

    fields: tuple[Field, ...] = ()
    loose: tuple[Field, ...] = ()
    """Words that may be names as well."""
    words: tuple[tuple[str, str], ...] = ()
    """(word, function in whose code it stands), nearest first."""

    @property
    def key(self) -> tuple[object, ...]:
        """What tells it from what other routes name."""
        return tuple(sorted((f.place, f.name, f.reader) for f in self.fields)), tuple(
            sorted({r for _, r in self.words})
        )

    @property
    def empty(self) -> bool:
        """Whether there is no name to try."""
        return not (self.fields or self.loose)


def learn(observations: Sequence[Observation], plan: RoutePlan, *, inside: bool) -> Learned:
    """Gather the names and words of a route. `inside`: the handler decides, or what it asks for matters as well."""
    own = {way.carrier.partition(":")[2].lower() for way in plan.ways}
    own |= envelope_of(plan.base)  # With another value it is another question, or none.
    every = [one for answer in observations for one in answer.asked if inside or _before(one, plan)]
    fields: dict[tuple[str, str], Field] = {}
    loose: dict[str, Field] = {}
    words: dict[str, str] = {}
    for one in every:
        texts = tuple(word for word in one.words if word and not _NOISE.fullmatch(word))[:_MOST_WORDS]
        for word in texts:
            words.setdefault(word, one.reader)
            # A look-up that did not happen this time has its name among the words.
            if _HEADER.fullmatch(word):
                fields.setdefault(("header", word.lower()), Field("header", word, one.reader, texts, guessed=True))
            elif _NAME.fullmatch(word):
                loose.setdefault(word.lower(), Field("code", word, one.reader, texts, guessed=True))
        if one.name:
            fields.setdefault((one.place, one.name.lower()), Field(one.place, one.name, one.reader, texts))
    every_word = tuple(words)[:_MOST_WORDS]
    for name in optional_fields(plan.route, plan.base):
        fields.setdefault(("body", name.lower()), Field("body", name, "", every_word))
    kept = [field for (_, name), field in fields.items() if not _is_ordinary(name) and name not in own]
    known = {field.name.lower() for field in kept} | own
    asked = {one.name.lower() for one in every}
    return Learned(
        tuple(kept[:_MOST_NAMES]),
        tuple(field for name, field in loose.items() if name not in known and not _is_ordinary(name))[:_MOST_NAMES],
        tuple((word, reader) for word, reader in words.items() if word.lower() not in asked)[:_MOST_TOKENS],
    )


def _before(one: Asked, plan: RoutePlan) -> bool:
    """Whether something was asked for before the handler, and not by it or for it."""
    return one.phase == 0 and one.reader != plan.route.endpoint


# What is tried


def _people(mint: Mint) -> list[Value]:
    alice = mint.identities["alice"]
    return [
        Value(str(alice.database_id), "somebody's number"),
        Value(alice.user.id, "somebody's Clerk id"),
        Value(alice.email, "somebody's e-mail address"),
    ]


def _tokens(mint: Mint) -> list[Value]:
    return [
        Value(mint.genuine(), "a genuine token, where none is declared to be taken"),
        Value(mint.signed(mint.claims(), key=mint.attacker), "a forged token"),
        Value(mint.legacy.token(mint.identities["alice"]), "the old token"),
    ]


def truths() -> list[Value]:
    """Return what says yes."""
    return [Value(text, f"the word {text}") for text in _TRUTHS]


def _usual(mint: Mint) -> list[Value]:
    """What is tried for every name. Made once for all of them: two of the values are signed."""
    return [
        *_people(mint),
        *truths(),
        *_tokens(mint),
        Value("", "nothing"),
        *_CARELESS,
    ]


def _values(field: Field, mint: Mint, usual: list[Value]) -> list[Value]:
    """What is tried for a name: what is usual, then the words of the code, alone and before a person."""
    own = [word for word in field.words if word.lower() != field.name.lower()][:_MOST_WORDS]
    people = _people(mint)
    return [*usual, *(Value(word, shown(word)) for word in own)] + [
        Value(word + person.text, f"{shown(word)} before {person.words}")
        for word in own
        if not word[-1].isalnum()
        for person in people
    ]


def _fields(learned: Learned, mint: Mint, token: Callable[[], str] | None = None) -> Iterator[Presentation]:
    """Each name alone with each value, no token or somebody else's beside it; then all words that may be names, at once."""
    usual = _usual(mint)
    for field in learned.fields:
        for value in _values(field, mint, usual):
            yield replace(field.put(value.text, token() if token else None), form=f"{field} with {value.words}")
    yield from _at_once(learned.loose, mint, token)
    if token is None:
        yield from of_clients(learned.words)


def _all_at_once(learned: Learned, mint: Mint, token: Callable[[], str] | None = None) -> Iterator[Presentation]:
    """All names with the same value, for routes whose source names what another route's does."""
    return _at_once(learned.fields or learned.loose, mint, token)


def _at_once(fields: Sequence[Field], mint: Mint, token: Callable[[], str] | None) -> Iterator[Presentation]:
    usual = _usual(mint)
    values = dict.fromkeys(value for field in fields for value in _values(field, mint, usual))
    for value in list(values)[:_MOST_AT_ONCE]:
        yield put_together(fields, value, token() if token else None)


def _as_tokens(learned: Learned, mint: Mint) -> Iterator[Presentation]:
    """Each word as a token, as the beginning of one, and as what stands before it in Authorization."""
    people, of_a_secret = _people(mint), (mint.claims(), legacy_claims(mint))
    for word, reader in learned.words:
        said = f"{shown(word)[:-1]}{f', of {reader}' if reader else ''})"
        texts = [Value(word, f"{said} as a token")]
        between = ("", ":") if word[-1].isalnum() else ("",)
        texts += [
            Value(word + mark + person.text, f"{said} before {person.words} as a token")
            for person in people
            for mark in between
        ]
        for value in texts:
            yield Presentation(token=value.text, form=value.words)
            if value.text.isascii() and value.text.isprintable():
                yield Presentation(authorization=(value.text.encode(),), form=f"{value.words} in Authorization")
        if len(word) >= _SECRET:
            for claims in of_a_secret:
                forged = jose.hmac_signed({"alg": "HS256", "typ": "JWT"}, claims, word.encode())
                yield Presentation(token=forged, form=f"{said} as the secret of a token")


def _tokens_of(learned: Learned, mint: Mint) -> Iterator[Presentation]:
    """What the words are tried as, on the first route whose source names them."""
    yield from _as_tokens(learned, mint)
    yield from _as_passwords(learned)


def _short_tokens(learned: Learned, mint: Mint) -> Iterator[Presentation]:
    """Each word as a token, and as the beginning of one where it looks like that, for routes whose source names what another's does."""
    people = _people(mint)
    for word, reader in learned.words:
        said = f"{shown(word)[:-1]}{f', of {reader}' if reader else ''})"
        yield Presentation(token=word, form=f"{said} as a token")
        if not word[-1].isalnum():
            for person in people:
                yield Presentation(token=word + person.text, form=f"{said} before {person.words} as a token")


def _as_passwords(learned: Learned) -> Iterator[Presentation]:
    """The nearest words as names and passwords (RFC 7617), and after words that may be a scheme's name (RFC 9110 section 11.4)."""
    every = [word for word, _ in learned.words if len(word) < _LONGEST_PASSWORD]
    words = [word for word in every if ":" not in word][:_MOST_PASSWORDS]
    pairs = [f"{name}:{password}" for name in (*words, "admin") for password in words]
    for pair in [*(word for word in every if ":" in word), *pairs]:
        value = base64.b64encode(pair.encode()).decode()
        yield Presentation(authorization=(f"Basic {value}".encode(),), form=f"Basic with {shown(pair)}")
    schemes = [word for word in every if _SCHEME.fullmatch(word)][:_MOST_PASSWORDS]
    for scheme in schemes:
        for word in every[: _MOST_WORDS // 2]:
            if word != scheme and word.isascii() and word.isprintable():
                said = f"Authorization with {shown(word)} after another"
                yield Presentation(authorization=(f"{scheme} {word}".encode(),), form=said)


def cells(
    learned: Learned, within: Learned, plan: RoutePlan, *, whole: bool, chosen: Callable[[Cell], bool]
) -> list[Cell]:
    """Return the cells of what was learned on a route, and `within`, of its handler too, which may tell people apart by itself.

    `whole`: each name alone, each word in all that may be made of it; else all names at once, and each word as a token, where the
    same source was tried on another route. `chosen` tells whether a cell
    is among those that the run is to try.
    """
    way = plan.ways[0]
    fields = _fields if whole else _all_at_once
    made: list[Credential] = []
    if not learned.empty:
        made.append(made_of(FIELD, lambda mint: list(fields(learned, mint))))
    if learned.words:
        made.append(made_of(TOKEN, lambda mint: list((_tokens_of if whole else _short_tokens)(learned, mint))))
    refused = refused_person(plan)
    if not within.empty and refused is not None:
        made.append(made_of(BESIDE, lambda mint: list(fields(within, mint, lambda: _session_of(refused, mint)))))
    found = [Cell(plan, credential, plan.expects(credential, way), way) for credential in made]
    return [cell for cell in found if chosen(cell)]


def made_of(entry: Credential, forms: Callable[[Mint], list[Presentation]]) -> Credential:
    """Return a credential of the catalogue with the forms that were learned."""

    def recipe(mint: Mint) -> Presentation:
        first, *rest = forms(mint)
        return replace(first, also=tuple(rest))

    return replace(entry, recipe=recipe)


def refused_person(plan: RoutePlan) -> Credential | None:
    """The genuine session that the policy refuses, of a person without a role; None where it refuses none or takes no sessions."""
    if plan.ways[0].kind != "session":
        return None
    people = (CATALOGUE[name] for name in ("clerk-other", "clerk-org-member", "clerk"))
    return next((person for person in people if plan.expects(person) == "reject"), None)


def _session_of(credential: Credential, mint: Mint) -> str:
    user = mint.identities["bob" if credential.identity == "alice" else credential.identity].user
    return mint.instance.session_token(user, azp=mint.origin)
