"""What a cause of findings is called, and what to change: by family of credentials, and by verdict."""

from __future__ import annotations

from dataclasses import dataclass

from harness.credentials import CATALOGUE


@dataclass(frozen=True)
class Family:
    """Credentials whose admission has one cause in a guard. `admits`: what it lets in, as the object of a sentence."""

    name: str
    groups: tuple[str, ...]
    admits: str
    remedy: str
    page: str


FORGEABLE = "signature"
"""The family that says that a guard verifies nothing: whoever can sign anything needs no other flaw."""

FAMILIES = (
    Family(
        "absent", ("absent",), "requests without a usable credential",
        "depend on the guard in this route (or its router), and let it raise 401 where there is no token", "credentials.md#absent",
    ),
    Family(
        "legacy", ("legacy",), "the old token",
        "take the old mechanism out of the guard, and depend on the one that verifies Clerk's tokens", "credentials.md#legacy",
    ),
    Family(
        FORGEABLE, ("signature", "algorithm", "lookup"), "tokens that anybody can sign",
        "verify the signature with the issuer's published key, RS256 alone, and no key that the token brings along", "credentials.md#signature",
    ),
    Family("time", ("time",), "tokens whose time is over or has not come", "verify exp, nbf and iat with a leeway of seconds", "credentials.md#time"),
    Family(
        "claims", ("claims",), "tokens of another issuer, front end or audience",
        "compare iss exactly, and azp with the list of your front ends", "credentials.md#claims",
    ),
    Family(
        "confusion", ("confusion", "opaque"), "credentials that were made for something else, or are not valid",
        "accept the kind of token that the route is for, and ask Clerk of opaque ones", "credentials.md#confusion",
    ),
    Family("webhook", ("webhook",), "deliveries that Clerk did not send", "verify svix-signature over id, timestamp and raw body", "credentials.md#webhook"),
    Family(
        "placement", ("placement",), "identities from places that anybody can write",
        "read the token from one place, and the identity from its verified claims alone", "credentials.md#placement",
    ),
    Family("roles", ("roles",), "people without the role", "compare the role of the verified claims exactly, in the organization that is asked for", "credentials.md#roles"),
    Family("objects", ("objects",), "people to rows of others", "look rows up by the verified user's id too", "credentials.md#objects"),
    Family("named", ("named",), "words of its own source", "take this way in out of the code", "credentials.md#named"),
    Family(
        "bypass", ("bypass",), "requests whose method, path or header is bent",
        "guard the handler itself, not paths before it", "credentials.md#bypass",
    ),
    Family("cors", ("cors",), "pages of other websites", "name the origins of your front ends; never reflect one, nor * with credentials", "credentials.md#cors"),
    Family(
        "state", ("state",), "what it has let in before",
        "key caches by the whole token, and let an entry end with the token and with the session", "credentials.md#state",
    ),
    Family("genuine", ("genuine",), "credentials of Clerk that the policy does not admit", "say in the policy whom the route admits, or ask the claims for it", "matrix.md"),
)  # fmt: skip
_BY_GROUP = {group: family for family in FAMILIES for group in family.groups}
_IDENTITY = Family(
    "identity", (), "people to answers of others",
    "take the identity from the claims of the token that was verified and from nothing else, and keep answers under it", "credentials.md#roles",
)  # fmt: skip
_OWN_SESSION = Family(
    "own session", (), "cookies that it gave out itself",
    "verify Clerk's token on every request, and give out no session of the backend's own", "credentials.md#state",
)  # fmt: skip
_OF_IDENTITY = (
    "identity-in-header",
    "identity-in-query",
    "identity-in-token",
    "named-identity",
    "answer-of-who-came-first",
)
_BY_NAME = dict.fromkeys(_OF_IDENTITY, _IDENTITY) | {"cookies-after-genuine": _OWN_SESSION}
_OTHER = Family("other", (), "what must be rejected", "reject it before the handler is called", "verdicts.md")


def family_of(credential: str, group: str) -> Family:
    """The family of a cell's credential, by its label and its group; the old token itself is of the old ones."""
    name = credential.partition("@")[0]
    if name == "legacy" or name.startswith("legacy-"):
        return _BY_GROUP["legacy"]
    return _BY_NAME.get(name) or _BY_GROUP.get(group, _OTHER)


def weakness(credential: str) -> tuple[str, str]:
    """The CWE and the source of a credential's rule, by the label of a cell; two empty texts for one that is made in a run."""
    entry = CATALOGUE.get(credential.partition("@")[0])
    return (entry.cwe, entry.source) if entry is not None else ("", "")


OF_VERDICT = {
    "mixed": ("lets in by a mechanism that the policy does not name", "let in by a mechanism that the policy does not name", "let the route depend on the mechanism that its policy names", "verdicts.md"),
    "lockout": ("keeps out whom the policy admits", "keep out whom the policy admits", "find out from its answer why the guard refuses a genuine credential", "inconclusive.md#when-the-genuine-credential-is-refused"),
    "fault": ("fails instead of deciding", "fail instead of deciding", "mend the error: where a guard fails, nothing is decided", "verdicts.md"),
    "leak": ("tells too much when it refuses", "tell too much when they refuse", "answer every refusal with the same words", "verdicts.md"),
    "handler-error": ("fails in the handler, after it was decided who may enter", "fail in the handler, after it was decided who may enter", "give the request what the handler needs, or mend the handler", "verdicts.md"),
    "inconclusive": ("proves nothing", "prove nothing", "have the genuine credential let in first, or say in the declaration how the route is called", "inconclusive.md"),
    "undeclared": ("has no policy", "have no policy", "declare them in suites/routers", "matrix.md"),
    "stale": ("is declared and does not exist", "are declared and do not exist", "take the lines out, or mend their paths", "matrix.md"),
    "unreviewed": ("has a policy that init wrote and nobody has read", "have a policy that init wrote and nobody has read", "read the line, and take out `reviewed = false`", "matrix.md"),
}  # fmt: skip
"""What the one route of a cause does, what several do, what to change, and the page that tells more."""
