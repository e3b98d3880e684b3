"""For all layers."""

from hypothesis import settings

# These machines are noisy: how long one example takes says nothing about the code.
settings.register_profile("uptime-bot", deadline=None)
settings.load_profile("uptime-bot")
