"""What outlives the process: each shard's gateway session and what its cache was made of; without discord.py."""
