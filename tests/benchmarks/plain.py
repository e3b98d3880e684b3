"""Runs a bot as plain discord.py would, pointed at a stand-in: the other side of every comparison.

Usage: python plain.py API_URL GATEWAY_URL SCRIPT
"""

import runpy
import sys

import discord
import yarl

if __name__ == "__main__":
    api_url, gateway_url, script = sys.argv[1:]
    discord.http.Route.BASE = api_url
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)
    sys.argv = [script]
    runpy.run_path(script, run_name="__main__")
