"""Reading what a client sends: JSON, or a form with a `payload_json` part."""

import json
from typing import Any

from aiohttp import web


class BadBody(Exception):  # noqa: N818 - it is an answer, not a fault of ours
    """The body cannot be read; Discord answers 400 with code 50109."""


async def read_json(request: web.Request) -> Any:
    """The JSON of a request; None without a body. Files in a form are read and dropped. Raises BadBody."""
    if not request.can_read_body:
        return None
    try:
        if request.content_type.startswith("multipart/"):
            form = await request.post()
            payload = form.get("payload_json", "{}")
            return json.loads(payload if isinstance(payload, str) else "{}")
        return json.loads(await request.read())
    except ValueError as problem:
        raise BadBody(str(problem)) from problem


async def read_object(request: web.Request) -> dict[str, Any]:
    """The JSON object of a request, empty without a body. Raises BadBody."""
    value = await read_json(request)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadBody("not an object")
    return value
