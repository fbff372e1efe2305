"""What a live key is: found wherever it stands in a text, and nothing else taken for one."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from urllib.parse import quote

import pytest

from harness.contracts.configuration.trials import live
from harness.core import live_keys
from harness.core.live_keys import find_live_keys

HOST = "clerk.example.com"
BODY = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1eF3hJ5kL7nP9"
SECRET = "sk_live_" + BODY
PUBLISHABLE = "pk_live_" + base64.b64encode(f"{HOST}$".encode()).decode()
LONG = "pk_live_" + base64.urlsafe_b64encode(b"clerk.a-rather-long-name~?.example.com$").decode()
PLACES = {
    "alone": "{}",
    "in double quotes": '"{}"',
    "in single quotes": "'{}'",
    "in JSON": '{{"key": "{}", "other": 1}}',
    "as a word": "KEY={} next",
    "in a command": 'env X={} sh -c "uvicorn app:app"',
    "quoted in a command": "sh -c 'export X=\"{}\"; run'",
    "as a password": "postgresql://user:{}@127.0.0.1:5432/db",
    "in a query": "postgresql://u@h/db?application_name={}&x=1",
    "as a bearer": "Authorization: Bearer {}",
    "in a list": "sk_test_abcdefgh,{};x",
    "in brackets": "[{}](x)",
    "in a line of several": "a\nexport KEY={}\nb",
    "after an escaped line break": "a\\nKEY=x\\n{}\\n",
    "after a percent escape": "options=-c%20x%3D{}",
    "in XML": "<key>{}</key>",
    "after a word": "clerk{}",
    "after an underscore": "x_{}",
    "before a slash": "https://h/{}/more",
    "twice": "{0} {0}",
}


@pytest.mark.parametrize(
    "key", [SECRET, PUBLISHABLE, PUBLISHABLE.rstrip("=")], ids=["secret", "publishable", "unpadded"]
)
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_key_is_found_wherever_it_stands(key: str, place: str) -> None:
    (found,) = find_live_keys(place.format(key))
    assert str(found) == f"{key[:8]}…" + (f" of {HOST}" if key.startswith("pk") else "")


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_what_is_encoded_for_a_query_or_a_json_is_found(place: str) -> None:
    assert find_live_keys(quote(place.format(PUBLISHABLE)))
    assert find_live_keys(json.dumps(json.dumps(place.format(SECRET))))


@pytest.mark.parametrize(
    "host", ["a.bc", "clerk.example.com", "clerk.xn--bcher-kva.example", "clerk.my-long-name.co.uk"]
)
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("end", ["", "/", "-x", "_x", "=", "&a=b", '"'])
def test_a_publishable_key_tells_its_host(host: str, encode: object, end: str) -> None:
    body = encode(f"{host}$".encode()).decode().rstrip("=")  # type: ignore[operator]
    assert [key.host for key in find_live_keys(f"pk_live_{body}{end}")] == [host]


@pytest.mark.parametrize(
    "text",
    [
        "sk_live_abcdefgh", "sk_live_0123456789abcdef", "pk_live_51HabcdefghiJKLmnop", "pk_live_abcdefgh",
        "live_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9", f"sk_live_{BODY}...", f"sk_live_{BODY}_old", f"sk_live_{BODY[:20]}_{BODY[20:]}",
        f"sk_live_your_key or {SECRET}", f"{live_keys.SPECIMEN_SECRET} {SECRET}",
    ],
)  # fmt: skip
def test_these_are_keys(text: str) -> None:
    assert find_live_keys(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "sk_live_", "pk_live_", "sk_live_...", "sk_live_…", "sk_live_xxx", "sk_live_" + "x" * 40, "pk_live_XXXXXXXXXXXX",
        "sk_live_xxxxxxxxxxxx1234", "sk_live_00000000", "sk_live_********", "sk_live_<your key>", "sk_live_${KEY}", "sk_live_{key}",
        "sk_live_your_secret_key", "sk_live_YOUR_SECRET_KEY_HERE", "sk_live_placeholder", "sk_live_replaceme", "sk_live_changeme",
        "sk_live_abcdefgh...", "sk_live_abcdefgh…", "sk_live_abc", "keys begin with sk_live_ and pk_live_",
        r"sk_live_[A-Za-z0-9]+", r"sk_live_\w+", "sk_(test|live)_.+", "task_live_wire", "task_live_wirestuff", "risk_live_monitoring",
        "sk_test_" + BODY, "pk_test_" + BODY, "whsec_" + BODY, "SK_LIVE_KEY", "sk_livery", "go_live_2024", "live_stream_of_events",
        "live_updates", "ticket_live_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9", "live_abcdefghijklmnopqrstuvwxyz0123456789",
        "the key sk_live_, followed by letters", "startswith('sk_live_')",
    ],
)  # fmt: skip
def test_these_are_none(text: str) -> None:
    assert find_live_keys(text) == []


def test_what_the_harness_makes_up_is_let_through_and_nothing_like_it() -> None:
    for test_key in ("sk_test_x", "pk_test_x"):
        made = str(live(test_key))
        assert made.startswith(("sk_live_", "pk_live_"))
        assert find_live_keys(f"KEY={made}") == []
        assert find_live_keys(made[:-4] + "Q7xZ")


def test_no_character_of_a_key_is_told() -> None:
    for key in (SECRET, PUBLISHABLE, LONG):
        (found,) = find_live_keys(key)
        assert all(key[8:][at : at + 4] not in f"{found} {found!r}" for at in range(len(key) - 12))


def test_the_rule_needs_nothing_of_the_harness() -> None:
    """The agent loads it by its path, in the target's own Python."""
    code = (
        "import runpy, sys; rule = runpy.run_path(sys.argv[1]); print(*rule['find_live_keys'](sys.argv[2]));"
        "print([name for name in sys.modules if name.startswith('harness')])"
    )
    command = [sys.executable, "-S", "-I", "-c", code, live_keys.__file__, SECRET]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "sk_live_…\n[]\n"
