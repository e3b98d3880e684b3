# Writes down every message it gets, in whichever class BOT_KIND names, and dies in many ways when told to.
import asyncio
import os
import resource
import sys
import time

import discord
from discord.ext import commands

TOKEN = "MTIwMDAwMDAwMDAwMDAwMDAwMQ.ZGVtbw.stand-in-demo-token-opens-nothing-real"
RECORD = os.open(os.environ["RECORD_FILE"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

if "ADDRESS_SPACE_MB" in os.environ:
    limit = int(os.environ["ADDRESS_SPACE_MB"]) << 20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def record(what, ident="-", detail=""):
    os.write(RECORD, f"{what} {ident} {time.monotonic():.6f} {os.getpid()} {detail}\n".encode())


intents = discord.Intents.all() if os.environ.get("BOT_INTENTS") == "all" else discord.Intents.default()
intents.message_content = True
kind = os.environ.get("BOT_KIND", "client")
if kind == "client":
    bot = discord.Client(intents=intents)
elif kind == "bot":
    bot = commands.Bot(command_prefix="!", intents=intents)
else:
    bot = commands.AutoShardedBot(command_prefix="!", intents=intents, shard_count=4)


@bot.event
async def on_connect():
    record("connect")


@bot.event
async def on_ready():
    record("ready", detail=len(bot.guilds))


@bot.event
async def on_resumed():
    record("resumed")


async def die(how):
    if how == "exit in a task":
        os._exit(7)
    if how == "block in a task":
        time.sleep(3600)
    exhaust_memory()


def exhaust_memory():
    try:
        hoard = []
        while True:
            hoard.append(bytearray(1 << 24))
    except MemoryError:
        os.abort()


@bot.event
async def on_message(message):
    record("message", message.id, message.content)
    if message.content == "block":
        time.sleep(3600)
    if message.content == "takes its time":
        await asyncio.sleep(1)
        record("done", message.id)
    if message.content == "exit":
        os._exit(1)
    if message.content.endswith(" in a task"):
        asyncio.create_task(die(message.content))
    if message.content == "nothing left":
        raise MemoryError
    if message.content == "recursion":

        def again():
            again()

        again()
    if message.content == "overflow":
        sys.setrecursionlimit(10**9)
        nested = []
        for _ in range(1_000_000):
            nested = [nested]
        repr(nested)
    if message.content == "memory bomb":
        exhaust_memory()


bot.run(TOKEN, log_handler=None)
