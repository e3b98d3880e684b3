"""What runs inside the bot's process."""

__version__ = "0.1.0"
