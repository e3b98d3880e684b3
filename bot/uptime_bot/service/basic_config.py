"""Lets the bot's own logging.basicConfig() do what it asks for beside our handler, which would make it do nothing."""

import logging
import sys
from typing import Any

Options = dict[str, Any]  # as logging.basicConfig() takes them


class BasicConfig:
    """Stands in for logging.basicConfig: behaves as if our handler were not there, and leaves it there.

    A file or handlers that are asked for come beside ours, the level is set on the root logger, and force=True removes
    all handlers but ours. Only a second handler for the console is left out: each line would be written twice.
    """

    def __init__(self, original: Any, ours: logging.Handler) -> None:
        self.original = original
        self._ours = ours
        self._configured = False

    def __call__(self, **options: Any) -> None:
        """Do what logging.basicConfig() does; raises what it raises."""
        root = logging.getLogger()
        if self._ours not in root.handlers:  # the bot took it away, and is on its own now
            self.original(**options)
            return
        if self._configured and not options.get("force"):
            return  # as the original: only the first call counts, even where it needed no handler of its own
        root.removeHandler(self._ours)
        try:
            self.original(**_without_console(options))
            self._configured = True
        finally:
            root.handlers.insert(0, self._ours)


def keep_beside_basic_config(ours: logging.Handler) -> None:
    """From now on logging.basicConfig() keeps this handler."""
    present: Any = logging.basicConfig
    original = present.original if isinstance(present, BasicConfig) else present
    logging.basicConfig = BasicConfig(original, ours)


def _without_console(options: Options) -> Options:
    """The options without a handler for the console; those that the original refuses stay as they are."""
    handlers, filename, stream = (options.get(name) for name in ("handlers", "filename", "stream"))
    if handlers is not None:
        beside = [handler for handler in handlers if not _is_plain_console(handler)]
        return options | {"handlers": beside}
    if filename is not None or not _is_console(stream):
        return options
    return {name: value for name, value in options.items() if name not in ("stream", "filemode")} | {"handlers": []}


def _is_plain_console(handler: logging.Handler) -> bool:
    # A class of the bot's own may do more than write lines, and stays.
    return type(handler) is logging.StreamHandler and _is_console(handler.stream)


def _is_console(stream: object) -> bool:
    return stream is None or stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)
