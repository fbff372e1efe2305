"""A websocket of which one task reads and another answers: what it says is heard before the client leaves."""

from __future__ import annotations

import functools

from harness.targets.agent.protocol import WebsocketFacts
from harness.targets.base import Call, Request
from tests.targets.conftest import Start
from tests.targets.kit import ask_lane

READS_APART = """
import asyncio
from fastapi import FastAPI

app = FastAPI()

async def answers(texts, send):
    while True:
        text = await texts.get()
        await asyncio.sleep(0.01)
        if text == "leave":
            return await send({"type": "websocket.close", "code": 4401})
        if text != "nothing":
            await send({"type": "websocket.send", "text": "again" if text == "wrong" else f"ready, {text}"})

async def live(scope, receive, send):
    texts = asyncio.Queue()

    async def read():
        while (message := await receive())["type"] != "websocket.disconnect":
            if message["type"] == "websocket.receive":
                texts.put_nowait(message["text"])

    async def accepts_and_answers():
        await asyncio.sleep(0.01)
        await send({"type": "websocket.accept"})
        await answers(texts, send)

    tasks = [asyncio.create_task(read()), asyncio.create_task(accepts_and_answers())]
    _, left = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in left:
        task.cancel()

app.router.add_websocket_route("/live", lambda websocket: live(websocket.scope, websocket.receive, websocket.send))
"""


def test_a_websocket_that_reads_in_a_task_of_its_own_is_heard(start: Start) -> None:
    target = start(READS_APART)
    (route,) = [route for route in target.routes if route.path == "/live"]
    sent = (["ada", "more"], ["wrong", "wrong"], ["leave"], ["nothing"])
    calls = [Call(route, Request("GET", "/live", kind="websocket", messages=list(messages))) for messages in sent]
    admitted, again, refused, silent = ask_lane(target.lanes[0], calls)
    facts = functools.partial(WebsocketFacts, accepted=True)
    assert admitted.websocket == facts(left=True, sent=2, first="ready, ada")
    assert (again.websocket, again.body) == (facts(left=True, sent=2, first="again"), "again")
    assert refused.websocket == facts(close=4401)
    assert silent.websocket == facts(left=True, waited=True)
