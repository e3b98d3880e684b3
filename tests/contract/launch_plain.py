"""Runs a script as plain discord.py would, pointed at a stand-in: launch_plain.py API_URL GATEWAY_URL SCRIPT ARGS."""

import runpy
import sys

import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

if __name__ == "__main__":
    Route.BASE, gateway_url = sys.argv[1:3]
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)
    sys.argv = sys.argv[3:]
    runpy.run_path(sys.argv[0], run_name="__main__")
