"""What the bot promises to whoever watches it; imports neither discord.py nor aiohttp."""
