"""Where the border lies between a secret and a word: one fact on each side of each rule."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator

import pytest

from harness.core import redact as redact_module
from harness.core.redact import Secrets, is_secret, learn_url, learn_variables, looks_secret, redact
from harness.core.secret_forms import forms_of, shows, within_base64
from harness.core.secret_shapes import by_shape, random

# 32 letters, small and capital, and digits, which change at each place.
MIXED = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF"
HEX = "0123456789abcdef0123456789abcdef"
LONG = "x" * 1000


@pytest.mark.parametrize(
    ("text", "least", "often", "expected"),
    [
        (MIXED, 32, 0.3, True),
        (MIXED[:-1], 32, 0.3, False),
        (MIXED[:-1], 31, 0.3, True),
        ("user_" + MIXED[:24], 16, 0.3, False),
        (MIXED.lower(), 32, 0.3, False),
        (MIXED.upper(), 32, 0.3, False),
        ("aBcD" * 8, 32, 0.3, False),
        ("1" * 32, 32, 0.3, False),
        # Ten characters of which three change, and four; with one digit four of ten are needed.
        ("aaaaBB1111", 10, 0.3, False),
        ("aaaaBB111a", 10, 0.3, True),
        ("aaaBBB1aaa", 10, 0.3, False),
        ("aaaBBB1aaB", 10, 0.3, True),
        ("aaaBBB11aB", 10, 0.5, False),
        ("aaaBBB11aBb", 10, 0.3, True),
        # Only letters and digits count as characters that change.
        ("a-a-a-a-B1", 10, 0.3, False),
    ],
)  # fmt: skip
def test_what_was_made_by_chance(text: str, least: int, often: float, expected: bool) -> None:
    assert random(text, least, often) is expected


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        # After a name that tells: what has a secret's form.
        (f"key={HEX}", f"key={HEX[:8]}…"),
        (f"key={HEX[:31]}", f"key={HEX[:8]}…"),
        ("key=550e8400-e29b-41d4-a716-446655440000", "key=550e8400…"),
        (f"key={MIXED[:16]}", f"key={MIXED[:8]}…"),
        (f"key={MIXED[:15]}", f"key={MIXED[:15]}"),
        ("key=abcdefghijklmnop1234", "key=abcdefgh…"),
        ("key=abcdefghijklmnopq123", "key=abcdefghijklmnopq123"),
        ("key=abcdefghijklmno1234", "key=abcdefghijklmno1234"),
        ("key=12345678901234567890", "key=12345678901234567890"),
        ("key=abcdefghijklmnop-1234", "key=abcdefghijklmnop-1234"),
        ("key: 'abcdefghijklmnop1234='", "key: 'abcdefgh…'"),
        (f'{{"key": "{MIXED}"}}', f'{{"key": "{MIXED[:8]}…"}}'),
        ("name=abcdefghijklmnop1234", "name=abcdefghijklmnop1234"),
        # After the name of a password: all but what is none.
        ("password=hunter2", "password=…"),
        ("password=letters", "password=…"),
        ("password: letters", "password: letters"),
        ("password: hunt2", "password: hunt2"),
        ("password: hunte2", "password: …"),
        ("password: 'letters'", "password: '…'"),
        ("password: 'two words'", "password: 'two words'"),
        ("password='two words'", "password='…'"),
        ("password=$PASSWORD1", "password=$PASSWORD1"),
        ("password='…'", "password='…'"),
        ("password='{password1}'", "password='{password1}'"),
        ("password='<password1>'", "password='<password1>'"),
        ("password='%(password1)s'", "password='%(password1)s'"),
        ("password=None", "password=None"),
        ("password=XXXX", "password=XXXX"),
        ("password=****", "password=****"),
        # In Authorization.
        ("Bearer opaque1234567890", "Bearer opaque12…"),
        ("Bearer abcdefgh", "Bearer abcdefgh"),
        ("Bearer abcdefghijklmnopqrstuvwx", "Bearer abcdefgh…"),
        ("Bearer abcdefghijklmnopqrstuvw", "Bearer abcdefghijklmnopqrstuvw"),
        ("Bearer abcdefg1", "Bearer …"),
        (f"Token {MIXED}", f"Token {MIXED[:8]}…"),
        ("Token validation-2-failed", "Token validation-2-failed"),
        ("token%20" + HEX, f"token%20{HEX[:8]}…"),
        ("Basic YWxpY2U6aHVudGVyMg", "Basic …"),
        ("Basic YWxpY2U6aHVudGVyMg==", "Basic …"),
        ("Basic authentication1", "Basic authentication1"),
        ("Basic dXNlcjpwdzE=", "Basic …"),
        ("Basic dXNlcjpwdzE", "Basic …"),
        ("Basic dXNlcjpwdzEy", "Basic …"),
        ("Basic YTpiYTpi.YTpi", "Basic YTpiYTpi.YTpi"),
        ("Basic abcdefghi", "Basic abcdefghi"),
        ("basic " + base64.b64encode(b"no colon in it").decode(), "basic " + base64.b64encode(b"no colon in it").decode()),
        ("BASIC YWxpY2U6aHVudGVyMg==", "BASIC …"),
        # Cookies.
        ("Cookie: a=abcdef1234567890; b=abcdefghijklmno", "Cookie: a=abcdef12…; b=…"),
        ("Set-Cookie: a=abcdef1234567890; Path=/somewhere; DOMAIN=example.com",
         "Set-Cookie: a=abcdef12…; Path=/somewhere; DOMAIN=example.com"),
        ("Cookie: a=abcdef12…", "Cookie: a=abcdef12…"),
        ("Cookie: a=short; b=abcdef", "Cookie: a=short; b=…"),
        # Dotted: tokens, and what only looks like one.
        (f"saw eyJhbGciOiJub25lIn0.{'a' * 20}.", "saw eyJhbGci…"),
        ("saw eyJhbGciOiJub.ab", "saw eyJhbGci…"),
        ("saw eyJhbGciOi.abc", "saw eyJhbGciOi.abc"),
        ("saw eyJhbGciOi.abcd", "saw eyJhbGciOi.abcd"),
        ("saw eyJhbGciO.abcdef", "saw eyJhbGci…"),
        (f"saw somemodule.{MIXED[:20]}", "saw somemodu…"),
        (f"saw somemodule.{MIXED[:19]}", f"saw somemodule.{MIXED[:19]}"),
        # Long texts, alone and between slashes.
        (f"saw {MIXED}", f"saw {MIXED[:8]}…"),
        (f"saw {MIXED[:31]}", f"saw {MIXED[:31]}"),
        (f"saw {LONG}", "saw xxxxxxxx…"),
        (f"saw {LONG[:-1]}", f"saw {LONG[:-1]}"),
        (f"saw a/{MIXED}", f"saw a/{MIXED[:8]}…"),
        (f"saw /{MIXED[:16]}/{MIXED[:24]}", f"saw /{MIXED[:16]}/{MIXED[:24]}"),
        (f"saw {MIXED[:16]}/{MIXED[:24]}", f"saw {MIXED[:8]}…"),
        (f"saw {MIXED[:16]}/{MIXED[:22]}", f"saw {MIXED[:16]}/{MIXED[:22]}"),
        (f"saw {MIXED[:16]}/{MIXED[:16]}_{MIXED[:8]}", f"saw {MIXED[:16]}/{MIXED[:16]}_{MIXED[:8]}"),
        (f"saw {MIXED[:16]}/{MIXED[:16]}-{MIXED[:8]}", f"saw {MIXED[:16]}/{MIXED[:16]}-{MIXED[:8]}"),
    ],
)  # fmt: skip
def test_what_is_cut_and_what_stays(text: str, shown: str) -> None:
    assert by_shape(text) == shown
    assert looks_secret(text) is (text != shown)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("API_KEY", True), ("my_secret", True), ("TOKEN", True), ("password", True), ("PASSWD", True), ("PWD", True),
        ("passphrase", True), ("CREDENTIALS", True), ("PRIVATE", True), ("SIGNING", True), ("DATABASE_URL", True),
        ("SENTRY_DSN", True), ("URL", False), ("STAGE", False),
    ],
)  # fmt: skip
def test_names_that_tell(name: str, expected: bool) -> None:
    assert is_secret(name) is expected


def known(*values: str, kept: int = 8) -> Secrets:
    secrets = Secrets()
    for value in values:
        secrets.learn(value, kept)
    return secrets


@pytest.mark.parametrize(
    ("value", "learnt"),
    [
        ("a1-b2-c", False), ("a1-b2-c3", True), ("  a1-b2-c3\n", True),
        ("abcdefgh", False), ("ABCDEFGH", False), ("Abcdefgh", False), ("abcdEfgh", True), ("éabcdefg", True),
        ("abcdefghijklmno", False), ("abcdefghijklmnop", True),
        ("12345678901", False), ("123456789012", True),
        ("/etc/ssl/app.pem", False), ("./a/b/c/d/e", False), ("../a/b/c/d", False), (".../a/b/c/d", True),
        ("app.auth:current_user", False), ("app.auth:1current_user", True),
        ("my-app.example.com", False), ("my-app.example.c", True), ("my-app.example.C0m", True),
        (f"/{MIXED}", True), (f"/{MIXED[:15]}", False), ("two words", True),
    ],
)  # fmt: skip
def test_which_values_are_too_usual_to_be_cut(value: str, learnt: bool) -> None:
    word = value.strip()
    shown = known(value).cut(f"saw {word} there")
    assert (shown != f"saw {word} there") is learnt


def test_a_place_that_was_made_by_chance_is_no_place() -> None:
    host = f"{MIXED}.io"
    assert known(host).cut(f"saw {host}") == f"saw {host[:8]}…"


def test_how_much_of_a_known_value_stays() -> None:
    value = "a-value-that-is-known"
    assert known(value).cut(value) == "a-value-…"
    assert known(value, kept=3).cut(value) == "a-v…"
    assert known(value, kept=0).cut(f"{value}{value}.") == "……."
    # Broken off by somebody's limit: twelve characters are enough, eleven are not.
    assert known(value).cut("a-value-that") == "a-value-…"
    assert known(value).cut("a-value-tha") == "a-value-tha"
    assert known(value).cut("a-value-that-was") == "a-value-…was"
    # Of two that begin alike the one of which most is there, and of the same the one of which more stays.
    both = known(value)
    both.learn("a-value-that-is", 2)
    assert both.cut("a-value-that-is-known") == "a-value-…"
    assert both.cut("a-value-that-is") == "a-value-…"
    # Short ones stand alone, or after an escaped line end.
    short = known("a1-b2-c3")
    assert short.cut("a1-b2-c3 xa1-b2-c3 a1-b2-c3x \\na1-b2-c3 (a1-b2-c3)") == "… xa1-b2-c3 a1-b2-c3x \\n… (…)"


@pytest.mark.parametrize(
    ("password", "learnt"),
    [("hunt2", False), ("hunte2", True), ("letters", False), ("123456", False), ("LONGLETTERSONLYYES", True), ("a/b/c1", True)],
)  # fmt: skip
def test_passwords(password: str, learnt: bool) -> None:
    secrets = Secrets()
    secrets.learn_password(password)
    assert secrets.cut(f"({password})") == ("(…)" if learnt else f"({password})")


def test_of_a_key_in_lines_each_long_one_is_cut() -> None:
    lines = ["MIIEvQIBADANBgkq", "hkiG9w0BAQEFAAS", "AoIBAQDexample+/=", "last/line/of/the/key"]
    for between in ("\n", "\r\n", "\\n", "\\r", "\\\\n", " "):
        secrets = known(f"-----BEGIN PRIVATE KEY-----{between}{between.join(lines)}{between}-----END PRIVATE KEY-----")
        assert [secrets.cut(f"({line})") for line in lines] == ["(…)", f"({lines[1]})", "(…)", "(…)"]
        assert secrets.cut("-----BEGIN PRIVATE KEY-----") == "-----BEGIN PRIVATE KEY-----"


def test_base64_of_a_value_that_is_part_of_something_longer() -> None:
    """The whole groups of three bytes are the same wherever the rest goes (RFC 4648 section 4); of short ones it says little."""
    nine, value = "n1n2n3n4n5", "v1-v2-v3-v4-v5-v6?>~"
    assert known(nine).cut(base64.b64encode(nine[:9].encode()).decode()) == "…"
    eight = "e1e2e3e4"
    part = base64.b64encode(eight[:6].encode()).decode()
    assert known(eight).cut(part) == part
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        cut = known(value).cut(encode(f"{value} and more".encode()).decode())
        assert cut.startswith(encode(value.encode()).decode()[:8] + "…")


@pytest.mark.parametrize(
    ("value", "forms"),
    [
        ('a/b "\xfc"\n<c> +', {
            'a/b "\xfc"\n<c> +', "612f622022c3bc220a3c633e202b", "YS9iICLDvCIKPGM+", "YS9iICLDvCIKPGM-",
            "a%2Fb%20%22%C3%BC%22%0A%3Cc%3E%20%2B", "a%2Fb+%22%C3%BC%22%0A%3Cc%3E+%2B", "a/b%20%22%C3%BC%22%0A%3Cc%3E%20%2B",
            'a/b "\xfc"\\n<c> +', "a/b &quot;\xfc&quot;\n&lt;c&gt; +", 'a/b \\"\\u00fc\\"\\n<c> +', 'a/b \\"\xfc\\"\\n<c> +',
            'a/b \\\\\\"\\\\u00fc\\\\\\"\\\\n<c> +',
        }),
        ("12345678", {"12345678", "3132333435363738"}),
        ("123456789", {"123456789", "313233343536373839", "MTIzNDU2Nzg5"}),
        ("x\udc80y", {"x\udc80y", "78edb28079", "x%ED%B2%80y", "x\\udc80y", "x\\\\udc80y"}),
    ],
)  # fmt: skip
def test_every_form_of_a_value(value: str, forms: set[str]) -> None:
    """In percent-encoding, JSON, Python, HTML, base64 and hexadecimal digits: what stands in logs and answers."""
    assert forms_of(value, everywhere=False) == forms
    assert forms <= forms_of(value)


def test_a_value_is_known_as_other_languages_spell_it_too() -> None:
    """By encodeURIComponent, MarkupSafe, twice percent-encoded, in capital hexadecimal digits, within the base64 of more."""
    value = 'it\'s (a) "K7#q" one!'
    found = forms_of(value)
    assert "it's%20(a)%20%22K7%23q%22%20one!" in found
    assert "it&#39;s (a) &#34;K7#q&#34; one!" in found
    assert "it%2527s%2520%2528a%2529%2520%2522K7%2523q%2522%2520one%2521" in found
    assert value.encode().hex().upper() in found
    for before in ("", "a:", "ab:", "abc:"):
        written = base64.b64encode(f"{before}{value}, and more".encode()).decode()
        assert any(form in written for form in within_base64(value))
        assert "…" in known(value).cut(written)


KEY = "sk_test_q7Zk2PbX9sLw4RtV8mNcQ1aB3dE5fG7h"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"{KEY[:-4]}****", True),
        (base64.b64encode(f"ap:{KEY}".encode()).decode(), True),
        (KEY.encode().hex().upper(), True),
        (f"sk_test_…{KEY[-4:]}", False),
        ("sk_test_ 5f3a9c0e", False),
    ],
)
def test_half_of_a_value_is_shown_and_its_end_is_not(text: str, shown: bool) -> None:
    assert shows(f"the key is {text}.", KEY) is shown


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nobody has told of anything yet."""
    with monkeypatch.context() as patch:
        patch.setattr(redact_module, "_KNOWN", Secrets())
        yield


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    ("url", "cut", "kept"),
    [
        ("postgresql://app:first1pw@db/x", ["first1pw"], ["app"]),
        ("postgresql://app:first%2F1@db/x", ["first%2F1", "first/1"], []),
        ("postgresql://same1word:same1word@db/x", [], ["same1word"]),
        ("postgresql://app:se:co@nd1@db/x", ["se:co@nd1"], []),
        ("redis://:third1pw@cache", ["third1pw"], []),
        ("postgresql://db/x?user=someone1&password=fourth1pw&passphrase=fifth1pw", ["fourth1pw", "fifth1pw"], ["someone1"]),
        ("http://a/ x://u:one1two@b x://v:three3@c", ["one1two", "three3"], []),
        ("http://app/path:with1at@x", [], ["with1at"]),
    ],
)  # fmt: skip
def test_the_passwords_of_a_url(url: str, cut: list[str], kept: list[str]) -> None:
    learn_url(url)
    assert [redact(f"({word})") for word in cut] == ["(…)"] * len(cut)
    assert [redact(f"({word})") for word in kept] == [f"({word})" for word in kept]


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("API_KEY", "some-value-of-it", {"some-value-of-it": "some-val…"}),
        ("STAGE", "some-value-of-it", {"some-value-of-it": "some-value-of-it"}),
        ("STAGE", MIXED, {MIXED[:20]: f"{MIXED[:8]}…"}),
        ("KEY_NAME", "some-value-of-it", {"some-value-of-it": "some-value-of-it"}),
        ("key_id", "some-value-of-it", {"some-value-of-it": "some-value-of-it"}),
        ("KEYID", "some-value-of-it", {"some-value-of-it": "some-val…"}),
        ("DB_PASSWORD", "one1two", {"one1two": "…"}),
        ("DB_PASSWORD_FILE", "one1two-of-it", {"one1two-of-it": "one1two-of-it"}),
        ("TOKENS", "first-of-some, second-of-some;third-of-some", {
            "first-of-some": "first-of…", "second-of-some": "…", "third-of-some": "…", "first-of-some, second-of-some": "first-of…"}),
        ("API_KEY", "https://u:one1two@a/first-of-some", {"first-of-some": "first-of-some", "one1two": "…"}),
        ("TOKEN", "-----BEGIN X-----\nMIIEvQIBADANBgkq other-words-of-it\n-----END X-----",
         {"MIIEvQIBADANBgkq": "…", "-----BEGIN": "-----BEGIN"}),
    ],
)  # fmt: skip
def test_what_is_secret_among_variables(name: str, value: str, shown: dict[str, str]) -> None:
    redact("some-value-of-it one1two")  # What was cut before it was known is cut anew.
    learn_variables({"PATH": "/bin", name: value})
    assert {word: redact(word) for word in shown} == shown


@pytest.mark.usefixtures("told")
def test_what_was_redacted_before_is_redacted_anew() -> None:
    taught: list[tuple[Callable[[], object], str]] = [
        (lambda: redact_module.learn("learnt-of-it"), "learnt-of-it"),
        (lambda: learn_url("x://u:one1two@a"), "one1two"),
        (lambda: learn_variables({"A_PASSWORD": "three3four"}), "three3four"),
    ]
    for learn, word in taught:
        assert redact(word) == word
        learn()
        assert redact(word) != word
    long = f"{'word ' * 1000}learnt-of-it"
    assert redact(long) == f"{'word ' * 1000}…"


@pytest.mark.parametrize("name", ["DATABASE_PASS", "SMTP_PASS", "pass"])
def test_a_password_may_be_called_pass(told: None, name: str) -> None:
    learn_variables(
        {name: "Kr@ken & <tea>71%", "COMPASS": "north-by-northwest-7", "PASS_THROUGH": "headers-and-cookies-7"}
    )
    assert redact("it is Kr@ken & <tea>71% for north-by-northwest-7, headers-and-cookies-7") == (
        "it is … for north-by-northwest-7, headers-and-cookies-7"
    )
