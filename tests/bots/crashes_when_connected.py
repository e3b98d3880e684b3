import os

import discord

count = 16
client = discord.Client(
    intents=discord.Intents.default(), shard_id=int(os.environ["TEST_SHARD"]) % count, shard_count=count
)


@client.event
async def on_connect():
    os._exit(3)


client.run("MTIwMDAwMDAwMDAwMDAwMDAwMQ.ZGVtbw.stand-in-demo-token-opens-nothing-real", log_handler=None)
