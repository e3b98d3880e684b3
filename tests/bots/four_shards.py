import discord
from discord.ext import commands

bot = commands.AutoShardedBot(command_prefix="!", intents=discord.Intents.default(), shard_count=4)


@bot.event
async def on_shard_ready(shard_id):
    print("shard ready", shard_id, flush=True)


@bot.event
async def on_shard_resumed(shard_id):
    print("shard resumed", shard_id, flush=True)


@bot.event
async def on_ready():
    print("all ready", len(bot.guilds), flush=True)


@bot.event
async def on_message(message):
    print("got", message.content, "on shard", message.guild.shard_id, flush=True)


bot.run("MTIwMDAwMDAwMDAwMDAwMDAwMQ.ZGVtbw.stand-in-demo-token-opens-nothing-real", log_handler=None)
