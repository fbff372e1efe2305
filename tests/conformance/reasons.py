"""What Clerk's own clients say of each credential of the catalogue that is a token: the client's reason, or `accepted`.

`accepted` are genuine tokens, and what these clients do not look at by themselves: the issuer, the audience, the authorized party,
the class (`cat`), whether the session is pending, revoked, or the user banned. Backends must; the matrix shows whether they do.
"""

PYTHON: dict[str, str] = {
    "accepted": """
        clerk clerk-v1 clerk-no-azp clerk-impersonated clerk-pending clerk-newcomer clerk-other clerk-org-admin
        clerk-org-member clerk-rotated clerk-clock-ahead m2m-opaque m2m-jwt oauth-opaque oauth-jwt api-key exp-missing exp-huge
        lifetime-too-long iss-other iss-missing iss-prefix iss-suffix iss-substring iss-array iss-upper-case
        iss-http iss-trailing-slash azp-foreign azp-foreign-with-origin azp-lookalike-prefix
        azp-lookalike-suffix azp-array sub-missing sub-empty sub-of-machine
        sub-unknown-user sub-banned-user sub-deleted-user sid-missing sid-revoked version-unknown
        unsafe-metadata-role session-for-machine machine-for-session template-for-session sign-in-ticket
        handshake-token clerk-header-legacy-cookie cookie-expired-header-genuine expired-after-genuine
        revoked-after-genuine banned-after-genuine rotated-out-after-genuine two-identities-at-once answer-of-who-came-first jwks-heals
        role-lookalike admin-of-another-organization role-in-header role-in-query role-in-body identity-in-header
        identity-in-query identity-in-token own-object others-object
    """,
    "token-invalid-audience": """
        clerk-template aud-foreign id-token
    """,
    "token-invalid": """
        legacy garbage null-token undefined-token one-segment two-segments four-segments empty-segments not-base64
        not-json json-array-payload space-inside huge-token deeply-nested-json exp-null exp-nan-infinity alg-none
        alg-none-mixed-case alg-none-with-signature alg-missing alg-null alg-number alg-array alg-empty
        alg-lowercase-rs256 hs256-with-pem hs256-with-pem-no-newline hs256-with-pkcs1-pem hs256-with-der
        hs256-with-ssh-public-key hs256-with-jwk-json hs256-with-jwks-json hs256-with-modulus hs384-with-pem
        hs512-with-pem hs256-blank-secret hs256-weak-secret hs256-with-secret-key-env hs256-with-publishable-key
        es256-zero es256-own-key eddsa-zero rs256-as-rs512 kid-null kid-array jwk-embedded-symmetric crit-unknown
        b64-false jwe-dir jwe-of-forged jwe-pbes2-huge-count json-flattened json-general json-compact-polyglot
        sub-null sub-number sub-array dev-browser-token testing-token publishable-key-as-token secret-key-as-token
        refresh-token legacy-unknown-user legacy-of-others legacy-urlsafe legacy-wrong-email legacy-no-timestamp legacy-with-clerk-id
        legacy-double-encoded legacy-header-clerk-cookie
        hs256-with-pem-spellings hs256-with-pkcs1-spellings hs256-with-jwk-spellings hs256-with-jwks-spellings
        hs256-shared-secrets hs256-with-target-secret
        segment-missing json-general-no-signatures
    """,
    "token-invalid-signature": """
        padded-base64 forged signature-stripped signature-empty signature-flipped-first signature-flipped-last
        signature-truncated signature-zeros signature-of-another-token payload-swapped-sub payload-extended-exp
        header-swapped weak-512-bit-key pss-for-pkcs1 jwk-embedded-genuine-kid x5c-self-signed crit-b64 zip-deflate
        typ-at-jwt cty-nested duplicate-alg-key duplicate-sub-key forged-after-genuine-same-jti
        forged-after-genuine-same-sub forged-after-genuine-same-prefix jwks-outage forged-newcomer api-outage jwks-slow jwks-malformed
        jwks-empty
        forged-after-genuine-same-signature pkcs1-padding-modified
    """,
    "token-expired": """
        expired expired-just-now expired-years exp-string exp-negative exp-boolean expired-clerk-with-legacy
        header-expired-cookie-genuine
    """,
    "token-not-active-yet": """
        nbf-future nbf-far-future nbf-string iat-future
    """,
    "jwk-kid-mismatch": """
        forged-unknown-kid forged-no-kid signed-by-other-instance kid-empty kid-path-traversal kid-sql kid-command
        kid-url kid-huge kid-retired jwk-embedded jku-remote jku-userinfo x5u-remote iss-driven-jwks
        legacy-hs256-default-secret legacy-rs256-own-key unknown-kid-flood
        forged-after-genuine-same-payload alg-none-unknown-kid alg-none-no-kid hs256-unknown-kid
    """,
}
"""clerk-backend-api 7: `verify_token` with a secret key."""

NODE: dict[str, str] = {
    "accepted": """
        clerk clerk-v1 clerk-no-azp clerk-template clerk-impersonated clerk-pending clerk-newcomer clerk-other
        clerk-org-admin clerk-org-member clerk-rotated clerk-clock-ahead exp-huge lifetime-too-long crit-unknown iss-other iss-missing
        iss-prefix iss-suffix iss-substring iss-array iss-upper-case iss-http iss-trailing-slash azp-foreign
        azp-foreign-with-origin azp-lookalike-prefix
        azp-lookalike-suffix azp-array aud-foreign sub-empty sub-of-machine sub-unknown-user sub-banned-user
        sub-deleted-user sid-missing sid-revoked version-unknown unsafe-metadata-role session-for-machine
        template-for-session id-token sign-in-ticket clerk-header-legacy-cookie cookie-expired-header-genuine
        expired-after-genuine revoked-after-genuine banned-after-genuine rotated-out-after-genuine
        two-identities-at-once answer-of-who-came-first jwks-heals
        role-lookalike admin-of-another-organization role-in-header role-in-query role-in-body identity-in-header
        identity-in-query identity-in-token own-object others-object
    """,
    "token-invalid": """
        m2m-opaque m2m-jwt oauth-opaque oauth-jwt api-key legacy garbage null-token undefined-token one-segment
        two-segments four-segments empty-segments not-base64 not-json space-inside huge-token exp-nan-infinity
        zip-deflate typ-at-jwt jwe-dir jwe-of-forged jwe-pbes2-huge-count json-flattened json-general
        json-compact-polyglot machine-for-session dev-browser-token testing-token publishable-key-as-token
        secret-key-as-token refresh-token legacy-unknown-user legacy-of-others legacy-urlsafe legacy-wrong-email legacy-no-timestamp
        legacy-with-clerk-id legacy-double-encoded legacy-header-clerk-cookie
        segment-missing json-general-no-signatures
    """,
    "token-verification-failed": """
        json-array-payload exp-missing exp-null exp-string exp-boolean nbf-string rs256-as-rs512 sub-missing
        sub-null sub-number sub-array handshake-token
    """,
    "token-invalid-signature": """
        padded-base64 forged header-swapped signature-stripped signature-empty signature-flipped-first signature-flipped-last
        signature-truncated signature-zeros signature-of-another-token payload-swapped-sub payload-extended-exp
        weak-512-bit-key pss-for-pkcs1 kid-array jwk-embedded-genuine-kid x5c-self-signed crit-b64 cty-nested
        duplicate-alg-key duplicate-sub-key forged-after-genuine-same-jti forged-after-genuine-same-sub
        forged-after-genuine-same-prefix jwks-outage forged-newcomer api-outage jwks-slow jwks-malformed jwks-empty
        forged-after-genuine-same-signature pkcs1-padding-modified
    """,
    "jwk-kid-mismatch": """
        deeply-nested-json forged-unknown-kid forged-no-kid signed-by-other-instance kid-null kid-empty
        kid-path-traversal kid-sql kid-command kid-url kid-huge kid-retired jwk-embedded jku-remote jku-userinfo
        x5u-remote iss-driven-jwks b64-false legacy-hs256-default-secret legacy-rs256-own-key unknown-kid-flood
        forged-after-genuine-same-payload alg-none-unknown-kid alg-none-no-kid hs256-unknown-kid
    """,
    "token-expired": """
        expired expired-just-now expired-years exp-negative expired-clerk-with-legacy header-expired-cookie-genuine
    """,
    "token-not-active-yet": """
        nbf-future nbf-far-future
    """,
    "token-iat-in-the-future": """
        iat-future
    """,
    "token-invalid-algorithm": """
        alg-none alg-none-mixed-case alg-none-with-signature alg-missing alg-null alg-number alg-array alg-empty
        alg-lowercase-rs256 hs256-with-pem hs256-with-pem-no-newline hs256-with-pkcs1-pem hs256-with-der
        hs256-with-ssh-public-key hs256-with-jwk-json hs256-with-jwks-json hs256-with-modulus hs384-with-pem
        hs512-with-pem hs256-blank-secret hs256-weak-secret hs256-with-secret-key-env hs256-with-publishable-key
        es256-zero es256-own-key eddsa-zero jwk-embedded-symmetric
        hs256-with-pem-spellings hs256-with-pkcs1-spellings hs256-with-jwk-spellings hs256-with-jwks-spellings
        hs256-shared-secrets hs256-with-target-secret
    """,
}
"""@clerk/backend 3: `verifyToken` with a secret key."""


def by_credential(table: dict[str, str]) -> dict[str, str]:
    """Credential -> reason."""
    return {name: reason for reason, names in table.items() for name in names.split()}
