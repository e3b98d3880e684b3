import asyncio

import discord

client = discord.Client(intents=discord.Intents.default())
loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)


@client.event
async def on_ready():
    print("ready", flush=True)


try:
    loop.run_until_complete(client.start("MTIwMDAwMDAwMDAwMDAwMDAwMQ.ZGVtbw.stand-in-demo-token-opens-nothing-real"))
except KeyboardInterrupt:
    loop.run_until_complete(client.close())
    print("closed politely", flush=True)
finally:
    loop.close()
