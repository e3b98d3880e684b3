"""Begins the import of aiohttp, the larger half of discord.py's own, while the rest of a start goes on.

aiohttp has OpenSSL read the machine's certificates when it is imported, twice, some 80 of its 200 ms. OpenSSL does that
without holding the interpreter, so the main thread imports and sets up meanwhile what needs neither.
"""

import sys
import threading

_LAST_BEFORE_CERTIFICATES = "aiohttp.resolver"
"""What aiohttp.connector imports last. Where another version does not, the start only takes a little longer."""

_LOOK_EVERY_S = 0.005


def begin_early_import() -> None:
    """Begin, and come back when the interpreter is free for other work; who imports aiohttp then, waits for its end."""
    thread = threading.Thread(target=_import, name="uptime-bot early import", daemon=True)
    thread.start()
    # Until then both would only take turns, and the certificates would be begun later.
    while thread.is_alive() and _LAST_BEFORE_CERTIFICATES not in sys.modules:
        thread.join(_LOOK_EVERY_S)


def _import() -> None:
    try:
        import aiohttp  # noqa: F401 - for whoever imports it next
    except Exception:  # noqa: BLE001 - that one fails in the same way, and says so
        return
