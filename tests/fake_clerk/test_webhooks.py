"""Webhooks: signed as Svix does it (judged by the official package), shaped as Clerk's OpenAPI document says, delivered
as the endpoint wants."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
from svix.webhooks import Webhook, WebhookVerificationError

from harness.fake_clerk import Endpoint, FakeClerk
from harness.fake_clerk.webhooks import new_webhook_secret, sign_delivery
from tests.fake_clerk.openapi.reduce import EVENTS

BODY = b'{"type":"user.created","data":{"id":"user_1"}}'
DOCUMENT: dict[str, Any] = json.loads((Path(__file__).parent / "openapi" / "webhooks.json").read_text())


def test_the_official_package_accepts_a_delivery() -> None:
    secret = new_webhook_secret()
    Webhook(secret).verify(BODY, sign_delivery(secret, BODY))


@pytest.mark.parametrize("flaw", ["another secret", "another body", "too old"])
def test_it_refuses_what_is_not_genuine(flaw: str) -> None:
    secret = new_webhook_secret()
    at = int(time.time()) - (3600 if flaw == "too old" else 0)
    headers = sign_delivery(new_webhook_secret() if flaw == "another secret" else secret, BODY, at=at)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY + b" " if flaw == "another body" else BODY, headers)


def test_a_secret_of_another_kind_is_named() -> None:
    with pytest.raises(ValueError, match="whsec_"):
        sign_delivery("secret", BODY)


# Deliveries


@dataclass
class Receiver:
    """What a backend's webhook handler is to the sender: keeps what came, verified by svix, and answers as told."""

    secret: str
    url: str = ""
    answers: list[int] = field(default_factory=list)
    """Statuses of the next answers; 204 afterwards."""
    taken: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    refused: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def receive(self, body: bytes, headers: dict[str, str]) -> int:
        with self.lock:
            status = self.answers.pop(0) if self.answers else 204
            try:
                Webhook(self.secret).verify(body, headers)
            except WebhookVerificationError:
                self.refused += 1
                return 400
            if status < 300:
                self.taken.append((headers["svix-id"], json.loads(body)))
            return status

    @property
    def types(self) -> list[str]:
        return [event["type"] for _, event in self.taken]

    @property
    def names(self) -> list[str]:
        return [event["data"]["first_name"] for _, event in self.taken]


@pytest.fixture
def clerk() -> Iterator[FakeClerk]:
    with FakeClerk() as started:
        started.serve_control()
        yield started


@pytest.fixture
def receiver(clerk: FakeClerk) -> Iterator[Receiver]:
    receiver = Receiver(clerk.webhook_secret)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status = receiver.receive(body, {name.lower(): value for name, value in self.headers.items()})
            self.send_response(status)
            if status in (301, 307):
                self.send_header("Location", receiver.url)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hook?from=clerk"
    yield receiver
    server.shutdown()
    thread.join()
    server.server_close()


def _plain(schema: Any) -> Any:
    """An OpenAPI 3.0 schema as JSON Schema: null where it is nullable, and members that allOf adds beside its parts."""
    if isinstance(schema, list):
        return [_plain(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: _plain(value) for name, value in schema.items() if name not in ("nullable", "example")}
    if "allOf" in plain:
        # Clerk's document forbids further members in parts that it then adds members to.
        merged: dict[str, Any] = {"type": "object", "properties": {}, "required": []}
        for part in plain["allOf"]:
            resolved = _plain(_at(part["$ref"])) if "$ref" in part else part
            merged["properties"] |= resolved.get("properties", {})
            merged["required"] += resolved.get("required", [])
        plain = merged
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") else plain


def _at(reference: str) -> Any:
    found: Any = DOCUMENT
    for name in reference.removeprefix("#/").split("/"):
        found = found[name]
    return found


def as_the_document_says(event: dict[str, Any]) -> None:
    schema = _plain(DOCUMENT["events"][event["type"]]) | {"components": _plain(DOCUMENT["components"])}
    jsonschema_rs.Draft7Validator(schema).validate(event)


def everything(clerk: FakeClerk) -> None:
    """Changes of all kinds, through the Backend API and in Python."""
    with httpx.Client(
        base_url=f"{clerk.url}/v1", headers={"authorization": f"Bearer {clerk.secret_key}"}, trust_env=False
    ) as api:
        ada = api.post("/users", json={"email_address": ["ada@example.com"], "first_name": "Ada"}).json()["id"]
        session = api.post("/sessions", json={"user_id": ada}).json()["id"]
        api.post(f"/sessions/{session}/revoke")
        api.post("/sessions", json={"user_id": ada})
        organization = api.post("/organizations", json={"name": "Round Table", "created_by": ada}).json()["id"]
        api.patch(f"/organizations/{organization}", json={"name": "Square Table"})
        bob = clerk.directory.add_user("bob@example.com").id
        path = f"/organizations/{organization}"
        api.post(f"{path}/memberships", json={"user_id": bob, "role": "org:member"})
        api.patch(f"{path}/memberships/{bob}", json={"role": "org:admin"})
        api.delete(f"{path}/memberships/{bob}")
        guest = {"email_address": "guest@example.com", "role": "org:member", "inviter_user_id": ada}
        invitation = api.post(f"{path}/invitations", json=guest).json()["id"]
        api.post(f"{path}/invitations/{invitation}/revoke", json={})
        api.post(f"/users/{ada}/ban")
        clerk.directory.new_session(bob, status="pending")
        clerk.directory.remove_user(bob)
        api.delete(path)


def test_every_change_is_told_once_in_order_and_shaped_as_clerk_s(clerk: FakeClerk, receiver: Receiver) -> None:
    clerk.outbox.send_to(Endpoint(receiver.url))
    everything(clerk)
    assert clerk.outbox.flush()
    assert receiver.refused == 0
    assert receiver.types == [message.type for message in clerk.outbox.messages]
    assert set(receiver.types) == set(EVENTS)
    for _, event in receiver.taken:
        if event["type"] != "session.pending":  # Its status is missing in the document's list of statuses.
            as_the_document_says(event)
    assert len({message for message, _ in receiver.taken}) == len(receiver.taken)
    assert receiver.types[:3] == ["user.created", "session.created", "session.revoked"]


def test_the_document_would_show_a_wrong_event() -> None:
    with pytest.raises(jsonschema_rs.ValidationError):
        as_the_document_says(
            {"type": "user.created", "object": "event", "timestamp": 1, "instance_id": "i", "data": {}}
        )


def test_only_the_wanted_events_leave(clerk: FakeClerk, receiver: Receiver) -> None:
    clerk.outbox.send_to(Endpoint(receiver.url, events=["user.deleted"]))
    everything(clerk)
    assert clerk.outbox.flush()
    assert receiver.types == ["user.deleted"]


@pytest.mark.parametrize("failure", [500, 404, 301])
def test_what_is_not_taken_comes_again_with_the_same_id(clerk: FakeClerk, receiver: Receiver, failure: int) -> None:
    clerk.outbox.send_to(Endpoint(receiver.url, retry_wait=0.01))
    receiver.answers = [failure, failure]
    clerk.directory.add_user("ada@example.com")
    assert clerk.outbox.flush()
    (message,) = clerk.outbox.messages
    assert (message.attempts, message.delivered) == ([failure, failure, 204], True)
    assert [identifier for identifier, _ in receiver.taken] == [message.id]


def test_retries_end_and_a_dead_receiver_is_told(clerk: FakeClerk, receiver: Receiver) -> None:
    clerk.outbox.send_to(Endpoint(receiver.url, retries=1, retry_wait=0.01))
    receiver.answers = [500, 500]
    clerk.directory.add_user("ada@example.com")
    assert clerk.outbox.flush()
    assert clerk.outbox.messages[0].attempts == [500, 500]
    clerk.outbox.send_to(Endpoint("http://127.0.0.1:9", retries=0))
    clerk.directory.add_user("bob@example.com")
    assert clerk.outbox.flush()
    assert "refused" in str(clerk.outbox.messages[0].attempts[0])


def test_duplicates_have_the_same_id(clerk: FakeClerk, receiver: Receiver) -> None:
    clerk.outbox.send_to(Endpoint(receiver.url, duplicates=2))
    clerk.directory.add_user("ada@example.com")
    assert clerk.outbox.flush()
    assert len(receiver.taken) == 3
    assert len({identifier for identifier, _ in receiver.taken}) == 1


def test_disorder_is_the_same_for_the_same_seed(clerk: FakeClerk, receiver: Receiver) -> None:
    orders = []
    for seed in (3, 3, 4):
        receiver.taken.clear()
        clerk.outbox.send_to(Endpoint(receiver.url, hold=True, disorder=seed))
        for number in range(8):
            clerk.directory.add_user(f"{number}@example.com", first_name=str(number))
        assert receiver.taken == []
        assert clerk.outbox.flush()
        orders.append(receiver.names)
    assert orders[0] == orders[1] != orders[2]
    assert orders[0] != sorted(orders[0])
    assert sorted(orders[0]) == [str(number) for number in range(8)]


def test_disorder_without_a_flush_leaves_by_itself(clerk: FakeClerk, receiver: Receiver) -> None:
    clerk.outbox.send_to(Endpoint(receiver.url, disorder=1))
    for number in range(4):
        clerk.directory.add_user(f"{number}@example.com", first_name=str(number))
    with clerk.outbox.changes:
        assert clerk.outbox.changes.wait_for(lambda: len(receiver.taken) == 4, 20)


def test_a_delay_holds_each_delivery_back_until_it_is_over(clerk: FakeClerk, receiver: Receiver) -> None:
    clerk.outbox.send_to(Endpoint(receiver.url, delay=3600))
    clerk.directory.add_user("ada@example.com")
    assert clerk.outbox.messages[0].attempts == []
    assert clerk.outbox.flush()
    assert receiver.types == ["user.created"]


def test_a_clock_that_is_wrong_makes_deliveries_that_are_refused(clerk: FakeClerk, receiver: Receiver) -> None:
    clerk.clock = lambda: time.time() - 3600
    clerk.outbox.send_to(Endpoint(receiver.url, retries=0))
    clerk.directory.add_user("ada@example.com")
    assert clerk.outbox.flush()
    assert (receiver.taken, receiver.refused) == ([], 1)


@pytest.mark.parametrize("url", ["https://example.com/hook", "ftp://127.0.0.1/", "127.0.0.1:80"])
def test_they_stay_on_this_machine(url: str) -> None:
    with pytest.raises(ValueError, match="this machine"):
        Endpoint(url)


def test_the_control_api_does_the_same(clerk: FakeClerk, receiver: Receiver) -> None:
    with httpx.Client(base_url=f"{clerk.control_url}/_harness", trust_env=False, timeout=40) as control:
        told = control.post("/webhooks", json={"url": receiver.url, "hold": True, "duplicates": 1}).json()
        assert (told["hold"], told["duplicates"], told["retries"]) == (True, 1, 3)
        clerk.directory.add_user("ada@example.com")
        waiting = control.get("/webhooks").json()["data"]
        assert [(entry["type"], entry["attempts"]) for entry in waiting] == [("user.created", [])]
        flushed = control.post("/webhooks/flush").json()
        assert (flushed["done"], flushed["data"][0]["attempts"]) == (True, [204, 204])
        again = control.post("/webhooks/replay", json={"id": waiting[0]["id"]}).json()
        assert again["attempts"] == [204, 204, 204]
        assert control.post("/webhooks/replay", json={"id": "msg_none"}).status_code == 404
        for mistake in ({"url": "https://example.com"}, {"url": receiver.url, "speed": 1}, {"url": 5}):
            assert control.post("/webhooks", json=mistake).status_code == 422
        assert control.post("/webhooks", json={"url": None}).json() == {"url": None}
    clerk.directory.add_user("bob@example.com")
    assert len(receiver.taken) == 3
