import asyncio
import os

import discord
from discord.ext import commands, tasks

bot = commands.Bot(command_prefix="!", intents=discord.Intents.all())


@tasks.loop(seconds=0.2)
async def count():
    print("tick", bot.is_ready(), flush=True)


@count.before_loop
async def before():
    await bot.wait_until_ready()


@bot.command()
async def hello(ctx):
    await ctx.send("hello back")


async def main():
    async with bot:
        count.start()
        await bot.start(os.environ.get("DISCORD_TOKEN", "not a token of mine"))


if __name__ == "__main__":
    asyncio.run(main())
