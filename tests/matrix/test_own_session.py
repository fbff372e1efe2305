"""Which cookies of an answer are sent back: all but Clerk's own, tokens of the issuer, and those that are taken away."""

from __future__ import annotations

import pytest

from harness.contracts.matrix.own_session import cookies_of
from harness.credentials import jose
from harness.targets.base import Observation

ISSUER = "https://ours.clerk.accounts.dev"
TOKEN = f"{jose.segment({'alg': 'RS256'})}.{jose.segment({'iss': ISSUER})}.c2ln"
OWN = f"{jose.segment({'alg': 'HS256'})}.{jose.segment({'iss': 'portal'})}.c2ln"


@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        ([], {}),
        (["sid=1; Path=/; HttpOnly"], {"sid": "1"}),
        (["sid=1", "lang=en; SameSite=Lax"], {"sid": "1", "lang": "en"}),
        (['sid="a b"'], {"sid": '"a b"'}),
        (["__client_uat=2", "__clerk_db_jwt=3", "__client_uat_Ab12Cd34=4", "__refresh_Ab12Cd34=5", "__client=6"], {}),
        ([f"__session={TOKEN}", f"__session_Ab12Cd34={TOKEN}"], {}),
        (
            ["__session=1", "__session_of_portal=2", "__clients=3"],
            {"__session": "1", "__session_of_portal": "2", "__clients": "3"},
        ),
        ([f"portal={TOKEN}"], {}),
        ([f"portal={OWN}"], {"portal": OWN}),
        (["portal=a.b.c", "list=W10.W10.W10"], {"portal": "a.b.c", "list": "W10.W10.W10"}),
        (["sid=; Path=/", "old=1; Max-Age=0"], {"sid": "", "old": ""}),
        (["a b=1", "sid=1"], {"sid": "1"}),
    ],
)
def test_what_an_answer_sets(fields: list[str], sent: dict[str, str]) -> None:
    answer = Observation(
        status=200, headers=[("content-type", "text/plain"), *(("Set-Cookie", value) for value in fields)]
    )
    assert cookies_of(answer, ISSUER) == sent
