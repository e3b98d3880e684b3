"""Answers in the forms Discord gives them."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

# discord.py takes any 429 without this header for a ban at Cloudflare; Discord's own answers all carry it.
VIA = "1.1 google"


def reply(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """JSON with the content type exactly `application/json`, as Discord sends it and discord.py requires it."""
    body = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    return web.Response(body=body, status=status, content_type="application/json", headers=headers)


def no_content() -> web.Response:
    return web.Response(status=204)


def error(status: int, code: int, message: str, **more: Any) -> web.Response:
    return reply({"message": message, "code": code, **more}, status)


def unauthorized() -> web.Response:
    return error(401, 0, "401: Unauthorized")


def route_not_found() -> web.Response:
    return error(404, 0, "404: Not Found")


def unknown(what: str, code: int) -> web.Response:
    """404 with one of the codes 10001 to 10098."""
    return error(404, code, f"Unknown {what}")


def rate_limited(retry_after_s: float, scope: str) -> web.Response:
    """Discord's own 429: `scope` is user, global or shared."""
    is_global = scope == "global"
    headers = {"Retry-After": str(max(1, round(retry_after_s))), "X-RateLimit-Scope": scope}
    if is_global:
        headers["X-RateLimit-Global"] = "true"
    body = {"message": "You are being rate limited.", "retry_after": round(retry_after_s, 3), "global": is_global}
    return reply(body, 429, headers)


CLOUDFLARE_PAGE = """<!DOCTYPE html>
<html lang="en-US"><head><title>Access denied | discord.com used Cloudflare to restrict access</title></head>
<body><h1>Error 1015</h1><p>You are being rate limited</p>
<p>The owner of this website (discord.com) has banned you temporarily from accessing this website.</p></body></html>
"""


def cloudflare_ban(retry_after_s: float) -> web.Response:
    """What stands in front of Discord answers to a banned address: HTML, and no Via."""
    headers = {"Retry-After": str(round(retry_after_s)), "Server": "cloudflare"}
    return web.Response(text=CLOUDFLARE_PAGE, status=429, content_type="text/html", headers=headers)
