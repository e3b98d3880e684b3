import time

import discord


class Client(discord.Client):
    async def on_ready(self):
        print("ready", flush=True)
        time.sleep(2.5)
        print("slept", flush=True)


Client(intents=discord.Intents.default()).run(
    "MTIwMDAwMDAwMDAwMDAwMDAwMQ.ZGVtbw.stand-in-demo-token-opens-nothing-real", reconnect=True
)
