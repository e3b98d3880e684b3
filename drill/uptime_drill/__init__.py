"""The Discord stand-in, the faults, the score: proves the other two."""
