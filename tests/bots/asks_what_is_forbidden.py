import asyncio

import discord
from discord.http import Route

client = discord.Client(intents=discord.Intents.default())


@client.event
async def on_ready():
    print("begins", flush=True)
    for number in range(100_000):
        try:
            await client.http.request(Route("GET", "/users/{user_id}", user_id=4242))
        except discord.Forbidden:
            pass
        except RuntimeError as exc:
            print("ended by", exc, flush=True)
            return


@client.event
async def on_message(message):
    print("got", message.content, flush=True)
    if message.content == "close":
        await client.close()


client.run("MTIwMDAwMDAwMDAwMDAwMDAwMQ.ZGVtbw.stand-in-demo-token-opens-nothing-real", log_handler=None)
