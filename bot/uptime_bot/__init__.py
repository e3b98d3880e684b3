"""What runs inside the bot's process."""
