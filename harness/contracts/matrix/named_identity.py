"""What the target's own source names, with another person in it, beside a genuine session: the credential `named-identity`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from harness.contracts.matrix.named import Learned, made_of
from harness.contracts.matrix.named_field import Field, Value, put_together
from harness.contracts.matrix.plan import Cell, RoutePlan
from harness.credentials import CATALOGUE, Mint
from harness.credentials.model import Presentation

IDENTITY = CATALOGUE["named-identity"]


def _of_bob(mint: Mint) -> tuple[Value, ...]:
    bob = mint.identities["bob"]
    forged = mint.signed(mint.material(bob.user).claims, key=mint.attacker)
    return (
        Value(str(bob.database_id), "somebody else's number"),
        Value(bob.user.id, "somebody else's Clerk id"),
        Value(bob.email, "somebody else's e-mail address"),
        Value(forged, "a forged token of somebody else's"),
    )


def _forms(fields: tuple[Field, ...], mint: Mint, *, whole: bool) -> Iterator[Presentation]:
    """Each name alone with each value, or all names at once; beside the session of whom the route admits."""
    groups = [(field,) for field in fields] if whole else [fields]
    for value in _of_bob(mint):
        for group in groups:
            yield put_together(group, value, mint.genuine())


def identity_cells(learned: Learned, plan: RoutePlan, *, whole: bool, chosen: Callable[[Cell], bool]) -> list[Cell]:
    """Return the cell of a route that is read by people: none where the source names neither header nor cookie.

    What stands in a query or a body may be a filter, or whose row is wanted: that is the row's own affair.
    """
    fields = tuple(field for field in learned.fields if field.place in ("header", "cookie"))
    if not fields or not plan.read_by_people or plan.ways[0].kind != "session":
        return []
    credential = made_of(IDENTITY, lambda mint: list(_forms(fields, mint, whole=whole)))
    cell = Cell(plan, credential, plan.expects(credential, plan.ways[0]), plan.ways[0])
    return [cell] if cell.expect != "reject" and chosen(cell) else []
