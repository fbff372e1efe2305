"""The platform's app behind a count of the requests that reach it; `peers.py` serves it by uvicorn.

`GET /clerk-harness-counted` answers how many came since it was asked last, and the seconds from the first of them to the last.
"""

import json
import time
from typing import Any

from app.main import app as platform

_TIMES: list[float] = []


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Count, and hand on."""
    if scope["type"] != "http" or scope["path"] != "/clerk-harness-counted":
        if scope["type"] == "http":
            _TIMES.append(time.monotonic())
        await platform(scope, receive, send)
        return
    told = {"requests": len(_TIMES), "seconds": _TIMES[-1] - _TIMES[0] if _TIMES else 0.0}
    _TIMES.clear()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(told).encode()})
