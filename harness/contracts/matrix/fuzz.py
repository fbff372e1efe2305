"""Fuzzing: mutations of a genuine token, of which none may enter. Hypothesis makes them and makes a breach small.

The same seed gives the same mutations. What only spells the genuine token otherwise is told apart, not reported.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from harness.contracts.matrix.plan import Cell
from harness.contracts.matrix.refusal import outcome_of
from harness.contracts.matrix.verdicts import CellVerdict
from harness.credentials import Credential, fuzz_credential
from harness.credentials import mutations as programs
from harness.credentials.model import JWT
from harness.targets.base import Call, Observation, ask
from harness.targets.request_builder import with_presentation

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from harness.contracts.matrix.engine import Engine

_RENEW = 20.0
FUZZ = Credential(
    "fuzz", "fuzz", lambda mint: mint.present(fuzz_credential(programs.name_of([]))), "CWE-347", "RFC 8725 section 3",
    "Mutations of a genuine token, of which none may enter.", damages=JWT,
)  # fmt: skip
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


class _Admitted(Exception):
    """A mutation got in."""


class _Broke(Exception):
    """A mutation broke the target."""


def _values() -> SearchStrategy[Any]:
    from hypothesis import strategies as st

    telling = st.sampled_from(["JWT", "at+jwt", "RS256", "0", "../x", "http://127.0.0.1/"])
    simple = (
        telling
        | st.none()
        | st.booleans()
        | st.integers(-(2**33), 2**33)
        | st.text(max_size=8)
        | st.floats(allow_nan=False)
    )
    return simple | st.lists(simple, max_size=2) | st.dictionaries(st.text(max_size=4), simple, max_size=2)


def mutations() -> SearchStrategy[list[programs.Step]]:
    """Programs of one to four steps, which change the token's parts, its signature or its text."""
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


class Fuzzer:
    """Fuzzes a few routes of a run, each with `examples` mutations."""

    def __init__(self, engine: Engine, examples: int, seed: int) -> None:
        self.engine = engine
        self.examples = examples
        self.seed = seed
        self._genuine: tuple[float, str] = (0.0, "")
        self._same = 0
        self._tried = 0
        self._last: tuple[list[programs.Step], Observation] = ([], Observation())

    def run(self) -> Iterator[CellVerdict]:
        """One verdict for each route that is fuzzed."""
        for plan in self.engine.plan.routes:
            for cell in plan.cells:
                if cell.credential is FUZZ:
                    yield self._fuzz(cell)

    def _token(self, cell: Cell) -> str:
        made, token = self._genuine
        if not token or time.monotonic() - made > _RENEW:
            base = self.engine.states[cell.plan.key].base_in(cell.way)
            token = self.engine.mint.present(base).token or self.engine.mint.genuine()
            self._genuine = (time.monotonic(), token)
        return token

    def _observe(self, cell: Cell, text: str) -> Observation:
        from harness.credentials import Presentation

        plan = cell.plan
        request = with_presentation(plan.base, Presentation(token=text), cell.way.carrier)
        stop = self.engine.states[plan.key].stops
        return ask(self.engine.target.lanes[0], [Call(plan.route, request, stop)], self.engine.limit)[0]

    def _try(self, cell: Cell, program: list[programs.Step]) -> None:
        genuine = self._token(cell)
        text = programs.mutated(self.engine.mint, program, genuine)
        if any(ord(letter) > 255 for letter in text):
            return  # No header field can carry it.
        if programs.says_the_same(text, genuine):
            self._same += 1
            return
        self._tried += 1
        observation = self._observe(cell, text)
        credential = replace(FUZZ, unsendable=not (text.isascii() and text.isprintable()))
        outcome, _, _ = outcome_of(observation, self.engine.states[cell.plan.key], credential)
        if outcome == "admitted":
            self._last = (program, observation)
            raise _Admitted
        if outcome == "fault":
            self._last = (program, observation)
            raise _Broke

    def _fuzz(self, cell: Cell) -> CellVerdict:
        from hypothesis import HealthCheck, Phase, given, seed, settings

        self._same = self._tried = 0
        self._genuine = (0.0, "")

        @seed(self.seed)
        @settings(
            max_examples=self.examples,
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.shrink],
            report_multiple_bugs=False,
            print_blob=False,
            suppress_health_check=list(HealthCheck),
        )
        @given(mutations())
        def attempt(program: list[programs.Step]) -> None:
            self._try(cell, program)

        state = self.engine.states[cell.plan.key]
        try:
            attempt()
        except (_Admitted, _Broke):
            program, observation = self._last
            credential = fuzz_credential(programs.name_of(program))
            found = self.engine.judge.judge(replace(cell, credential=credential), [observation], state)
            return replace(found, detail=f"{found.detail}; {programs.words_of(program)}")
        told = f"{self._tried} mutations were refused (seed {self.seed}); {self._same} only spelled the genuine token otherwise"
        if state.kept_out(cell.way) is not None:
            return self._verdict(cell, "inconclusive", told, "no genuine token got in: these refusals prove nothing")
        return self._verdict(cell, "pass", told, "")

    def _verdict(self, cell: Cell, kind: Any, seen: str, detail: str) -> CellVerdict:
        plan = cell.plan
        return CellVerdict(
            plan.router, plan.key, plan.policy_name, cell.label, "fuzz", "reject", kind, "probe" if self.engine.target.probed else "status",
            seen, detail,
        )  # fmt: skip
