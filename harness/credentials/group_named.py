"""Group `named`: what the target's own source names. The probe shows which names its functions ask a request for, and which words
stand in their code; each is tried. Nothing outside the source could know them.

The entries here are for readers and for selections. What is sent is made on each route from what was learned there, by
`harness.contracts.matrix.named`.
"""

from __future__ import annotations

from harness.credentials.mint import Mint
from harness.credentials.model import Credential, Presentation

_SOURCE = "CWE-798; OWASP WSTG-ATHN-04 (bypassing the authentication schema)"


def _nothing(mint: Mint) -> Presentation:
    return Presentation()


def _entry(name: str, why: str, cwe: str, *, role: bool = False, follows: str | None = None) -> Credential:
    return Credential(
        name, "named", _nothing, cwe, _SOURCE, why, fresh=True, learned=True, placed=True, role=role, authentic=role, follows=follows
    )


CREDENTIALS = [
    _entry("named-field", "No token: a header, cookie, parameter or field that the app's code asks for, with the words that stand in this code, with somebody's id, and with tokens that are good elsewhere or nowhere.", "CWE-288"),
    _entry("named-token", "A word that stands in the code of the authentication, as a token, and as the beginning of one that goes on with somebody's id.", "CWE-798"),
    _entry("named-beside-session", "The genuine session of a person whom the policy refuses, beside a header, cookie, parameter or field that the app's code asks for.", "CWE-807", role=True),
    _entry("named-identity", "Alice's genuine session beside a header or cookie that the app's code asks for, with Bob's id, address or a forged token of his: the answer must be Alice's.", "CWE-639", role=True, follows="clerk"),
    _entry("named-beside-token", "A token that is bad (old, forged, or run out) beside a header, cookie, parameter or field that the app's code asks for, with the words that stand in this code: by such a name old clients are known, and checks switched off.", "CWE-807"),
    _entry("named-service-token", "A token of a service, signed with a word that stands in the code, for the audiences, of the issuers and with the claims that the code names.", "CWE-1391"),
]  # fmt: skip
