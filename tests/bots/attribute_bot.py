import discord
from discord.ext import commands

bot = commands.Bot(command_prefix="!", intents=discord.Intents.default())
not_a_bot = 7


def make():
    return discord.Client(intents=discord.Intents.default())


@bot.event
async def on_ready():
    print("ready as an attribute", flush=True)
