"""A stand-in for Discord: REST and gateway as Discord documents them, with faults on command."""
