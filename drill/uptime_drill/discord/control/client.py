"""Speaks to a stand-in's control API from another process, without an event loop."""

import json
import urllib.error
import urllib.request
from typing import Any


class ControlError(Exception):
    """The stand-in refused, or could not be reached; the text is its own."""


class Control:
    """`Control("http://127.0.0.1:8124").fault("close", code=4000)`. Every method raises ControlError."""

    def __init__(self, url: str, *, timeout_s: float = 10.0) -> None:
        self._url = url.rstrip("/")
        self._timeout_s = timeout_s

    def fault(self, kind: str, **settings: Any) -> int | None:
        """Set a fault; its number, None for one that acts once."""
        number = self.post("/faults", {"kind": kind, **settings})["id"]
        return None if number is None else int(number)

    def clear_fault(self, number: int) -> None:
        self.delete(f"/faults/{number}")

    def reset(self) -> None:
        self.delete("/faults")

    def state(self) -> dict[str, Any]:
        return dict(self.get("/state"))

    def log(self, *, since: int = 0, event: str | None = None) -> list[dict[str, Any]]:
        only = f"&event={event}" if event else ""
        return list(self.get(f"/log?since={since}{only}"))

    def message(self, content: str = "hello", **more: Any) -> int:
        """A message of a user; its id."""
        return int(self.post("/message", {"content": content, **more})["id"])

    def interaction(self, name: str, *, wait_s: float = 4.0, **more: Any) -> dict[str, Any]:
        """A slash command; the report of POST /interaction."""
        return dict(self.post("/interaction", {"name": name, "wait_s": wait_s, **more}, wait_s=wait_s))

    def tick(self, interval_ms: int) -> None:
        """Start a message every so often; 0 stops it."""
        if interval_ms:
            self.post("/tick", {"interval_ms": interval_ms})
        else:
            self.post("/tick/stop", {})

    def add_token(self, token: str) -> str:
        return str(self.post("/tokens", {"add": token})["token"])

    def revoke_token(self, token: str) -> bool:
        return bool(self.post("/tokens", {"revoke": token})["revoked"])

    def get(self, path: str) -> Any:
        return self._request("GET", path, None, self._timeout_s)

    def delete(self, path: str) -> Any:
        return self._request("DELETE", path, None, self._timeout_s)

    def post(self, path: str, body: dict[str, Any], *, wait_s: float = 0.0) -> Any:
        return self._request("POST", path, json.dumps(body).encode(), self._timeout_s + wait_s)

    def _request(self, method: str, path: str, body: bytes | None, timeout_s: float) -> Any:
        request = urllib.request.Request(self._url + path, data=body, method=method)  # noqa: S310 - the caller's URL
        try:
            with urllib.request.urlopen(request, timeout=timeout_s) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as problem:
            with problem:
                raise ControlError(_words(problem.read(10_000))) from problem
        except (OSError, ValueError) as problem:
            raise ControlError(f"{self._url} does not answer as a stand-in: {problem}") from problem


def _words(body: bytes) -> str:
    try:
        return str(json.loads(body)["error"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace")
