"""What Hypothesis draws the mutations of a token from: which parts it changes, to what, and how often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.credentials import mutations as programs

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

_ALGORITHMS = [
    "none",
    "None",
    "NONE",
    "",
    "HS256",
    "HS384",
    "HS512",
    "RS384",
    "RS512",
    "PS256",
    "ES256",
    "EdDSA",
    "rs256",
    "RS256 ",
]


def _values() -> SearchStrategy[Any]:
    from hypothesis import strategies as st

    plausible = st.sampled_from(["JWT", "at+jwt", "RS256", "0", "../x", "http://127.0.0.1/"])
    simple = (
        plausible
        | st.none()
        | st.booleans()
        | st.integers(-(2**33), 2**33)
        | st.text(max_size=8)
        | st.floats(allow_nan=False)
    )
    return simple | st.lists(simple, max_size=2) | st.dictionaries(st.text(max_size=4), simple, max_size=2)


def mutations() -> SearchStrategy[list[programs.Step]]:
    """Return a strategy for programs of one to four steps, which change the token's parts, its signature or its text."""
    from hypothesis import strategies as st

    header = st.one_of(
        st.tuples(st.just("header"), st.just("alg"), st.sampled_from(_ALGORITHMS)),
        st.tuples(st.just("header"), st.sampled_from(["alg", "kid", "typ", "cat"])),
        st.tuples(
            st.just("header"),
            st.sampled_from(["alg", "kid", "typ", "cat", "crit", "b64", "cty", "jwk", "zip"]),
            _values(),
        ),
    )
    names = ["sub", "iss", "exp", "nbf", "iat", "sid", "azp", "aud", "sts", "v", "o", "jti"]
    claims = st.one_of(
        st.tuples(st.just("claims"), st.sampled_from(names)),
        st.tuples(st.just("claims"), st.sampled_from(names), _values()),
    )
    sign = st.tuples(st.just("sign"), st.sampled_from(programs.SIGNATURES))
    segment = st.tuples(st.just("segment"), st.sampled_from(programs.SEGMENTS), st.integers(0, 2))
    letter = st.sampled_from(list("A0-_.=+/ \t\n\x00é~")) | st.characters(max_codepoint=255)
    text = st.tuples(st.just("text"), st.sampled_from(programs.TEXTS), st.integers(0, 1200), letter)
    step = st.one_of(header, claims, sign, segment, text).map(list)
    shared = st.tuples(  # What a single step cannot do: another algorithm, and a signature by it.
        st.tuples(st.just("header"), st.just("alg"), st.just("HS256")).map(list),
        st.tuples(st.just("sign"), st.sampled_from(["pem", "blank"])).map(list),
    ).map(list)
    resigned = st.tuples(header.map(list), st.just(["sign", "attacker"])).map(list)
    return st.lists(step, min_size=1, max_size=4) | shared | resigned
