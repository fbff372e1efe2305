"""Bad tokens beside what the source names, and tokens of services that its words sign."""

from __future__ import annotations

from harness.contracts.matrix.named import Learned
from harness.contracts.matrix.named_tokens import token_cells
from harness.credentials.model import Presentation
from tests.credentials.forms import claims_of
from tests.matrix.kit import RecordingMint, plan_of
from tests.matrix.test_named_forms import field

HEADER = Learned((field("header", "x-app-version", "2.9"),), (), (("2.9", "app:guard"),))
SECRET = Learned((), (), (("jobs-change-me", "app:job"), ("zoo-jobs", "app:job"), ("on_behalf_of", "app:job")))


def made(
    what: Learned, accept: tuple[str, ...] = ("clerk",), *, whole: bool = True, tolerate: tuple[str, ...] = ()
) -> dict[str, list[Presentation]]:
    plan, mint = plan_of(accept), RecordingMint()
    plan.policy = plan.policy.model_copy(update={"tolerate": tolerate})
    found = token_cells(what, plan, whole=whole, chosen=lambda cell: True)
    presented = {cell.credential.name: cell.credential.recipe(mint) for cell in found}
    return {name: [one, *one.also] for name, one in presented.items()}


def beside(what: Learned, accept: tuple[str, ...] = ("clerk",), *, whole: bool = True) -> list[Presentation]:
    return made(what, accept, whole=whole)["named-beside-token"]


def test_each_bad_token_stands_beside_each_word_of_a_name() -> None:
    forms = [form for form in beside(HEADER) if form.headers == (("x-app-version", "2.9"),)]
    assert [form.form.partition(" beside ")[0] for form in forms] == [
        "the old token",
        "a forged token",
        "a token that ran out",
        "a token with a secret that everybody knows",
    ]
    assert all(form.token for form in forms) and len({form.token for form in forms}) == 4


def test_a_word_may_be_what_a_client_says_of_itself() -> None:
    forms = [
        form
        for form in beside(Learned(words=(("Zoo-iOS/1.", "app:guard"),)))
        if ("user-agent", "Zoo-iOS/1.") in form.headers
    ]
    assert [form.form.partition(" beside ")[0] for form in forms] == [
        "the old token",
        "a forged token",
        "a token that ran out",
        "a token with a secret that everybody knows",
    ]
    assert not any("Zoo-iOS" in form.form for form in forms)


def test_what_a_policy_takes_is_no_bad_token() -> None:
    assert not any(form.form.startswith("the old token") for form in beside(HEADER, ("clerk", "legacy")))
    assert "named-beside-token" not in made(HEADER, ("webhook",))


def test_a_way_in_that_is_meant_is_not_tried() -> None:
    assert made(HEADER, tolerate=("named-field",)) == {}
    assert "named-service-token" not in made(SECRET, tolerate=("named-token",))


def test_all_names_at_once_where_another_route_named_the_same() -> None:
    two = Learned((field("header", "x-one", "v"), field("cookie", "two", "v")))
    forms = beside(two, whole=False)
    assert all(form.headers and form.cookies for form in forms)
    assert {form.form.partition(" beside ")[0] for form in forms} == {"the old token"}
    assert {"named-beside-token"} == set(made(SECRET, whole=False))
    many = Learned(words=tuple((f"word-{n}", "app:guard") for n in range(60)))
    assert len(beside(many, whole=False)) == 30


def test_many_words_leave_no_name_out() -> None:
    many = Learned(tuple(field("header", f"x-{n}", *(f"v{m}" for m in range(24))) for n in range(24)))
    forms = beside(many)
    assert len(forms) == 400
    assert {name for form in forms for name, _ in form.headers} == {f"x-{n}" for n in range(24)}


def test_a_service_s_token_has_audience_issuer_and_claims_of_the_code() -> None:
    forms = made(SECRET)["named-service-token"]
    first = [claims_of(form.token or "") for form in forms if "`jobs" in form.form]
    assert {"aud" in claims for claims in first} == {True, False}
    assert all("zoo-jobs" in claims["aud"] for claims in first if "aud" in claims)
    assert {claims.get("iss") for claims in first} == {None, "zoo-jobs", "on_behalf_of"}
    assert all(claims["exp"] > claims["iat"] for claims in first)
    people = {claims["on_behalf_of"] for claims in first}
    assert any(person.startswith("user_") for person in people)
    assert not any("jobs-change-me" in form.form for form in forms)


def test_a_short_word_is_no_secret() -> None:
    assert "named-service-token" not in made(Learned(words=(("abc", "app:f"),)))
