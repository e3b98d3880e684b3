"""The adapter: all that touches discord.py's insides, and nothing else does."""
