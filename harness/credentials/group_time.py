"""Group `time`: genuinely signed, but not for now. Only the time claims can stop these."""

from __future__ import annotations

import math
from typing import Any

from harness.credentials.mint import Mint
from harness.credentials.model import JWT, Credential
from harness.credentials.recipes import token

_HOUR = 3600
_YEAR = 365 * 86_400
_EXP = "RFC 7519 section 4.1.4"
_NBF = "RFC 7519 section 4.1.5"


def _entry(name: str, change: Any, source: str, why: str, *, cwe: str = "CWE-613", **more: Any) -> Credential:
    def make(mint: Mint) -> str:
        return mint.signed(mint.claims(**change(mint)))

    return Credential(name, "time", token(make), cwe, source, why, damages=JWT, **more)


def _ago(seconds: int) -> Any:
    return lambda m: {"iat": m.now() - seconds - 60, "nbf": m.now() - seconds - 70, "exp": m.now() - seconds}


CREDENTIALS = [
    _entry("expired", _ago(_HOUR), _EXP, "A token that ran out an hour ago.", tags=frozenset({"sentinel", "spot-check", "without-keys", "misconfigured", "every-case"})),
    _entry("expired-just-now", lambda m: _ago(m.skew + 5)(m), _EXP, "A token that ran out moments ago, just past the clock skew that is allowed.", fresh=True),
    _entry("expired-years", _ago(5 * _YEAR), _EXP, "A token that ran out years ago."),
    _entry("exp-missing", lambda m: {"exp": ...}, _EXP, "A token without an end: it would be good for ever."),
    _entry("exp-null", lambda m: {"exp": None}, _EXP, "A token whose end is null."),
    _entry("exp-string", lambda m: {"exp": str(m.now() - _HOUR)}, "RFC 7519 section 2 (NumericDate)", "A token that ran out, with the time as text: a check for numbers may skip it."),
    # A library that counts with big integers takes it for a far future, which only the issuer could sign.
    _entry("exp-huge", lambda m: {"exp": 10**30}, _EXP, "An end beyond every calendar: must not crash; a strict verifier refuses it.", cwe="CWE-190", tolerate=True, authentic=True),
    _entry("exp-nan-infinity", lambda m: {"exp": math.inf}, "RFC 8259 section 6", "An end that is Infinity, which JSON does not have but parsers take.", cwe="CWE-1287"),
    _entry("exp-negative", lambda m: {"exp": -1}, _EXP, "An end before 1970."),
    _entry("exp-boolean", lambda m: {"exp": True}, "RFC 7519 section 2 (NumericDate)", "An end that is true: languages count it as 1, careless checks as present.", cwe="CWE-1287"),
    _entry("nbf-future", lambda m: {"nbf": m.now() + _HOUR, "exp": m.now() + 2 * _HOUR}, _NBF, "A token that is not good before an hour from now."),
    _entry("nbf-far-future", lambda m: {"nbf": m.now() + 5 * _YEAR, "exp": m.now() + 6 * _YEAR}, _NBF, "A token that is not good before years from now."),
    _entry("nbf-string", lambda m: {"nbf": str(m.now() + _HOUR), "exp": m.now() + 2 * _HOUR}, _NBF, "A token that is not good yet, with the time as text: a check for numbers may skip it."),
    _entry("iat-future", lambda m: {"iat": m.now() + _HOUR, "nbf": m.now() - 10, "exp": m.now() + 2 * _HOUR}, "RFC 7519 section 4.1.6; @clerk/backend token-iat-in-the-future", "A token that says it was issued an hour from now."),
    _entry("lifetime-too-long", lambda m: {"exp": m.now() + 10 * _YEAR}, "RFC 8725 section 3.10", "A genuine token that lives ten years, where Clerk's live a minute.", tolerate=True, authentic=True),
]
