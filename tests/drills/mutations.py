"""Correct TOML files with something wrong in them, by chance."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.drills.malformed import MATRIX, RUN, Case, Maker

TOMLS = {
    "suites/auth_matrix.toml": RUN,
    "suites/routers/app.toml": RUN,
    "suites/user_sync.toml": (*RUN, "--only", "user_sync"),
    "suites/migrations.toml": (*RUN, "--only", "migrations"),
    "suites/budget.toml": (*RUN, "--only", "budget"),
    "suites/configuration.toml": (*RUN, "--only", "configuration"),
    "people.toml": ("issuer", "--seed", "people.toml", "--", "true"),
}


_VALID = {
    "suites/auth_matrix.toml": MATRIX
    + '[settings]\nclock_skew = 5\norigin = "http://localhost:3000"\ndomain = "a.clerk.accounts.dev"\n[identities.a]\nemail = "a@example.com"\n'
    '[mechanisms]\nclerk = ["*clerk*"]\n[legacy]\ntemplate = "{email}"\n[[criteria]]\ntext = "x"\nproof = "refusals"\n',
    "suites/routers/app.toml": 'router = "app"\npolicy = "public"\nprefix = "/x"\n[routes]\n"GET /me" = { policy = "public", path = { a = 1 }, '
    'query = { b = "c" }, headers = { X-Y = "z" }, json = { k = [1] }, carriers = ["bearer"], messages = ["{token}"] }\n',
    "suites/user_sync.toml": 'table = "users"\nclerk_id = "clerk_id"\nroute = "GET /me"\n[columns]\nemail = "email"\n',
    "suites/budget.toml": '[routes]\n"GET /me" = { statements = 1, clerk = 0 }\n',
    "suites/configuration.toml": 'health = "GET /me"\n[variables]\nCLERK_SECRET_KEY = "refuse"\n',
    "suites/migrations.toml": 'tool = "alembic"\n',
    "people.toml": 'secret_key = "sk_test_mine"\nwebhook_secret = "whsec_abc"\ndomain = "a.b"\n[[users]]\nemail = "a@b.c"\norganizations = { acme = "org:admin" }\n'
    '[[organizations]]\nslug = "acme"\n[jwt_templates.t]\nclaims = { a = "{{user.id}}" }\n',
}  # fmt: skip
_VALUES = (
    "1", "-1", "nan", "inf", "true", '""', '"\\u0000"', "[]", "{}", "[[[]]]", '"x\\ny"', "2026-01-01", "1e999", "9" * 400, "{a={b={c=1}}}", '"€\\U0001F600"',
    '["a", 1]', '"' + "x" * 70_000 + '"', '"{"', '"{0}"', '"%s"', '"/etc"', '"\'"', '["*"]', '" "',
)  # fmt: skip


def mutated(text: str, chance: random.Random) -> bytes:
    """A file with one to three things wrong: a line dropped, twice, renamed, nested, of another type; cut, or with bytes in it."""
    lines = text.splitlines()
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(lines))
        name, equals, _ = lines[at].partition(" = ")
        match chance.choice(("drop", "retype", "retype", "retype", "rename", "nest", "twice", "header")):
            case "drop" if len(lines) > 1:
                del lines[at]
            case "retype" if equals:
                lines[at] = f"{name} = {chance.choice(_VALUES)}"
            case "rename" if equals:
                lines[at] = lines[at].replace(
                    name, chance.choice(("x", '""', '"\\u0000"', "é", '"GET /x"', name + "x", '"' + name + '\\n"')), 1
                )
            case "nest" if equals:
                lines[at] = f"{name}.{name} = {lines[at].partition(' = ')[2]}"
            case "twice":
                lines.insert(at, lines[at])
            case _ if lines[at].startswith("["):
                lines[at] = chance.choice(("[x]", f"[{lines[at]}]", lines[at].strip("[]") + " = 1", "[[", '[""]'))
    data = "\n".join(lines).encode() + b"\n"
    if chance.random() < 0.15:
        data = data[: chance.randrange(len(data))]
    if chance.random() < 0.15:
        at = chance.randrange(len(data))
        data = data[:at] + chance.choice((b"\0", b"\xff", b"\r", b'"', b"[", b"\xed\xa0\x80")) + data[at:]
    return data


def mutation_cases(seed: int, number: int = 40) -> Iterator[Case]:
    for path, text in _VALID.items():
        for count in range(number):
            chance = random.Random(f"{seed}/{path}/{count}")
            name = f"mutation {path} {seed}/{count}"
            files: dict[str, str | bytes | Maker] = {path: mutated(text, chance)}
            if count % 4 == 3 and path.startswith("suites/"):
                yield Case(
                    "pytest " + name,
                    ("suites", "-q", "-x", "-p", "no:cacheprovider"),
                    files,
                    module="pytest",
                    codes=frozenset(range(6)),
                )
            else:
                yield Case(name, TOMLS[path], files)
