"""What each group of the catalogue is about, for a reader who is no JWT expert."""

from __future__ import annotations

DESCRIPTION = {
    "genuine": "What a genuine issuer gives out. A policy says which of these may enter.",
    "absent": "No credential, or something that is none.",
    "time": "Genuinely signed, but not for now.",
    "signature": "What is said is right, who says it is not: the signature does not hold.",
    "algorithm": "The token says how it wants to be verified, and lies.",
    "lookup": "The token says where its key is to be found, or hides in a form that parsers read differently. Some name an "
    "address of the harness's own listener: to fetch from it is a finding, whatever the answer.",
    "claims": "Signed by the genuine key: only a look at the claims can stop these.",
    "confusion": "From the right issuer, but of another class than the route takes.",
    "opaque": "Tokens that only their issuer can tell: machines', OAuth clients', API keys. Held where a policy accepts one.",
    "webhook": "Deliveries that were not signed so, not for this, or not now. Held where a policy accepts `webhook`.",
    "cors": "What a browser asks before a page of the front end may call the backend. Held where `[settings] origin` is declared.",
    "legacy": "The home-made token that is to go, in every shape and place. A backend describes its own in `[legacy]`.",
    "placement": "A genuine token where it does not belong, or a name on a header that anybody can write.",
    "roles": "Genuine people who claim more than Clerk says of them: a role that looks like another, another organization, another "
    "user or role in a header, the query or the body.",
    "objects": "Whose row it is: each person on the own row and on another's. Held where a route's line says which value names whose: "
    "`path = { id = { alice = 1, bob = 2 } }`.",
    "named": "What the target's own source names: the probe shows which names its functions ask a request for, and which words stand "
    "in their code; each is tried. Only where the target is an app (`--app`): from outside nobody can look.",
    "bypass": "No credential at all: the method, the path or a header is bent, so that a guard may look elsewhere.",
    "state": "Sequences: a genuine token first and its forgery then, two people at once, an issuer in trouble. Those that need "
    "time or a fresh start (drills) are held on a few routes, in whole runs or with `--drills`.",
}
