"""What the configuration contract looks at."""

from __future__ import annotations

from harness.contracts.base import CheckSpec

CHECKS = (
    CheckSpec("well", "with every variable in order the app starts, and its health endpoint says that all is well"),
    CheckSpec("absent", "a missing variable is refused, or told by health, as declared"),
    CheckSpec("empty", "an empty variable is refused, or told by health, as declared"),
    CheckSpec("malformed", "a malformed variable is refused, or told by health, as declared"),
    CheckSpec(
        "live",
        "a live key in a test is refused, or told by health, as declared",
        "Clerk, Environments: keys of a production instance begin with sk_live_ and pk_live_",
    ),
    CheckSpec(
        "legacy",
        "a secret of the old authentication that is still set is refused, or told by health, as declared",
        "CWE-798",
    ),
    CheckSpec(
        "fails-closed",
        "whatever is wrong with the configuration, nobody gets in by it",
        "OWASP ASVS 5.0, 16.5.3: fail securely",
    ),
    CheckSpec("outage", "health tells when the issuer cannot be had"),
    CheckSpec("recovery", "health tells when the issuer is back"),
    CheckSpec("no-secret", "neither health nor a refusal shows a secret", "CWE-200"),
)
