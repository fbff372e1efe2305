"""What the front-end contract looks at."""

from __future__ import annotations

from harness.contracts.base import CheckSpec

CHECKS = (
    CheckSpec(
        "sign-in",
        "a person signs in and out; protected pages send strangers to the sign-in and back, public ones are open",
        "Clerk, Protect pages; OWASP ASVS 5.0, 8.3.1: enforced by what is trusted",
    ),
    CheckSpec(
        "fresh-token",
        "each request of a protected page to the backend carries a fresh genuine Clerk session token and no other credential",
        "Clerk, Making requests: getToken() for each request; RFC 6750, section 2",
    ),
    CheckSpec(
        "token-origin",
        "no token goes to any origin but the backend's, the front end's own and Clerk's",
        "RFC 6750, section 5.2; CWE-201",
    ),
    CheckSpec(
        "no-stored-credential",
        "no credential is kept or shown in the stores of the browser, readable cookies, the URL, the page or the console",
        "OWASP, HTML5 Security Cheat Sheet, Local Storage; CWE-922",
    ),
    CheckSpec("no-loop", "no visit to a page ends in a loop of redirects"),
    CheckSpec(
        "sign-out",
        "after a sign-out the open pages stop within the declared time, in every tab",
        "OWASP ASVS 5.0, 7.4.1; CWE-613",
    ),
    CheckSpec(
        "revoked",
        "after a revocation, a ban and a deletion the open pages stop within the declared time, in every tab",
        "OWASP ASVS 5.0, 7.4.2; Clerk, Session lifetime",
    ),
    CheckSpec(
        "refresh",
        "a page that is open for longer than a token lives still works, and sends no token that has run out",
        "Clerk, Session tokens: they live for 60 seconds",
    ),
    CheckSpec(
        "separation",
        "two people never see each other's data, neither in two browsers nor one after the other in the same",
        "OWASP ASVS 5.0, 14.3.1; CWE-524",
    ),
    CheckSpec(
        "organization",
        "switching the organization switches it in the token of the next request",
        "Clerk, Session tokens: claim `o`",
    ),
    CheckSpec(
        "outage",
        "while Clerk cannot be reached nobody is let in and no page is blank; afterwards pages work again",
        "OWASP ASVS 5.0, 16.5.3: fail securely",
    ),
)
SPECS = {spec.name: spec for spec in CHECKS}
JOURNEY = ("sign-in", "fresh-token", "token-origin", "no-stored-credential", "no-loop")
"""What is judged of one journey of one person through all pages."""
