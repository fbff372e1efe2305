"""What the target's source names, beside tokens that are bad, and in tokens that its own words sign.

Old clients are known by a header and let in with the old token; a header switches the verification off for the tests (CWE-807). A night
job signs tokens of its own, for an audience and with claims that the code names, and their secret has a default there (CWE-1391).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from harness.contracts.matrix.named import Learned, made_of, truths
from harness.contracts.matrix.named_field import Field, Value, of_clients, put_together, shown
from harness.contracts.matrix.plan import Cell, RoutePlan
from harness.credentials import CATALOGUE, Credential, Mint, jose
from harness.credentials.model import Presentation

BESIDE, SERVICE = CATALOGUE["named-beside-token"], CATALOGUE["named-service-token"]
_SWITCHES = ("legacy", "old", "v1")
"""How such a field is set where the code has no word of its own for it: a client that may say how it is verified says how weakly."""
_MOST_FORMS = 400
_MOST_AGAIN = 30
"""The most requests to a route whose source names what another's does."""
_MOST_SECRETS, _MOST_ISSUERS = 16, 4
_SHORTEST_SECRET = 6
_CLAIM = re.compile(r"[a-z][a-zA-Z_]{1,30}")
"""What may be the name of a claim."""


def token_cells(learned: Learned, plan: RoutePlan, *, whole: bool, chosen: Callable[[Cell], bool]) -> list[Cell]:
    """Return the cells of bad tokens beside what was learned on a route, and of tokens that its words sign.

    Where the same source was tried on another route (not `whole`), all names at once, and no tokens of services. None where a
    policy tolerates what the source names for a field, or for a token: that way in is meant.
    """
    way = plan.ways[0]
    made: list[Credential] = []
    fields, words = (plan.expects(CATALOGUE[name], way) == "reject" for name in ("named-field", "named-token"))
    bad = _refused(plan) if fields else []
    if bad and (learned.words or not learned.empty):
        made.append(made_of(BESIDE, lambda mint: list(_beside(learned, bad, mint, whole=whole))))
    if whole and words and _secrets(learned):
        made.append(made_of(SERVICE, lambda mint: list(_of_services(learned, mint))))
    found = [Cell(plan, credential, plan.expects(credential, way), way) for credential in made]
    return [cell for cell in found if chosen(cell)]


def _refused(plan: RoutePlan) -> list[str]:
    """Names of bad tokens that the policy refuses."""
    if plan.ways[0].kind == "webhook":
        return []
    return [name for name in _WORDS if plan.expects(CATALOGUE[name]) == "reject"]


_WORDS = {
    "legacy": "the old token",
    "forged": "a forged token",
    "expired": "a token that ran out",
    "legacy-hs256-default-secret": "a token with a secret that everybody knows",
}
"""What a weaker verifier takes: one that verifies nothing, no signature, no time, or by a secret of tutorials."""


def _beside(learned: Learned, bad: list[str], mint: Mint, *, whole: bool) -> Iterator[Presentation]:
    # The gravest comes first: the old token, where the policy refuses it.
    made = {_WORDS[name]: CATALOGUE[name].recipe(mint).token for name in (bad if whole else bad[:1])}
    fields = learned.fields or learned.loose
    forms = _alone(fields) if whole and learned.fields else _together(fields)
    every = itertools.chain(of_clients(learned.words), itertools.islice(forms, _MOST_FORMS // len(made)))
    pairs = itertools.product(every if whole else itertools.islice(every, _MOST_AGAIN), made.items())
    for put, (words, token) in pairs:
        yield replace(put, token=token, form=f"{words} beside {put.form}")


def _values(field: Field) -> list[Value]:
    """What is tried for a name beside a token: the words of the code, and what says yes."""
    own = [word for word in field.words if word.lower() != field.name.lower()]
    switches = (Value(word, f"the word {word}") for word in _SWITCHES)
    return list(
        {value.text: value for value in (*(Value(word, shown(word)) for word in own), *switches, *truths())}.values()
    )


def _alone(fields: tuple[Field, ...]) -> Iterator[Presentation]:
    """Each name with each value: the first value of each name, then the second, so that a limit leaves no name out."""
    every = [[(field, value) for value in _values(field)] for field in fields]
    for row in itertools.zip_longest(*every):
        for pair in row:
            if pair is not None:
                field, value = pair
                yield put_together((field,), value)


def _together(fields: tuple[Field, ...]) -> Iterator[Presentation]:
    """All names with the same value."""
    for value in dict.fromkeys(value for field in fields for value in _values(field)):
        yield put_together(fields, value)


def _secrets(learned: Learned) -> list[tuple[str, str]]:
    return [pair for pair in learned.words if len(pair[0]) >= _SHORTEST_SECRET][:_MOST_SECRETS]


def _of_services(learned: Learned, mint: Mint) -> Iterator[Presentation]:
    """JWTs that each word signs: for all words as audience (RFC 7519 section 4.1.3 takes a list) and for none, of each issuer that a word
    may be, with somebody's id in every claim that a word may name; then with words in these claims.
    """
    words = [word for word, _ in learned.words]
    now, person = mint.now(), mint.identities["alice"]
    names = [word for word in words if _CLAIM.fullmatch(word)]
    base = {"iat": now, "nbf": now - 10, "exp": now + 300, "jti": "1", "sub": person.user.id, "email": person.email}
    people = {**dict.fromkeys(names, person.user.id), **base}
    for secret, reader in _secrets(learned):
        others = [word for word in words if word != secret]
        claims = [
            people | audience | issuer
            for audience in ({"aud": others}, {})
            for issuer in ({}, *({"iss": word} for word in others[:_MOST_ISSUERS]))
        ]
        claims += [{**dict.fromkeys(names, word), **base, "aud": others} for word in others if word in names]
        said = f"a token of a service, signed with {shown(secret)[:-1]}{f', of {reader}' if reader else ''})"
        for each in claims:
            token = jose.hmac_signed({"alg": "HS256", "typ": "JWT"}, each, secret.encode())
            yield Presentation(token=token, form=said)
