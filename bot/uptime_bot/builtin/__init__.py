"""The built-in bot: /ping, /uptime, and every cog found in a folder."""
