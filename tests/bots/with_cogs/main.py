import logging
import pathlib

import discord
from discord.ext import commands

logging.basicConfig(level=logging.INFO)
TOKEN = "MTIwMDAwMDAwMDAwMDAwMDAwMQ.ZGVtbw.stand-in-demo-token-opens-nothing-real"


class MyBot(commands.Bot):
    async def setup_hook(self):
        for path in pathlib.Path(__file__).parent.joinpath("cogs").glob("*.py"):
            await self.load_extension(f"cogs.{path.stem}")
        await self.tree.sync()


bot = MyBot(command_prefix=commands.when_mentioned_or("!"), intents=discord.Intents.all())
bot.run(TOKEN, log_level=logging.WARNING)
