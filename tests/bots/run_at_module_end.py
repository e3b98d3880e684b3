import os
import time

import discord

intents = discord.Intents.default()
client = discord.Client(intents=intents)


@client.event
async def on_ready():
    print(f"logged in as {client.user}, {len(client.guilds)} guilds", flush=True)


@client.event
async def on_message(message):
    if message.content == "block":
        time.sleep(3600)
    if message.content.startswith("block for "):
        time.sleep(float(message.content.split()[-1]))
    if message.content == "crash":
        os._exit(3)
    print("got", message.content, flush=True)


@client.event
async def on_resumed():
    print("resumed", flush=True)


client.run(os.environ.get("TEST_OWN_TOKEN", "MTIwMDAwMDAwMDAwMDAwMDAwMQ.ZGVtbw.stand-in-demo-token-opens-nothing-real"))
