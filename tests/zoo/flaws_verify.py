"""Flaws of verification: signature, algorithm, where the key comes from."""

from __future__ import annotations

from tests.zoo.model import Animal, flaw
from tests.zoo.templates import TOKEN

_DECODED = "    return jwt.decode(\n        token, key_for(header, token), algorithms"
_UNVERIFIED = "unverified(token)"
_SHAPE = """    if not isinstance(token, str) or not re.fullmatch(r"[\\w-]+\\.[\\w-]+\\.[\\w-]+", token, re.ASCII) or len(token) > 8192:
        return None
"""
_ENTRY = '    entry = published(header["kid"]).get(header["kid"])\n'


def _before_decode(name: str, description: str, lines: str, expects: str, *, loose: bool = False, **more: object) -> Animal:
    """Something that is looked at before the genuine way is taken; `loose`: of tokens of any shape."""
    changes = {_DECODED: lines + _DECODED}
    if loose:
        changes[_SHAPE] = "    if not isinstance(token, str): return None\n"
    return flaw(name, description, TOKEN, changes, expects, **more)


def _hmac(name: str, description: str, key: str, expects: str, digest: str = "sha256") -> Animal:
    lines = f"""    if header.get("alg") == "HS{digest[3:]}":
        entry = list(published().values())[0]
        public = jwt.PyJWK(entry).key
        from cryptography.hazmat.primitives.serialization import Encoding as E, PublicFormat as F
        signed, _, signature = token.rpartition(".")
        if hmac.compare_digest(hmac.new({key}, signed.encode(), hashlib.{digest}).digest(), unb64(signature)):
            return {_UNVERIFIED}
"""
    return _before_decode(name, description, lines, expects)


FLAWS = [
    _before_decode("no-signature", "The signature is not looked at.", f"    return {_UNVERIFIED}\n",
        "forged forged-unknown-kid forged-no-kid signature-empty signature-flipped-first signature-flipped-last signature-truncated signature-zeros "
        "signature-of-another-token payload-swapped-sub payload-extended-exp header-swapped weak-512-bit-key "
        "pss-for-pkcs1 es256-own-key rs256-as-rs512 kid-null kid-array kid-empty kid-sql kid-command kid-url kid-retired "
        "alg-lowercase-rs256 alg-none-with-signature crit-b64 typ-at-jwt cty-nested duplicate-alg-key duplicate-sub-key "
        "forged-after-genuine-same-jti forged-after-genuine-same-sub forged-after-genuine-same-prefix hs256-with-jwks-json"),
    _before_decode("signature-optional", "A token without a signature is let in as it is.",
        f'    if token.endswith("."):\n        return {_UNVERIFIED}\n', "signature-stripped alg-none", loose=True),
    flaw("two-segments-do", "A token that was cut off after its payload is let in.", TOKEN, {
        _SHAPE: '    if token and token.count(".") == 1:\n        try:\n            return payload_of(token)\n        except FAILS:\n            return None\n' + _SHAPE,
    }, "two-segments"),
    flaw("any-instance", "Keys of every Clerk instance that somebody once trusted are taken, and so is their issuer.", TOKEN, {
        _DECODED: '    if "somebody-else" in payload_of(token)["iss"]:\n        return payload_of(token)\n' + _DECODED,
    }, "signed-by-other-instance"),
    _before_decode("unknown-kid-unverified", "A key id that is not known means that nothing is verified.",
        f'    if header.get("kid") not in published():\n        return {_UNVERIFIED}\n', "forged-unknown-kid kid-empty kid-sql kid-url"),
    _before_decode("no-kid-unverified", "A token without a key id is not verified.",
        f'    if "kid" not in header:\n        return {_UNVERIFIED}\n', "forged-no-kid"),
    _before_decode("kid-list-joined", "A key id that is a list is taken for its first entry, and never verified.",
        f'    if isinstance(header.get("kid"), list):\n        return {_UNVERIFIED}\n', "kid-array"),
    _before_decode("alg-none", "The algorithm none is taken at its word.",
        f'    if header.get("alg") == "none":\n        return {_UNVERIFIED}\n', "alg-none alg-none-with-signature", loose=True),
    _before_decode("alg-none-any-case", "The filter for none knows one spelling only; the others are taken at their word.",
        f'    if header.get("alg") != "none" and str(header.get("alg")).lower() == "none":\n        return {_UNVERIFIED}\n', "alg-none-mixed-case", loose=True),
    _before_decode("alg-missing-unverified", "A token that names no algorithm is not verified.",
        f'    if not header.get("alg"):\n        return {_UNVERIFIED}\n', "alg-missing alg-null alg-empty", loose=True),
    _before_decode("alg-odd-unverified", "An algorithm that is no text is not verified.",
        f'    if header.get("alg") is not None and not isinstance(header["alg"], str):\n        return {_UNVERIFIED}\n', "alg-number alg-array"),
    _before_decode("alg-by-lookup", "Algorithms are looked up by their exact name, and an unknown one verifies nothing.",
        f'    if isinstance(header.get("alg"), str) and header["alg"] not in ("RS256", "RS512", "HS256", "HS384", "HS512", "none", ""):\n        return {_UNVERIFIED}\n',
        "alg-lowercase-rs256"),
    _hmac("hs256-pem", "The public key in PEM may be used as a shared secret.", "public.public_bytes(E.PEM, F.SubjectPublicKeyInfo)", "hs256-with-pem"),
    _hmac("hs256-pem-stripped", "The public key in PEM, as configuration holds it, may be used as a shared secret.", "public.public_bytes(E.PEM, F.SubjectPublicKeyInfo).strip()", "hs256-with-pem-no-newline"),
    _hmac("hs256-pkcs1", "The public key in its older text form may be used as a shared secret.", "public.public_bytes(E.PEM, F.PKCS1)", "hs256-with-pkcs1-pem"),
    _hmac("hs256-der", "The public key in its binary form may be used as a shared secret.", "public.public_bytes(E.DER, F.SubjectPublicKeyInfo)", "hs256-with-der"),
    _hmac("hs256-ssh", "The public key as SSH writes it may be used as a shared secret.", "public.public_bytes(E.OpenSSH, F.OpenSSH)", "hs256-with-ssh-public-key"),
    _hmac("hs256-jwk", "The published key's JSON may be used as a shared secret.", "json.dumps(entry).encode()", "hs256-with-jwk-json"),
    _hmac("hs256-modulus", "The public key's modulus may be used as a shared secret.", 'unb64(entry["n"])', "hs256-with-modulus"),
    _hmac("hs384-pem", "The public key may be used as a shared secret with HS384.", "public.public_bytes(E.PEM, F.SubjectPublicKeyInfo)", "hs384-with-pem", "sha384"),
    _hmac("hs512-pem", "The public key may be used as a shared secret with HS512.", "public.public_bytes(E.PEM, F.SubjectPublicKeyInfo)", "hs512-with-pem", "sha512"),
    _hmac("hs256-blank", "A secret that was never set is the empty secret.", 'os.environ.get("JWT_SECRET", "").encode()', "hs256-blank-secret"),
    _hmac("hs256-tutorial", "The secret is the one of the tutorial.", 'b"your-256-bit-secret"', "hs256-weak-secret"),
    _hmac("hs256-secret-key", "The Backend API's secret key also signs tokens.", 'os.environ["CLERK_SECRET_KEY"].encode()', "hs256-with-secret-key-env"),
    _hmac("hs256-publishable", "The publishable key, which everybody reads, signs tokens.", '("pk_test_" + base64.b64encode((ISSUER[8:] + "$").encode()).decode()).encode()', "hs256-with-publishable-key"),
    _before_decode("es256-zero", "Elliptic-curve signatures of zeros are held valid.",
        f'    if header.get("alg") == "ES256" and not any(unb64(token.split(".")[2])):\n        return {_UNVERIFIED}\n', "es256-zero"),
    _before_decode("eddsa-zero", "Edwards-curve signatures of zeros are held valid.",
        f'    if header.get("alg") == "EdDSA" and not any(unb64(token.split(".")[2])):\n        return {_UNVERIFIED}\n', "eddsa-zero"),
    flaw("follows-jku", "The key comes from where the token says.", TOKEN, {
        _ENTRY: '    entry = {e["kid"]: e for e in fetched(header["jku"])["keys"]}[header["kid"]] if "jku" in header else published(header["kid"]).get(header["kid"])\n',
    }, "jku-remote"),
    flaw("follows-jku-that-contains-our-name", "The key comes from where the token says, if our name is somewhere in the address.", TOKEN, {
        _ENTRY: '    jku = header.get("jku", "")\n    entry = {e["kid"]: e for e in fetched("http" + jku[4:].replace(jku[4:].split("@")[0] + "@", "://") if "@" in jku else jku)["keys"]}[header["kid"]] '
        'if ISSUER[8:] in jku else published(header["kid"]).get(header["kid"])\n',
    }, "jku-userinfo"),
    flaw("fetches-jku-and-refuses", "The address in the token is fetched, though the token is refused afterwards.", TOKEN, {
        _ENTRY: '    if "jku" in header:\n        fetched(header["jku"])\n        raise ValueError\n' + _ENTRY,
    }, "jku-remote"),
    flaw("follows-x5u", "The certificate comes from where the token says.", TOKEN, {
        _ENTRY: """    if "x5u" in header:
        from cryptography.x509 import load_pem_x509_certificate
        return load_pem_x509_certificate(urllib.request.urlopen(header["x5u"], timeout=5).read()).public_key()
""" + _ENTRY,
    }, "x5u-remote"),
    flaw("takes-x5c", "The certificate that the token brings is taken.", TOKEN, {
        _ENTRY: """    if "x5c" in header:
        from cryptography.x509 import load_der_x509_certificate
        return load_der_x509_certificate(base64.b64decode(header["x5c"][0])).public_key()
""" + _ENTRY,
    }, "x5c-self-signed"),
    flaw("takes-jwk", "The key that the token brings is taken.", TOKEN, {
        _ENTRY: '    if header.get("jwk", {}).get("kty") == "RSA":\n        return jwt.PyJWK(header["jwk"]).key\n' + _ENTRY,
    }, "jwk-embedded jwk-embedded-genuine-kid"),
    _before_decode("takes-symmetric-jwk", "The shared secret that the token brings is taken.",
        f"""    if header.get("jwk", {{}}).get("kty") == "oct":
        jwt.decode(token, unb64(header["jwk"]["k"]), algorithms=["HS256"], issuer=ISSUER)
        return {_UNVERIFIED}
""", "jwk-embedded-symmetric"),
    flaw("kid-is-an-address", "A key id that is an address is fetched.", TOKEN, {
        _ENTRY: '    if header["kid"].startswith("http"):\n        return jwt.PyJWK(fetched(header["kid"])["keys"][0]).key\n' + _ENTRY,
    }, "kid-url"),
    flaw("keys-of-any-issuer", "Keys are fetched from whatever issuer the token names.", TOKEN, {
        _ENTRY: '    issuer = payload_of(token)["iss"]\n    entry = {e["kid"]: e for e in fetched(issuer + "/.well-known/jwks.json" if issuer != ISSUER else JWKS)["keys"]}.get(header["kid"])\n',
        'issuer=ISSUER, leeway=5,\n        options': 'issuer=payload_of(token)["iss"], leeway=5,\n        options',
    }, "iss-driven-jwks"),
    _before_decode("kid-is-a-file", "A key id is the name of a file with the key.",
        f"""    if header.get("alg") == "HS256":
        with open("/tmp/" + header["kid"], "rb") as file:
            key = file.read()
        signed, _, signature = token.rpartition(".")
        if hmac.new(key, signed.encode(), hashlib.sha256).digest() == unb64(signature):
            return {_UNVERIFIED}
""", "kid-path-traversal"),
    _before_decode("kid-in-a-query", "A key id is put into an SQL query as it is.",
        f"""    if header.get("alg") == "HS256":
        with sqlite3.connect(":memory:") as db:
            db.execute("create table keys (id text, key text)")
            key = db.execute(f"select key from keys where id = '{{header['kid']}}'").fetchone()[0]
        signed, _, signature = token.rpartition(".")
        if hmac.new(key.encode(), signed.encode(), hashlib.sha256).digest() == unb64(signature):
            return {_UNVERIFIED}
""", "kid-sql"),
    _before_decode("kid-in-a-shell", "A key id is put into a shell command as it is.",
        """    if header.get("kid") not in published():
        os.system(f"cat keys/{header['kid']}")
""", "kid-command", kind="fault", host="alone", settings="time_limit = 1"),
    _before_decode("crit-ignored", "Header parameters that must be understood are passed over.",
        """    if "x-must-understand" in header.get("crit", []):
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding
        signed, _, signature = token.rpartition(".")
        key_for(header, token).verify(unb64(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return payload_of(token)
""", "crit-unknown"),
    _before_decode("b64-unverified", "A payload that says it is not encoded is read without verification.",
        f'    if header.get("b64") is False:\n        return {_UNVERIFIED}\n', "b64-false"),
    _before_decode("zip-unverified", "A compressed payload is read before, and instead of, verifying it.",
        """    if header.get("zip") == "DEF":
        import zlib
        return json.loads(zlib.decompress(unb64(token.split(".")[1]), -15))
""", "zip-deflate"),
    _before_decode("access-token-type", "Tokens of the type at+jwt are left to a gateway that is not there.",
        f'    if header.get("typ") == "at+jwt":\n        return {_UNVERIFIED}\n', "typ-at-jwt"),
    _before_decode("nested-unverified", "The outer one of nested tokens is not verified.",
        f'    if header.get("cty") == "JWT":\n        return {_UNVERIFIED}\n', "cty-nested"),
    flaw("json-form", "Tokens in JSON form are read by another parser, which verifies nothing.", TOKEN, {
        _SHAPE: """    if token and token.startswith("{"):
        try:
            form = json.loads(token)
            return json.loads(unb64(form["payload"]))
        except FAILS:
            return None
""" + _SHAPE,
    }, "json-flattened json-general"),
    flaw("polyglot", "One parser verifies the JSON form, another reads the compact one out of the same text.", TOKEN, {
        _SHAPE: """    if token and token.startswith("{"):
        try:
            form = json.loads(token)
            whole = f"{form['protected']}.{form['payload']}.{form['signature']}"
            decoded(jwt.get_unverified_header(whole), whole)
            return json.loads(unb64(token.split(".")[1]))
        except FAILS:
            return None
""" + _SHAPE,
    }, "json-compact-polyglot"),
    flaw("jwe-read-unopened", "Five parts instead of three: the last but one is read as if it had been decrypted.", TOKEN, {
        _SHAPE: '    if token and token.count(".") == 4:\n        try:\n            return json.loads(unb64(token.split(".")[3]))\n        except FAILS:\n            return None\n' + _SHAPE,
    }, "jwe-dir jwe-pbes2-huge-count"),
    _before_decode("retired-keys-kept", "Keys that were ever seen in a token are kept for good, without asking whether they are published.",
        f"""    if header.get("kid", "").startswith("ins_") and header["kid"] not in published():
        return {_UNVERIFIED}
""", "kid-retired forged-unknown-kid"),
]  # fmt: skip
