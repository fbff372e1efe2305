"""Fuzzing: a breach is found, made small, named, and can be repeated; what only spells the genuine token otherwise is told apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.core.errors import DeclarationError
from harness.credentials import Legacy, Mint, fuzz_credential, register, select
from harness.credentials.mutations import mutated, name_of, program_of, says_the_same, words_of
from harness.fake_clerk import FakeClerk
from tests.conftest import Judged
from tests.zoo.animals import FLAWED
from tests.zoo.templates import TOKEN

JudgeApp = Callable[..., Judged]
ROUTES = '"GET /me" = "clerk"\n'
FLAWS = {
    "no-signature": [["header", "alg", "none"]],
    "alg-none-any-case": [["header", "alg", "None"]],
    "hs256-pem": [["header", "alg", "HS256"], ["sign", "pem"]],
    "two-segments-do": [["segment", "drop", 2]],
}


def fuzzed(judge_app: JudgeApp, code: str, **more: object) -> Judged:
    matrix = '[policies.clerk]\naccept = ["clerk"]\nmechanism = "clerk"\n[mechanisms]\nclerk = ["backend:*"]\n'
    return judge_app(code, ROUTES, whole=True, matrix=matrix, **({"credentials": ["clerk"], "fuzz": 400} | more))


def of_fuzzing(result: Judged) -> tuple[str, str]:
    (verdict,) = [v for v in result.record.verdicts if v.group == "fuzz"]
    return verdict.verdict, verdict.credential


def test_a_correct_verifier_has_no_finding(judge_app: JudgeApp) -> None:
    result = fuzzed(judge_app, TOKEN)
    assert of_fuzzing(result) == ("pass", "fuzz")
    assert result.record.passed


@pytest.mark.parametrize("name", FLAWS)
def test_a_breach_is_found_made_small_and_repeated(judge_app: JudgeApp, name: str) -> None:
    code = next(animal.code for animal in FLAWED if animal.name == name)
    kind, found = of_fuzzing(fuzzed(judge_app, code))
    assert kind == "breach"
    assert program_of(found) == FLAWS[name]
    again = fuzzed(judge_app, code, credentials=["clerk", found], fuzz=0)
    assert ("breach", "GET /me", found) in again.failed
    assert fuzzed(judge_app, TOKEN, credentials=["clerk", found], fuzz=0).failed == set()


def test_the_same_seed_finds_the_same(judge_app: JudgeApp) -> None:
    code = next(animal.code for animal in FLAWED if animal.name == "takes-symmetric-jwk")
    first, second = (fuzzed(judge_app, code, fuzz=50).record.verdicts[-1].seen for _ in range(2))
    assert first == second
    assert "seed 0" in first


@pytest.fixture(scope="module")
def mint() -> Mint:
    clerk = FakeClerk()
    return Mint(clerk, register(clerk, {}), Legacy())


@pytest.mark.parametrize("change", ["{}=", "{} ", " {}", "{}\n", "{}=="])
def test_another_spelling_is_the_same_token(mint: Mint, change: str) -> None:
    genuine = mint.genuine()
    assert says_the_same(change.format(genuine), genuine)
    assert says_the_same(genuine.replace("-", "+").replace("_", "/"), genuine)


@pytest.mark.parametrize(
    "program",
    [
        [["claims", "sub", "x"]],
        [["header", "kid"]],
        [["sign", "none"]],
        [["text", "delete", 40, "A"]],
        [["segment", "swap", 1]],
    ],
)
def test_another_token_is_not(mint: Mint, program: list[list[object]]) -> None:
    genuine = mint.genuine()
    assert not says_the_same(mutated(mint, program, genuine), genuine)


def test_a_mutation_is_a_credential_like_others(mint: Mint) -> None:
    program: list[list[Any]] = [["claims", "exp", 1], ["sign", "attacker"]]
    (credential,) = select([name_of(program)])
    assert credential.why == f"A genuine token, mutated: {words_of(program)}."
    assert mint.present(credential).token is not None
    assert program_of(fuzz_credential(credential.name).name) == program


@pytest.mark.parametrize("name", ["fuzz-", "fuzz-abc", "fuzz-W10x", "fuzz-WzFd", "fuzz-W1siaGVhZGVyIl1d"])
def test_a_name_that_is_cut_off_is_a_mistake(name: str) -> None:
    with pytest.raises(DeclarationError, match="copy the name"):
        select([name])
