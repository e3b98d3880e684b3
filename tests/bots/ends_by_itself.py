import sys

import discord

client = discord.Client(intents=discord.Intents.default())


@client.event
async def on_message(message):
    if message.content == "shutdown":
        await client.close()


@client.event
async def setup_hook():
    if "fail" in sys.argv:
        raise RuntimeError("the database is away")


try:
    client.run("MTIwMDAwMDAwMDAwMDAwMDAwMQ.ZGVtbw.stand-in-demo-token-opens-nothing-real")
except Exception as exc:
    print("swallowed", exc, flush=True)
