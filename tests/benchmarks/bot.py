"""The measured bot: counts messages, as a real one would look at each."""

import discord

client = discord.Client(intents=discord.Intents.all())
seen = 0


@client.event
async def on_message(message: discord.Message) -> None:
    """Look at a message."""
    global seen  # noqa: PLW0603
    seen += len(message.content) > 0
    if message.content == "last":
        print(seen, flush=True)


client.run("MTIwMDAwMDAwMDAwMDAwMDAwMQ.ZGVtbw.stand-in-demo-token-opens-nothing-real", log_handler=None)
