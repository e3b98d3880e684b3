"""The import of aiohttp beside the rest of a start."""

import subprocess
import sys


def _runs(code: str) -> str:
    """What a fresh interpreter prints: in this one everything has been imported long ago."""
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60).stdout


def test_who_imports_aiohttp_next_has_all_of_it() -> None:
    code = (
        "from uptime_bot.service.early_import import begin_early_import; begin_early_import()\n"
        "import aiohttp; print(aiohttp.ClientSession.__name__, aiohttp.TraceConfig.__name__)"
    )
    assert _runs(code) == "ClientSession TraceConfig\n"


def test_where_aiohttp_cannot_be_imported_the_next_who_tries_says_so() -> None:
    code = (
        "import sys; sys.modules['aiohttp'] = None\n"
        "from uptime_bot.service.early_import import begin_early_import; begin_early_import()\n"
        "try: import aiohttp\n"
        "except ImportError: print('says so')"
    )
    assert _runs(code) == "says so\n"


def test_what_is_imported_meanwhile_does_not_wait_for_aiohttp_or_discordpy() -> None:
    code = "import sys, uptime_bot.run; print({'aiohttp', 'discord'} & set(sys.modules))"
    assert _runs(code) == "set()\n"
