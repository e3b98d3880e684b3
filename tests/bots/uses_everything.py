# A bot that uses much of discord.py, and writes down what it sees of it.
import os
import time

import discord
from discord import app_commands
from discord.ext import commands, tasks

TOKEN = "MTIwMDAwMDAwMDAwMDAwMDAwMQ.ZGVtbw.stand-in-demo-token-opens-nothing-real"
RECORD = os.open(os.environ["RECORD_FILE"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)


def record(what, ident="-", detail=""):
    os.write(RECORD, f"{what} {ident} {time.monotonic():.6f} {os.getpid()} {detail}\n".encode())


class Panel(discord.ui.View):
    def __init__(self):
        super().__init__(timeout=None)

    @discord.ui.button(label="Press", custom_id="panel:press")
    async def press(self, interaction, button):
        await interaction.response.send_message("pressed", ephemeral=True)


def in_figures():
    guilds = bot.guilds
    return (
        f"guilds={len(guilds)} channels={sum(len(g.channels) for g in guilds)} roles={sum(len(g.roles) for g in guilds)}"
        f" members={sum(len(g.members) for g in guilds)} voice={sum(len(c.members) for g in guilds for c in g.voice_channels)}"
        f" threads={sum(len(g.threads) for g in guilds)} emojis={len(bot.emojis)} chunked={sum(g.chunked for g in guilds)}"
        f" users={len(bot.users)} me={bot.user}"
    )


class Bot(commands.Bot):
    async def setup_hook(self):
        self.add_view(Panel())
        if os.environ.get("SYNC_COMMANDS", "yes") == "yes" and not os.path.exists("synced"):
            await self.tree.sync()
            open("synced", "w").close()
        count.start()


class ShardedBot(Bot, commands.AutoShardedBot):
    pass


intents = discord.Intents.all()
if os.environ.get("WITHOUT_PRESENCES"):
    intents.presences = False
if os.environ.get("BOT_KIND") == "sharded":
    bot = ShardedBot(command_prefix="!", intents=intents, shard_count=4)
else:
    bot = Bot(command_prefix="!", intents=intents)


@tasks.loop(seconds=0.1)
async def count():
    if count.current_loop == 0:
        record("loop", detail=in_figures())


@count.before_loop
async def before():
    await bot.wait_until_ready()


@bot.event
async def on_connect():
    record("connect")


@bot.event
async def on_ready():
    record("ready", detail=in_figures())


@bot.event
async def on_resumed():
    record("resumed")


@bot.event
async def on_shard_ready(shard_id):
    record("shard_ready", shard_id)


@bot.event
async def on_shard_resumed(shard_id):
    record("shard_resumed", shard_id)


@bot.event
async def on_guild_join(guild):
    record("guild_join", guild.id)


@bot.event
async def on_message(message):
    here = bot.get_channel(message.channel.id)
    author = type(message.author).__name__
    roles = len(message.author.roles) if author == "Member" else "-"
    name = message.guild.name if message.guild else None
    record(
        "message", message.id, f"{author} roles={roles} guild={name!r} same={here is message.channel} {message.content}"
    )
    await bot.process_commands(message)


@bot.event
async def on_member_update(before, after):
    record("member_update", after.id, f"{before.nick}->{after.nick}")


@bot.event
async def on_voice_state_update(member, before, after):
    record("voice", member.id, f"{before.channel}->{after.channel}")


@bot.command()
async def where(ctx):
    await ctx.send(
        f"{type(ctx.author).__name__} in {ctx.guild.name}, {ctx.channel.mention}, me {type(ctx.me).__name__}"
    )


@bot.command()
async def panel(ctx):
    await ctx.send("a panel", view=Panel())


@bot.tree.command()
async def ping(interaction: discord.Interaction):
    await interaction.response.send_message(
        f"pong in {interaction.guild.name}, {len(interaction.guild.channels)} channels"
    )


bot.run(TOKEN, log_handler=None)
