import discord
from discord import app_commands
from discord.ext import commands


class Greet(commands.Cog):
    def __init__(self, bot):
        self.bot = bot

    @commands.Cog.listener()
    async def on_ready(self):
        print("the cog is ready", flush=True)

    @app_commands.command(description="greets")
    async def greet(self, interaction: discord.Interaction):
        await interaction.response.send_message("greetings")


async def setup(bot):
    await bot.add_cog(Greet(bot))
