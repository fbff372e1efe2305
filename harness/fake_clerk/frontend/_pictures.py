"""Pictures of people and organizations. What is uploaded is not kept: a picture of the fake's own stands for each."""

from __future__ import annotations

import re

from harness.fake_clerk.ids import new_id
from harness.fake_clerk.instance import Instance
from harness.fake_clerk.wire import Answer, ApiRequest, Refused, error, front

_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8" fill="#888"/>'
    '<circle cx="4" cy="4" r="2" fill="#fff"/></svg>'
)
_FILE_NAME = re.compile(rb'content-disposition:[^\r\n]*\bname="file"[^\r\n]*?(?:filename="([^"\r\n]*)")', re.IGNORECASE)


def uploaded(instance: Instance, request: ApiRequest) -> dict[str, str]:
    """The `Image` object of an upload, in a form's field `file` or as the whole body; raises Refused with 422 for none."""
    name = "image"
    if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        found = _FILE_NAME.search(request.body)
        name = found[1].decode("utf-8", "replace") if found is not None else ""
    if not request.body or not name:
        raise Refused(error(422, "form_param_missing", "file is missing"))
    id = new_id("img")
    return {"object": "image", "id": id, "name": name, "public_url": f"{instance.issuer}/images/{id}"}


def _get(instance: Instance, request: ApiRequest, image_id: str) -> Answer:
    return 200, _SVG, {"Content-Type": "image/svg+xml"}


BESIDE = [front("GET", "/images/{image_id}", "getImage", _get)]
"""Clerk serves pictures from a host of its own."""
