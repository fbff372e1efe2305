"""Tokens, keys and passwords are cut; ordinary words are not."""

from __future__ import annotations

import base64
import html
import json
import re
import sys
import urllib.parse
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from harness.core.redact import Secrets, is_secret, learn, learn_url, learn_variables, redact
from harness.credentials import CATALOGUE, Legacy, Mint, Presentation, register
from harness.credentials.group_roles import EMAIL_FIELDS, ID_FIELDS, ID_NAMES
from harness.fake_clerk import FakeClerk

LONGEST = 24
"""So many characters of a value in a row may be shown: the names of a scheme or two, and a token's first eight."""
NO_SECRETS = {"svix-id", "svix-timestamp", "x-middleware-subrequest", *ID_FIELDS, *EMAIL_FIELDS, *ID_NAMES}
"""Fields whose values are long and no secrets: names of messages and users, and what a framework's bypass is called."""
TRIES = 16
"""Values that are short and made at random are cut by their shape: none may slip through."""

UNCUT = {"not-json": "three words in base64 (`not json`, `neither`, `sig`), which hold nothing"}
"""The credentials of which more is shown than should be, and why. What mends one takes it out of here."""


@pytest.fixture(scope="module")
def clerk() -> FakeClerk:
    return FakeClerk()


@pytest.fixture
def nobody_told(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No value is known, whatever tests before have told."""
    with monkeypatch.context() as patch:
        patch.setattr("harness.core.redact._KNOWN", Secrets())
        yield


@pytest.fixture(scope="module")
def mint(clerk: FakeClerk) -> Mint:
    return Mint(clerk, register(clerk, {}), Legacy())


def presented(presentation: Presentation) -> Iterator[str]:
    """Every value that may hold a credential, in the request, in those before it, and in its further forms."""
    if presentation.token is not None:
        yield presentation.token
    yield from (value.decode("latin-1") for value in presentation.authorization)
    delivery = presentation.delivery(b"{}") if presentation.delivery is not None else {}
    for name, value in (*presentation.headers, *delivery.items()):
        if name.lower() not in NO_SECRETS:
            yield value
    for name, value in (*presentation.cookies, *presentation.query, *presentation.body):
        if name not in NO_SECRETS:
            yield value
    for other in (*presentation.before, *presentation.also):
        yield from presented(other)


def is_cut(value: str) -> bool:
    """Whether no long part of a value is left in the middle of a text; of JSON, what stands in its strings."""
    if value.startswith("{"):
        strings = re.findall(r'"([^"]*)"', redact(f"saw {value} there"))
        return not any(len(text) > LONGEST for text in strings)
    shown = redact(f"saw {value} there")
    return not any(value[at : at + LONGEST + 1] in shown for at in range(len(value) - LONGEST))


def test_every_credential_of_the_catalogue_is_cut(mint: Mint) -> None:
    uncut = {
        name
        for name, credential in CATALOGUE.items()
        for _ in range(TRIES if credential.group in ("opaque", "webhook", "confusion") else 1)
        if not all(map(is_cut, presented(mint.present(replace(credential, fresh=True)))))
    }
    assert uncut == set(UNCUT)


def test_a_token_is_cut_to_its_beginning(mint: Mint) -> None:
    for name in ("clerk", "forged", "legacy", "alg-none", "expired"):
        token = mint.present(CATALOGUE[name]).token or ""
        assert redact(f"saw {token} there") == f"saw {token[:8]}… there"


def test_the_keys_of_an_instance_are_cut(clerk: FakeClerk) -> None:
    for secret in (clerk.secret_key, clerk.publishable_key, clerk.webhook_secret):
        assert redact(f"key={secret}") == f"key={secret[:8]}…"


def test_what_is_left_of_a_value_is_seen() -> None:
    """The test itself: a value that is not cut, and one of which only the beginning is left."""
    assert not is_cut("not_cut_at_all_for_it_has_no_digit")
    assert is_cut("A1b2C3d4" * 8)


STAYS = """
ModuleNotFoundError: No module named 'app.services.recommendations_and_more'
app.competence_handlers.recommendation_service.something_long: no such module
GET /career-progression/summary 401, the handler was not entered
GET /api/v1/organizations/{organization_id}/memberships/{membership_id}/roles/{role_id}
GET /invoices/550e8400-e29b-41d4-a716-446655440000/pdf
suites/routers/competence_tree.toml: routes.GET: no policy
column users.first_name does not exist at user_sync.py:24
commit 3b7ca8d1f0e94d1b2c3d4e5f60718293a4b5c6d7 is the newest
user_2NNEqL2nrIRdJ194ndJqAHwEfxC has no row in org_2NNEqL2nrIRdJ194ndJqAHwEfxC
the key set was fetched 3 times; keys: ins_2NNEqL2nrIRdJ194ndJqAHwEfxC
https://my-app.clerk.accounts.dev/.well-known/jwks.json
postgresql://127.0.0.1:5432/harness_1234_abcd
postgresql://app@127.0.0.1:5432
http://127.0.0.1:{port}
password: must have at least 8 characters
{"loc": ["body", "password"], "msg": "field required"}
{"password": "must have 8 characters"}
password=None, token=None
Bearer authentication is required
WWW-Authenticate: Bearer realm="api"
Basic authentication
Cookie: theme=dark
key (email)=(alice@example.com) already exists
made of alice@example.com:7:true:1730000000
CLERK_SECRET_KEY: not set
token_audience=my-backend-service
session: 12 of 30
credential: legacy, legacy-unknown-user, legacy-wrong-email
forged@cookie:__session, forged@m2m-jwt, testing-token, api-key@oauth-opaque
token: clerk-harness token clerk --issuer http://127.0.0.1:8765
repeat: clerk-harness run --env API_KEY="$API_KEY" --env DB_PASSWORD="$DB_PASSWORD"
let in by app.auth.clerk_authentication:verify_session_token_v2
CompetenceTreeRecommendationServiceV2Handler.get_recommendations
testOAuth2AuthorizationCodeFlowWithPKCE failed
task_test_user_creation_works
/usr/lib/python3.12/site-packages/starlette/middleware/authentication.py:42
""".strip().splitlines()


@pytest.mark.parametrize("text", STAYS)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


HEX = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql+psycopg://app:hunter2@db/x", "postgresql+psycopg://app:…@db/x"),
        ("postgresql://app:p@ss@db/x", "postgresql://app:…@db/x"),
        ("redis://:hunter2@cache", "redis://:…@cache"),
        ("failed: postgresql://app:hunter2hun", "failed: postgresql://app:…"),
        ("host=db user=app password=hunter2 dbname=x", "host=db user=app password=… dbname=x"),
        ("password='hunter 2'", "password='…'"),
        ("password: hunter2!", "password: …!"[:-1]),
        ('{"password": "hunter2"}', '{"password": "…"}'),
        (r"{\"password\": \"hunter2\"}", r"{\"password\": \"…\"}"),
        ("password%3Dhunter2", "password%3D…"),
        ("Authorization: Basic YWxpY2U6aHVudGVyMg==", "Authorization: Basic …"),
        ("Authorization: Bearer opaque1234567890", "Authorization: Bearer opaque12…"),
        ("Cookie: sid=abcdef1234567890; theme=dark", "Cookie: sid=abcdef12…; theme=dark"),
        ("set-cookie: sid=abc123; Path=/", "set-cookie: sid=…; Path=/"),
        (f"API_KEY={HEX}", "API_KEY=01234567…"),
        ('"client_secret": "q83vEjRWeJCrze8SNFZ4kKvN7xI0Vni/="', '"client_secret": "q83vEjRW…"'),
        (f"?token={HEX[:32]}&x=1", "?token=01234567…&x=1"),
        ("tokensk_test_abcdefghijklmnopqrstuv", "tokensk_test_…"),
        ("-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\nabcd\n-----END PRIVATE KEY-----\nafter", "-----BEGIN PRIVATE KEY-----…\nafter"),
        (r"-----BEGIN RSA PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0", "-----BEGIN RSA PRIVATE KEY-----…"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("nobody_told")
def test_what_nobody_told_of_is_cut_by_its_shape(text: str, shown: str) -> None:
    assert redact(text) == shown
    assert redact(shown) == shown


ODD = 'my "odd" secret & more/7'
FORMS = {
    "itself": ODD,
    "glued": f"x{ODD}y",
    "percent": urllib.parse.quote(ODD, safe=""),
    "form": urllib.parse.quote_plus(ODD),
    "json": json.dumps(ODD),
    "json-in-json": json.dumps(json.dumps(ODD))[1:-1],
    "python": repr(ODD),
    "html": html.escape(ODD),
    "base64": base64.b64encode(ODD.encode()).decode(),
    "base64url": base64.urlsafe_b64encode(ODD.encode()).decode(),
    "hex": ODD.encode().hex(),
    "broken off": ODD[:13],
}


@pytest.mark.parametrize("form", FORMS)
def test_a_known_value_is_cut_in_every_form(form: str) -> None:
    secrets = Secrets()
    secrets.learn(ODD)
    assert secrets.cut(FORMS[form]) != FORMS[form]
    assert FORMS[form][10:14] not in secrets.cut(FORMS[form])


def test_each_place_of_a_value_is_cut() -> None:
    secrets = Secrets()
    secrets.learn("Zq8-Wm3_Kd7vR2xP")
    assert (
        secrets.cut("a Zq8-Wm3_Kd7vR2xP b Zq8-Wm3_Kd7vR2xP c Zq8-Wm3_Kd7vR2xP") == "a Zq8-Wm3_… b Zq8-Wm3_… c Zq8-Wm3_…"
    )
    assert secrets.cut("broken off: Zq8-Wm3_Kd7v") == "broken off: Zq8-Wm3_…"


def test_a_long_text_is_cut_as_a_short_one_is(nobody_told: None) -> None:
    learn("Zq8-Wm3_Kd7vR2xP")
    for length in (4000, 4096, 5000):
        text = f"{'word ' * (length // 5)}Zq8-Wm3_Kd7vR2xP sk_test_abcdefghijklmnopqrstuvwxyz0123456789"
        shown = redact(text)
        assert shown.startswith("word " * (length // 5))
        assert "Zq8-Wm3_K" not in shown
        assert "abcdefghijklmnop" not in shown


def test_the_marks_around_a_key_are_no_secret() -> None:
    secrets = Secrets()
    secrets.learn("-----BEGIN-PRIVATE-KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\n-----END-PRIVATE-KEY-----")
    assert secrets.cut("-----BEGIN-PRIVATE-KEY-----") == "-----BEGIN-PRIVATE-KEY-----"
    assert secrets.cut("MIIEvQIBADANBgkqhkiG9w0BAQEF") == "…"


def test_a_function_in_a_module_is_a_usual_value() -> None:
    secrets = Secrets()
    for value in ("backend.auth:Verifier", "backend.auth:_verify"):
        secrets.learn(value)
        assert secrets.cut(f"in {value}") == f"in {value}"


def test_a_password_among_the_options_of_a_url_is_cut_whatever_is_in_it(nobody_told: None) -> None:
    learn_url("postgresql://host/db?password=wh4t-n0w?&sslmode=require")
    assert redact("it said wh4t-n0w? twice") == "it said … twice"


def test_values_that_begin_alike_are_both_cut() -> None:
    secrets = Secrets()
    secrets.learn("the-same-beginning-of-one")
    secrets.learn("the-same-beginning-of-another-one")
    assert secrets.cut("the-same-beginning-of-another-one") == "the-same…"
    assert secrets.cut("the-same-beginning-of-one.") == "the-same…."


def test_nothing_of_a_password_is_left() -> None:
    learn_variables({"DATABASE_URL": "postgresql://app:S3cr/et+pw@db/x", "SMTP_PASSWORD": "another1"})
    assert redact("S3cr/et+pw and another1, not another12") == "… and …, not another12"
    assert redact(r"one\nanother1") == r"one\n…"


def test_the_lines_of_a_key_are_cut_each() -> None:
    lines = ["MIIEvQIBADANBgkqhkiG9w0BAQEFAASC/x", "short/and+more/of/it"]
    learn_variables({"ANYTHING": "-----BEGIN PRIVATE KEY-----\n" + "\n".join(lines) + "\n-----END PRIVATE KEY-----"})
    assert [redact(f"| {line} |") for line in lines] == ["| … |", "| … |"]


def test_ordinary_values_of_variables_stay() -> None:
    learn_variables(
        {
            "TOKEN_AUDIENCE": "my-backend-service-of-all", "SECRET_KEY": "development", "KEY_FILE": "/etc/ssl/private/app.pem",
            "TOKEN_TTL": "86400000", "DATABASE_URL": "postgresql://postgres:postgres@localhost/app", "MODE": "my own mode of work",
            "AUTH_CALLABLE_KEY": "app.auth:current_user", "PUBLIC_KEY_ID": "a-name-of-a-key-1",
        }
    )  # fmt: skip
    text = "my-backend-service-of-all development /etc/ssl/private/app.pem 86400000 postgres my own mode of work"
    text += " app.auth:current_user a-name-of-a-key-1"
    assert redact(text) == text


def test_a_text_is_cut_the_same_way_every_time() -> None:
    secrets, turned = Secrets(), Secrets()
    values = ["one-known-value-of-it", "another-known-value", "one-known-value-of-it-and-more"]
    for value, other in zip(values, reversed(values), strict=True):
        secrets.learn(value)
        turned.learn(other)
    text = " ".join(values)
    assert secrets.cut(text) == turned.cut(text) == "one-know… another-… one-know…"


def test_of_very_many_that_the_harness_made_the_older_are_forgotten() -> None:
    secrets = Secrets()
    secrets.learn("a-value-of-the-users-own")
    secrets.learn("made-and-then-told-of-too", made=True)
    secrets.learn("made-and-then-told-of-too")
    for number in range(1001):
        secrets.learn(f"value-{number:05}-that-was-made", made=True)
    assert secrets.cut("a-value-of-the-users-own made-and-then-told-of-too") == "a-value-… made-and…"
    assert secrets.cut("value-00499-that-was-made value-00500-that-was-made") == "value-00499-that-was-made value-00…"
    assert secrets.cut("value-01000-that-was-made") == "value-01…"
    assert len(secrets._values) == 503


def test_threads_teach_and_cut_at_the_same_moment() -> None:
    secrets, often = Secrets(), sys.getswitchinterval()
    values = [f"Zq8-Wm3_{number:03}" + "-Kd7vR2xP" * (number % 2) for number in range(300)]

    def teach(some: list[str]) -> None:
        for value in some:
            secrets.learn(value, kept=0, made=True)
            assert secrets.cut(f"told {value} to all") == "told … to all"

    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(teach, (values[n::4] for n in range(4))))
    finally:
        sys.setswitchinterval(often)
    assert all(value not in secrets.cut(value) for value in values)


def test_names_that_tell() -> None:
    assert is_secret("STRIPE_API_KEY")
    assert is_secret("DATABASE_URL")
    assert not is_secret("PLATFORM_STAGE")
