"""The operations on machines. Source: Clerk's OpenAPI document `backend-api` (2026-05-12), tag Machines."""

from __future__ import annotations

from typing import Any

from harness.fake_clerk.instance import Instance
from harness.fake_clerk.models.machines import Machine
from harness.fake_clerk.models.timestamps import milliseconds
from harness.fake_clerk.operations._bodies import strings_in
from harness.fake_clerk.operations._lookup import find_machine
from harness.fake_clerk.wire import (
    Answer,
    ApiRequest,
    Operation,
    Refused,
    deleted,
    error,
    integer_in,
    not_found,
    paged,
    text_in,
)


def _with_scopes(instance: Instance, machine: Machine) -> dict[str, Any]:
    scoped = [instance.machines[other].as_json() for other in machine.scopes if other in instance.machines]
    return machine.as_json() | {"scoped_machines": scoped}


def _ttl(document: dict[str, Any], default: int) -> int:
    ttl = integer_in(document, "default_token_ttl", default)
    if not 1 <= ttl <= 315_360_000:
        raise Refused(error(422, "form_param_value_invalid", "default_token_ttl is between 1 and 315360000"))
    return ttl


def _create(instance: Instance, request: ApiRequest) -> Answer:
    document = request.document()
    machine = Machine(text_in(document, "name"), instance.id, _ttl(document, 3600))
    for other in strings_in(document, "scoped_machines"):
        machine.scopes.append(find_machine(instance, other).id)
    for other in machine.scopes:  # A scope is valid in both directions.
        instance.machines[other].scopes.append(machine.id)
    instance.machines[machine.id] = machine
    return 200, _with_scopes(instance, machine) | {"secret_key": machine.secret}


def _list(instance: Instance, request: ApiRequest) -> Answer:
    words = (request.value("query") or "").lower()
    found = [m for m in instance.machines.values() if words in f"{m.id} {m.name}".lower()]
    return paged(request, [_with_scopes(instance, machine) for machine in found])


def _get(instance: Instance, request: ApiRequest, machine_id: str) -> Answer:
    return 200, _with_scopes(instance, find_machine(instance, machine_id))


def _update(instance: Instance, request: ApiRequest, machine_id: str) -> Answer:
    machine, document = find_machine(instance, machine_id), request.document()
    machine.ttl = _ttl(document, machine.ttl)
    if document.get("name") is not None:
        machine.name = text_in(document, "name")
    machine.updated_at = milliseconds()
    return 200, _with_scopes(instance, machine)


def _delete(instance: Instance, request: ApiRequest, machine_id: str) -> Answer:
    del instance.machines[find_machine(instance, machine_id).id]
    for other in instance.machines.values():
        other.scopes = [entry for entry in other.scopes if entry != machine_id]
    return deleted("machine", machine_id)


def _get_secret(instance: Instance, request: ApiRequest, machine_id: str) -> Answer:
    return 200, {"object": "machine_secret_key", "secret": find_machine(instance, machine_id).secret}


def _rotate_secret(instance: Instance, request: ApiRequest, machine_id: str) -> Answer:
    machine = find_machine(instance, machine_id)
    integer_in(request.document(), "previous_token_ttl", 0)
    machine.secret = Machine(machine.name, instance.id).secret
    return _get_secret(instance, request, machine_id)


def _scope(machine: Machine, other: Machine) -> dict[str, Any]:
    return {"object": "machine_scope", "from_machine_id": machine.id, "to_machine_id": other.id}


def _add_scope(instance: Instance, request: ApiRequest, machine_id: str) -> Answer:
    machine, other = (
        find_machine(instance, machine_id),
        find_machine(instance, text_in(request.document(), "to_machine_id")),
    )
    if other.id in machine.scopes:
        raise Refused(error(409, "machine_scope_exists", "the machines may talk to each other already"))
    machine.scopes.append(other.id)
    other.scopes.append(machine.id)
    return 200, _scope(machine, other) | {"created_at": milliseconds()}


def _remove_scope(instance: Instance, request: ApiRequest, machine_id: str, other_machine_id: str) -> Answer:
    machine, other = find_machine(instance, machine_id), find_machine(instance, other_machine_id)
    if other.id not in machine.scopes:
        raise not_found("machine scope", other_machine_id)
    machine.scopes.remove(other.id)
    other.scopes.remove(machine.id)
    return 200, _scope(machine, other) | {"deleted": True}


_ONE = "/v1/machines/{machine_id}"
OPERATIONS = [
    Operation("GET", "/v1/machines", "ListMachines", _list),
    Operation("POST", "/v1/machines", "CreateMachine", _create),
    Operation("GET", _ONE, "GetMachine", _get),
    Operation("PATCH", _ONE, "UpdateMachine", _update),
    Operation("DELETE", _ONE, "DeleteMachine", _delete),
    Operation("GET", _ONE + "/secret_key", "GetMachineSecretKey", _get_secret),
    Operation("POST", _ONE + "/secret_key/rotate", "RotateMachineSecretKey", _rotate_secret),
    Operation("POST", _ONE + "/scopes", "CreateMachineScope", _add_scope),
    Operation("DELETE", _ONE + "/scopes/{other_machine_id}", "DeleteMachineScope", _remove_scope),
]
