import logging

import discord

logging.basicConfig(filename="mybot.log", level=logging.DEBUG, format="%(levelname)s %(name)s: %(message)s")
log = logging.getLogger("mybot")
client = discord.Client(intents=discord.Intents.default())


@client.event
async def on_ready():
    log.debug("ready with %s", client.http.token)


client.run("MTIwMDAwMDAwMDAwMDAwMDAwMQ.ZGVtbw.stand-in-demo-token-opens-nothing-real", log_handler=None)
