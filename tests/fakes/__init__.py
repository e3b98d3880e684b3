"""Small typed stand-ins for what the bot's parts meet."""
